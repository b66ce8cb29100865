"""FLUX.2 [klein] 4B, stage by stage, through diffusers' and transformers' own classes."""

from kleinbot.klein.quiet_torchao import quieten_torchao

quieten_torchao()
