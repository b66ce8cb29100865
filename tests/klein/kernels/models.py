"""Small random models of diffusers' and transformers' own classes, to hold the fused passes against."""

from typing import TypeVar

import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
from torch import nn
from transformers import Qwen3Config, Qwen3Model

M = TypeVar("M", bound=nn.Module)

SMALL_KLEIN = {"num_attention_heads": 6, "attention_head_dim": 32, "axes_dims_rope": (8, 8, 8, 8)}
"""The heads of the small Klein: a width of 192, no power of two."""


def transformer(**sizes: object) -> Flux2Transformer2DModel:
    """Return a transformer of two double and three single blocks."""
    config = {
        "in_channels": 16,
        "num_layers": 2,
        "num_single_layers": 3,
        "joint_attention_dim": 24,
        "guidance_embeds": False,
        **SMALL_KLEIN,
        **sizes,
    }
    return _random(Flux2Transformer2DModel(**config))


def text_model(layers: int = 4) -> Qwen3Model:
    """Return Qwen3 of ``layers`` layers without the final norm, with grouped queries."""
    config = Qwen3Config(
        vocab_size=50,
        hidden_size=48,
        intermediate_size=80,
        num_hidden_layers=layers,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=16,
    )
    model = _random(Qwen3Model(config))
    model.norm = nn.Identity()
    return model


def vae() -> AutoencoderKLFlux2:
    """Return a VAE whose channels are no powers of two: groups of 2, 6 and 12 of them."""
    return _random(
        AutoencoderKLFlux2(
            block_out_channels=(16, 48, 96, 96),
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=8,
        )
    )


def _random(model: M) -> M:
    """Fill ``model`` with numbers that keep a stream's size, biases and norms' weights included."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=parameter[0].numel() ** -0.5, generator=random)
            else:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=random))
    return model.eval().requires_grad_(requires_grad=False)
