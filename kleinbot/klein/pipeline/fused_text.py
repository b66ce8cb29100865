"""Klein's text encoder, the first layers of Qwen3, written out over packed weights and fused operations.

Beside transformers' ``Qwen3Model``, which it is tested against.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from transformers import Qwen3Model

from kleinbot.klein.kernels.operations import Heads, Operations, Turned, attend
from kleinbot.klein.kernels.products import Product

_Block: TypeAlias = Any
"""A module of the model's own classes, whose parts are not typed."""


@dataclass(frozen=True)
class _Layer:
    qkv: Product
    out: Product
    widen: Product
    narrow: Product
    heads: Heads
    before_attention: Any
    before_gate: Any


class FusedQwen3:
    """Runs ``model``'s layers with its weights; ``kept`` says after which layers the stream is returned."""

    def __init__(self, model: Qwen3Model, kept: Sequence[int], operations: Operations) -> None:
        """Pack the weights: ``model``'s own become views of the packed ones."""
        self._model = model
        self._kept = tuple(kept)
        self._do = operations
        self._layers = [self._layer(layer) for layer in model.layers]

    def states(self, embedded: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return the kept streams, (B, tokens, width · kept), for ``embedded`` tokens (B, tokens, width).

        ``attention_mask``: (B, tokens), 1 for tokens and 0 for the padding on their right.
        """
        pictures, tokens, width = embedded.shape
        do, dtype = self._do, embedded.dtype
        positions = torch.arange(tokens, device=embedded.device)
        cos, sin = (angles[0].float() for angles in self._model.rotary_emb(embedded, positions[None]))
        earlier = positions[None, :] <= positions[:, None]
        mask = (earlier[None] & attention_mask[:, None, :].bool()).unsqueeze(1)
        stream = embedded.reshape(-1, width).clone()
        made = torch.empty(pictures, tokens, len(self._kept), width, dtype=dtype, device=embedded.device)
        update: torch.Tensor | None = None
        for number, layer in enumerate(self._layers):
            heads, norm = layer.heads, layer.before_attention
            normed = do.rms_norm(stream, norm.weight, norm.variance_epsilon, layer.qkv.form, update)
            if number in self._kept:
                made[:, :, self._kept.index(number)] = stream.view(pictures, tokens, width)
            turned = Turned(
                *(
                    torch.empty(pictures, tokens, count, heads.width, dtype=dtype, device=embedded.device)
                    for count in (heads.count, heads.key_count, heads.key_count)
                )
            )
            do.turn(layer.qkv(normed, dtype), heads, cos, sin, turned, 0, with_value=True)
            update = layer.out(do.narrow(attend(turned, mask, ()), layer.out.form), dtype)
            norm = layer.before_gate
            normed = do.rms_norm(stream, norm.weight, norm.variance_epsilon, layer.widen.form, update)
            update = layer.narrow(do.gate_halves(layer.widen(normed, dtype), 0, layer.narrow.form), dtype)
        if update is not None:
            do.add(stream, update)
        if len(self._layers) in self._kept:
            made[:, :, self._kept.index(len(self._layers))] = stream.view(pictures, tokens, width)
        return made.flatten(2)

    def _layer(self, layer: _Block) -> _Layer:
        attention, gate = layer.self_attn, layer.mlp
        config = self._model.config
        return _Layer(
            Product(attention.q_proj, attention.k_proj, attention.v_proj),
            Product(attention.o_proj),
            Product(gate.gate_proj, gate.up_proj),
            Product(gate.down_proj),
            Heads(
                config.num_attention_heads,
                config.num_key_value_heads,
                attention.head_dim,
                attention.q_norm.weight,
                attention.k_norm.weight,
                attention.q_norm.variance_epsilon,
                paired=False,
            ),
            layer.input_layernorm,
            layer.post_attention_layernorm,
        )
