"""Klein's transformer written out over packed weights and fused operations.

Beside diffusers' ``Flux2Transformer2DModel``, which it is tested against: the same arithmetic in the same
order, but text and picture tokens share one residual stream, weights of one input are one product, and what
lies between two products is one operation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from diffusers import Flux2Transformer2DModel
from torch import nn
from torch.nn import functional

from kleinbot.klein.kernels.forms import PLAIN
from kleinbot.klein.kernels.operations import Heads, Operations, Turned, attend
from kleinbot.klein.kernels.products import Product

_Block: TypeAlias = Any
"""A module of the model's own classes, whose parts are not typed."""


@dataclass(frozen=True)
class _Half:
    """One stream's half of a double block: the picture's or the text's."""

    qkv: Product
    out: Product
    widen: Product
    narrow: Product
    heads: Heads


@dataclass(frozen=True)
class _Single:
    qkv_mlp: Product
    out: Product
    heads: Heads


class FusedTransformer:
    """Predicts velocities like ``transformer``, with its weights; ``backends`` names torch's attention.

    Timesteps are one for each picture, so a batch may mix steps.
    """

    def __init__(
        self, transformer: Flux2Transformer2DModel, operations: Operations, backends: Sequence[object] = ()
    ) -> None:
        """Pack the weights: ``transformer``'s own become views of the packed ones."""
        self._model = transformer
        self._do = operations
        self._backends = backends
        config = transformer.config
        self._count, self._head = config.num_attention_heads, config.attention_head_dim
        self._width = self._count * self._head
        self._eps = config.eps
        self._doubles = [
            (self._picture_half(block), self._text_half(block)) for block in transformer.transformer_blocks
        ]
        self._singles = [
            _Single(
                Product(block.attn.to_qkv_mlp_proj),
                Product(block.attn.to_out),
                self._heads(block.attn.norm_q, block.attn.norm_k),
            )
            for block in transformer.single_transformer_blocks
        ]
        self._angles: tuple[torch.Tensor, torch.Tensor, tuple[torch.Tensor, torch.Tensor]] | None = None

    def __call__(
        self,
        hidden_states: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        txt_ids: torch.Tensor,
        img_ids: torch.Tensor,
        guidance: None = None,
        return_dict: bool = False,
    ) -> tuple[torch.Tensor]:
        """Return the velocities (pictures, tokens, channels); the arguments are those of diffusers' class."""
        del guidance, return_dict
        cos, sin = self._rotary(txt_ids, img_ids)
        return (self.velocity(hidden_states, timestep, encoder_hidden_states, cos, sin),)

    def velocity(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        embeddings: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
    ) -> torch.Tensor:
        """Return the velocities; ``cos`` and ``sin`` are (text and picture tokens, head width) in float32."""
        model, do, eps = self._model, self._do, self._eps
        time = model.time_guidance_embed(timestep.to(latents.dtype) * 1000, None)
        of_picture = model.double_stream_modulation_img(time)
        of_text = model.double_stream_modulation_txt(time)
        of_both = model.single_stream_modulation(time)
        words = embeddings.shape[1]
        stream = torch.empty(
            len(latents), words + latents.shape[1], self._width, dtype=latents.dtype, device=latents.device
        )
        stream[:, :words] = model.context_embedder(embeddings)
        stream[:, words:] = model.x_embedder(latents)
        text, picture = stream[:, :words], stream[:, words:]
        updates: tuple[torch.Tensor, torch.Tensor] | None = None
        for of_block in self._doubles:
            updates = self._double(of_block, (picture, text), (of_picture, of_text), updates, (cos, sin))
        if updates is not None:
            columns = of_picture.shape[1]
            do.add_gated(picture, updates[0], self._chunk(of_picture, 5), columns)
            do.add_gated(text, updates[1], self._chunk(of_text, 5), columns)
        update: torch.Tensor | None = None
        shift, scale, gate = (self._chunk(of_both, number) for number in range(3))
        columns = of_both.shape[1]
        updates = None
        for block in self._singles:
            # What is no longer needed is freed before the next tensor: the widest is nine times the stream.
            normed = do.norm(stream, shift, scale, columns, eps, block.qkv_mlp.form, update, gate)
            update = None
            projection = block.qkv_mlp(normed, stream.dtype)
            del normed
            attended = self._attend_single(block, projection, len(latents), (cos, sin))
            gated = do.gate_halves(projection, 3 * self._width, block.out.form, attended)
            del projection, attended
            update = block.out(gated, stream.dtype)
            del gated
        if update is not None:
            do.add_gated(stream, update, gate, columns)
        out = model.norm_out.linear(functional.silu(time).to(stream.dtype))
        last = do.norm(picture, out[:, self._width :], out[:, : self._width], out.shape[1], eps, PLAIN)
        velocity: torch.Tensor = model.proj_out(last.numbers.view(picture.shape))
        return velocity

    def _double(
        self,
        halves: tuple[_Half, _Half],
        streams: tuple[torch.Tensor, torch.Tensor],
        modulations: tuple[torch.Tensor, torch.Tensor],
        updates: tuple[torch.Tensor, torch.Tensor] | None,
        angles: tuple[torch.Tensor, torch.Tensor],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run a double block; ``updates`` of the block before are added first, its own are returned."""
        do, words = self._do, streams[1].shape[1]
        turned = self._empty_turned(streams[0], words + streams[0].shape[1])
        columns = modulations[0].shape[1]
        for number, half in enumerate(halves):
            shift, scale, gate = (self._chunk(modulations[number], chunk) for chunk in (0, 1, 5))
            update = None if updates is None else updates[number]
            form = half.qkv.form
            normed = do.norm(streams[number], shift, scale, columns, self._eps, form, update, gate)
            projection = half.qkv(normed, streams[number].dtype)
            first = words if number == 0 else 0
            do.turn(projection, half.heads, *angles, turned, first, with_value=True)
        del projection, normed
        attended = attend(turned, None, self._backends)
        del turned
        made = []
        for number, (half, rows) in enumerate(
            zip(halves, (attended[:, words:], attended[:, :words]), strict=True)
        ):
            update = half.out(do.narrow(rows, half.out.form), rows.dtype)
            gate, shift, scale = (self._chunk(modulations[number], chunk) for chunk in (2, 3, 4))
            form = half.widen.form
            normed = do.norm(streams[number], shift, scale, columns, self._eps, form, update, gate)
            del update
            wide = half.widen(normed, rows.dtype)
            del normed
            gated = do.gate_halves(wide, 0, half.narrow.form)
            del wide
            made.append(half.narrow(gated, rows.dtype))
            del gated
        return made[0], made[1]

    def _attend_single(
        self,
        block: _Single,
        projection: torch.Tensor,
        pictures: int,
        angles: tuple[torch.Tensor, torch.Tensor],
    ) -> torch.Tensor:
        """Return the attention of a single block, (pictures · tokens, width); values are read in place."""
        packed = projection.view(pictures, -1, projection.shape[1])
        values = packed[..., 2 * self._width : 3 * self._width]
        values = values.view(*values.shape[:2], self._count, self._head)
        empty = self._empty_turned(packed, packed.shape[1], value=values)
        self._do.turn(projection, block.heads, *angles, empty, 0, with_value=False)
        return attend(empty, None, self._backends).flatten(0, 1)

    def _empty_turned(self, like: torch.Tensor, tokens: int, value: torch.Tensor | None = None) -> Turned:
        shape = (len(like), tokens, self._count, self._head)
        query, key = (torch.empty(shape, dtype=like.dtype, device=like.device) for _ in range(2))
        if value is None:
            value = torch.empty(shape, dtype=like.dtype, device=like.device)
        return Turned(query, key, value)

    def _rotary(self, words: torch.Tensor, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return cosines and sines of all positions, of the last call if its ids are the same tensors."""
        if self._angles is not None and self._angles[0] is words and self._angles[1] is picture:
            return self._angles[2]
        ids = torch.cat([ids[0] if ids.ndim == 3 else ids for ids in (words, picture)])
        cos, sin = self._model.pos_embed(ids)
        made = cos.float().contiguous(), sin.float().contiguous()
        self._angles = words, picture, made
        return made

    def _picture_half(self, block: _Block) -> _Half:
        attention = block.attn
        return _Half(
            Product(attention.to_q, attention.to_k, attention.to_v),
            Product(attention.to_out[0]),
            Product(block.ff.linear_in),
            Product(block.ff.linear_out),
            self._heads(attention.norm_q, attention.norm_k),
        )

    def _text_half(self, block: _Block) -> _Half:
        attention = block.attn
        return _Half(
            Product(attention.add_q_proj, attention.add_k_proj, attention.add_v_proj),
            Product(attention.to_add_out),
            Product(block.ff_context.linear_in),
            Product(block.ff_context.linear_out),
            self._heads(attention.norm_added_q, attention.norm_added_k),
        )

    def _heads(self, query: nn.RMSNorm, key: nn.RMSNorm) -> Heads:
        eps = self._eps if query.eps is None else query.eps
        return Heads(self._count, self._count, self._head, query.weight, key.weight, eps, paired=True)

    def _chunk(self, modulation: torch.Tensor, number: int) -> torch.Tensor:
        return modulation[:, number * self._width : (number + 1) * self._width]
