"""Runs FLUX.2 [klein] 4B stage by stage with diffusers' and transformers' own classes."""
