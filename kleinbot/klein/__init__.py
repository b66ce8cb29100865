"""FLUX.2 [klein] 4B, stage by stage, through diffusers' and transformers' own classes."""
