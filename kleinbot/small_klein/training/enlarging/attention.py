"""Attention with a bias per key at the speed of attention without one.

Fused kernels with a bias run at a fifth of the flash kernels' rate here, which know none. A key's bias is
therefore one more number of the key that meets a one in every query.
"""

import torch
from diffusers.models.transformers import transformer_flux2
from torch.nn import functional

_MORE = 8
"""Flash kernels need head sizes that are multiples of eight."""


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    **_: object,
) -> torch.Tensor:
    """Return the attention of (B, tokens, heads, width); a bias is one number a key, (1, 1, 1, tokens)."""
    width = query.shape[-1]
    scale = width**-0.5
    if attn_mask is not None:
        one = torch.ones_like(query[..., :1])
        none = torch.zeros_like(query[..., : _MORE - 1])
        bias = attn_mask.view(1, -1, 1, 1).to(key.dtype) / scale
        query = torch.cat((query, one, none), dim=-1)
        key = torch.cat((key, bias.expand(key.shape[0], -1, key.shape[2], 1), none), dim=-1)
        value = torch.cat((value, torch.zeros_like(value[..., :_MORE])), dim=-1)
    query, key, value = (part.transpose(1, 2) for part in (query, key, value))
    made = functional.scaled_dot_product_attention(query, key, value, scale=scale)
    return made[..., :width].transpose(1, 2)


def use_fast_attention() -> None:
    """Let diffusers' blocks, whose attention takes a mask here and nothing else, attend this way."""
    transformer_flux2.dispatch_attention_fn = attend
