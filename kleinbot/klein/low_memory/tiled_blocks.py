"""The transformer's blocks over tiles of tokens, so that no step needs a whole picture's wide tensors.

Only attention looks across tokens; everything around it (projections, norms, rotary positions, gated
halves) runs on a tile of tokens at a time, with the stock modules and their own weights (diffusers
``Flux2AttnProcessor``, ``Flux2ParallelSelfAttnProcessor``, ``Flux2FeedForward``). A matrix product of fewer
rows may round differently; where results must be bit-equal, products cover all tokens and only the rest is
tiled. A single block then holds 17 instead of 21 times a token's width; fully tiled it holds 9 times.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Protocol

import torch
from diffusers import Flux2Transformer2DModel
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.embeddings import apply_rotary_emb
from torch import nn

from kleinbot.domain.profile import RowTiling
from kleinbot.klein.quantisation.linear import products

TOKENS_AT_ONCE = 1024
"""Over all pictures of a batch. Fewer tokens need less memory, but more and smaller products."""

Rotary = tuple[torch.Tensor, torch.Tensor]
"""Cosines and sines, each (tokens, width of a head)."""


def run_in_tiles(transformer: Flux2Transformer2DModel, what: RowTiling) -> None:
    """Make the blocks of ``transformer`` run ``what`` in tiles of tokens from now on."""
    if what is RowTiling.NOTHING:
        return
    linears = _UntiledLinears() if what is RowTiling.AROUND_PRODUCTS else _TiledLinears()
    blocks: Any = transformer
    for block in blocks.transformer_blocks:
        block.attn.set_processor(JointAttention(linears))
        block.ff = FeedForward(block.ff, linears)
        block.ff_context = FeedForward(block.ff_context, linears)
    for block in blocks.single_transformer_blocks:
        block.attn.set_processor(ParallelAttention(linears))


class _Linears(Protocol):
    """Computes the products of linear layers."""

    def each(
        self, linear: nn.Module, x: torch.Tensor, tiles: Sequence[slice]
    ) -> Iterator[tuple[slice, torch.Tensor]]:
        """Yield the product of ``linear`` with ``x`` (B, tokens, …) tile by tile.

        Call this before allocating the target: an untiled product is computed at once, so its dequantised
        weight and the target are never in memory together. After the last tile nothing is kept.
        """
        ...

    def joined(
        self, linear: nn.Module, parts: Sequence[torch.Tensor], tiles: Sequence[slice]
    ) -> torch.Tensor:
        """Return the product of ``linear`` with the concatenated ``parts`` (B, tokens, …)."""
        ...


class _UntiledLinears:
    """One product for all tokens."""

    def each(
        self, linear: nn.Module, x: torch.Tensor, tiles: Sequence[slice]
    ) -> Iterator[tuple[slice, torch.Tensor]]:
        product = linear(x)
        return ((tile, product[:, tile]) for tile in tiles)

    def joined(
        self, linear: nn.Module, parts: Sequence[torch.Tensor], tiles: Sequence[slice]
    ) -> torch.Tensor:
        del tiles
        product: torch.Tensor = linear(parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=-1))
        return product


class _TiledLinears:
    """One product for each tile."""

    def each(
        self, linear: nn.Module, x: torch.Tensor, tiles: Sequence[slice]
    ) -> Iterator[tuple[slice, torch.Tensor]]:
        return _paired(tiles, products(linear, (x[:, tile] for tile in tiles)))

    def joined(
        self, linear: nn.Module, parts: Sequence[torch.Tensor], tiles: Sequence[slice]
    ) -> torch.Tensor:
        first = parts[0]
        out = first.new_empty(*first.shape[:2], int(str(linear.out_features)))
        inputs = (torch.cat([part[:, tile] for part in parts], dim=-1) for tile in tiles)
        for tile, product in _paired(tiles, products(linear, inputs)):
            out[:, tile] = product
            del product
        return out


def _paired(tiles: Sequence[slice], made: Generator[torch.Tensor]) -> Iterator[tuple[slice, torch.Tensor]]:
    """Pair ``tiles`` with their products; ``zip`` would keep the last pair alive."""
    for tile in tiles:
        yield tile, next(made)
    made.close()


class FeedForward(nn.Module):
    """Replaces a ``Flux2FeedForward`` and uses its layers."""

    def __init__(self, stock: Any, linears: _Linears) -> None:  # noqa: ANN401 - diffusers has no types
        super().__init__()
        self._linears = linears
        self.linear_in, self.act_fn, self.linear_out = stock.linear_in, stock.act_fn, stock.linear_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tiles = _tiles(x)
        projected = self._linears.each(self.linear_in, x, tiles)
        gated = x.new_empty(*x.shape[:2], self.linear_out.in_features)
        for tile, wide in projected:
            gated[:, tile] = self.act_fn(wide)
            del wide
        return self._linears.joined(self.linear_out, [gated], tiles)


class ParallelAttention:
    """The processor of a single block's ``Flux2ParallelSelfAttention``."""

    _attention_backend: Any = None
    _parallel_config: Any = None

    def __init__(self, linears: _Linears) -> None:
        self._linears = linears

    def __call__(
        self,
        attn: Any,  # noqa: ANN401 - diffusers has no types
        hidden_states: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        image_rotary_emb: Rotary | None = None,
    ) -> torch.Tensor:
        tiles = _tiles(hidden_states)
        projected = self._linears.each(attn.to_qkv_mlp_proj, hidden_states, tiles)
        heads = _Heads(hidden_states, hidden_states.shape[1], attn)
        gated = hidden_states.new_empty(*hidden_states.shape[:2], attn.mlp_hidden_dim)
        for tile, wide in projected:
            widths = [attn.inner_dim] * 3 + [attn.mlp_mult_factor * attn.mlp_hidden_dim]
            query, key, value, mlp = torch.split(wide, widths, dim=-1)
            heads.query[:, tile] = _rotated(heads.of(query), attn.norm_q, image_rotary_emb, tile)
            heads.key[:, tile] = _rotated(heads.of(key), attn.norm_k, image_rotary_emb, tile)
            heads.value[:, tile] = heads.of(value)
            gated[:, tile] = attn.mlp_act_fn(mlp)
            del wide, query, key, value, mlp
        attended = heads.attended(attention_mask, self._attention_backend, self._parallel_config)
        return self._linears.joined(attn.to_out, [attended, gated], tiles)


class JointAttention:
    """The processor of a double block's ``Flux2Attention``, with separate text and picture projections."""

    _attention_backend: Any = None
    _parallel_config: Any = None

    def __init__(self, linears: _Linears) -> None:
        self._linears = linears

    def __call__(
        self,
        attn: Any,  # noqa: ANN401 - diffusers has no types
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        image_rotary_emb: Rotary | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        text_tokens = encoder_hidden_states.shape[1]
        heads = _Heads(hidden_states, text_tokens + hidden_states.shape[1], attn)
        text = (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj, attn.norm_added_q, attn.norm_added_k)
        picture = (attn.to_q, attn.to_k, attn.to_v, attn.norm_q, attn.norm_k)
        for states, first, (to_q, to_k, to_v, norm_q, norm_k) in (
            (encoder_hidden_states, 0, text),
            (hidden_states, text_tokens, picture),
        ):
            for projection, norm, target in (
                (to_q, norm_q, heads.query),
                (to_k, norm_k, heads.key),
                (to_v, None, heads.value),
            ):
                for tile, wide in self._linears.each(projection, states, _tiles(states)):
                    place = slice(first + tile.start, first + tile.stop)
                    if norm is None:
                        target[:, place] = heads.of(wide)
                    else:
                        target[:, place] = _rotated(heads.of(wide), norm, image_rotary_emb, place)
                    del wide
        attended = heads.attended(attention_mask, self._attention_backend, self._parallel_config)
        of_text, of_picture = attended[:, :text_tokens], attended[:, text_tokens:]
        # ``to_out`` is a projection and a dropout, which is inactive here.
        return (
            self._linears.joined(attn.to_out[0], [of_picture], _tiles(of_picture)),
            self._linears.joined(attn.to_add_out, [of_text], _tiles(of_text)),
        )


class _Heads:
    """Queries, keys and values of all tokens, each (B, tokens, heads, width of a head)."""

    def __init__(self, like: torch.Tensor, tokens: int, attn: Any) -> None:  # noqa: ANN401
        self._width = attn.head_dim
        self.query, self.key, self.value = (
            like.new_empty(like.shape[0], tokens, attn.inner_dim // attn.head_dim, attn.head_dim)
            for _ in range(3)
        )

    def of(self, flat: torch.Tensor) -> torch.Tensor:
        """Split ``flat`` (B, tokens, heads · width) into heads."""
        return flat.view(*flat.shape[:-1], -1, self._width)

    def attended(self, mask: torch.Tensor | None, backend: object, parallel: object) -> torch.Tensor:
        """Return the attention output (B, tokens, heads · width); frees queries, keys and values."""
        attended: torch.Tensor = dispatch_attention_fn(
            self.query, self.key, self.value, attn_mask=mask, backend=backend, parallel_config=parallel
        )
        del self.query, self.key, self.value
        return attended.flatten(2, 3)


def _tiles(x: torch.Tensor) -> list[slice]:
    """Return the token tiles of ``x`` (B, tokens, …)."""
    batch, tokens = x.shape[:2]
    at_once = max(1, TOKENS_AT_ONCE // batch)
    return [slice(first, min(tokens, first + at_once)) for first in range(0, tokens, at_once)]


def _rotated(
    heads: torch.Tensor,
    norm: Callable[[torch.Tensor], torch.Tensor],
    rotary: Rotary | None,
    place: slice,
) -> torch.Tensor:
    """Norm ``heads`` (B, tokens, heads, width) and apply the rotary positions at ``place``."""
    normed = norm(heads)
    if rotary is None:
        return normed
    cosines, sines = rotary
    rotated: torch.Tensor = apply_rotary_emb(normed, (cosines[place], sines[place]), sequence_dim=1)
    return rotated
