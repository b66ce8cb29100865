"""The fused operations of the forward pass, and plain torch's way of each.

``PlainOperations`` does what diffusers' and transformers' classes do, operation by operation: in float32 its
results are theirs, bit for bit. It is the truth for the kernels, and the way without a GPU.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch.nn import functional

from kleinbot.klein.kernels.forms import PLAIN, Form, Rows, narrowed


@dataclass(frozen=True)
class Modulation:
    """A block's ``gate`` of the update, and ``shift`` and ``scale`` of the norm: (pictures, width) each.

    They are columns of a contiguous (pictures, ``columns``).
    """

    shift: torch.Tensor
    scale: torch.Tensor
    gate: torch.Tensor
    columns: int


@dataclass(frozen=True)
class Heads:
    """The heads of a packed projection: first the queries', then the keys', then the values'."""

    count: int
    key_count: int
    width: int
    query_weight: torch.Tensor
    key_weight: torch.Tensor
    eps: float
    paired: bool
    """Whether the rotation mixes neighbours (Flux) or the two halves of a head (Qwen)."""


@dataclass(frozen=True)
class Turned:
    """Queries, keys and values of whole pictures, (pictures, tokens, heads, width) each."""

    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor


class Operations(Protocol):
    """The fused operations, as ``PlainOperations`` describes them; residual streams change in place."""

    def norm(
        self,
        residual: torch.Tensor,
        shift: torch.Tensor,
        scale: torch.Tensor,
        columns: int,
        eps: float,
        form: Form,
        update: torch.Tensor | None = None,
        gate: torch.Tensor | None = None,
    ) -> Rows: ...

    def add_gated(
        self, residual: torch.Tensor, update: torch.Tensor, gate: torch.Tensor, columns: int
    ) -> None: ...

    def narrow(self, rows: torch.Tensor, form: Form) -> Rows: ...

    def rms_norm(
        self,
        residual: torch.Tensor,
        weight: torch.Tensor,
        eps: float,
        form: Form,
        update: torch.Tensor | None = None,
    ) -> Rows: ...

    def add(self, residual: torch.Tensor, update: torch.Tensor) -> None: ...

    def turn(
        self,
        projection: torch.Tensor,
        heads: Heads,
        cos: torch.Tensor,
        sin: torch.Tensor,
        into: Turned,
        first_row: int,
        *,
        with_value: bool,
    ) -> None: ...

    def gate_halves(
        self, projection: torch.Tensor, first: int, form: Form, beside: torch.Tensor | None = None
    ) -> Rows: ...

    def group_norm(
        self, x: torch.Tensor, norm: torch.nn.GroupNorm, added: torch.Tensor | None, *, silu: bool
    ) -> torch.Tensor: ...

    def add_pictures(self, x: torch.Tensor, y: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor: ...


class PlainOperations:
    """Each operation in plain torch."""

    def norm(
        self,
        residual: torch.Tensor,
        shift: torch.Tensor,
        scale: torch.Tensor,
        columns: int,
        eps: float,
        form: Form,
        update: torch.Tensor | None = None,
        gate: torch.Tensor | None = None,
    ) -> Rows:
        """Residual += gate · update; return LayerNorm(residual) · (1 + scale) + shift in ``form``.

        ``residual``: (pictures, rows, width), perhaps some rows of a longer stream. ``update``: (pictures ·
        rows, width). ``shift``, ``scale`` and ``gate``: (pictures, width) out of (pictures, ``columns``).
        """
        if update is not None and gate is not None:
            self.add_gated(residual, update, gate, columns)
        normed = functional.layer_norm(residual, residual.shape[-1:], eps=eps)
        normed = (1 + scale).unsqueeze(1) * normed + shift.unsqueeze(1)
        return narrowed(normed.flatten(0, 1), form)

    def add_gated(
        self, residual: torch.Tensor, update: torch.Tensor, gate: torch.Tensor, columns: int
    ) -> None:
        """Residual += gate · update."""
        del columns
        residual += gate.unsqueeze(1) * update.view(residual.shape)

    def narrow(self, rows: torch.Tensor, form: Form) -> Rows:
        """Return (pictures, rows, width) as (pictures · rows, width) in ``form``."""
        return narrowed(rows.flatten(0, 1), form)

    def rms_norm(
        self,
        residual: torch.Tensor,
        weight: torch.Tensor,
        eps: float,
        form: Form,
        update: torch.Tensor | None = None,
    ) -> Rows:
        """Residual += update; return RMSNorm(residual) · weight in ``form``. All are (rows, width)."""
        if update is not None:
            self.add(residual, update)
        return narrowed(_rms_norm(residual, weight, eps), form)

    def add(self, residual: torch.Tensor, update: torch.Tensor) -> None:
        """Residual += update, both (rows, width)."""
        residual += update

    def turn(
        self,
        projection: torch.Tensor,
        heads: Heads,
        cos: torch.Tensor,
        sin: torch.Tensor,
        into: Turned,
        first_row: int,
        *,
        with_value: bool,
    ) -> None:
        """Norm and rotate a packed ``projection``'s queries and keys into rows ``first_row`` and on.

        ``projection``: (pictures · rows, columns). ``cos`` and ``sin``: (all rows, width), float32. The
        values are copied too if ``with_value``.
        """
        pictures = len(into.query)
        packed = projection.view(pictures, -1, projection.shape[-1])
        widths = [heads.count * heads.width, heads.key_count * heads.width, heads.key_count * heads.width]
        query, key, value = (
            part.reshape(*part.shape[:2], -1, heads.width)
            for part in torch.split(packed[..., : sum(widths)], widths, -1)
        )
        rows = slice(first_row, first_row + packed.shape[1])
        angles = cos[rows].unsqueeze(1), sin[rows].unsqueeze(1)
        if heads.paired:
            query = functional.rms_norm(query, (heads.width,), heads.query_weight, heads.eps)
            key = functional.rms_norm(key, (heads.width,), heads.key_weight, heads.eps)
            into.query[:, rows] = _rotated_neighbours(query, *angles)
            into.key[:, rows] = _rotated_neighbours(key, *angles)
        else:
            into.query[:, rows] = _rotated_halves(_rms_norm(query, heads.query_weight, heads.eps), *angles)
            into.key[:, rows] = _rotated_halves(_rms_norm(key, heads.key_weight, heads.eps), *angles)
        if with_value:
            into.value[:, rows] = value

    def gate_halves(
        self, projection: torch.Tensor, first: int, form: Form, beside: torch.Tensor | None = None
    ) -> Rows:
        """Return [beside | silu(a) · b] in ``form``: a and b are the halves of the columns from ``first``."""
        a, b = projection[:, first:].chunk(2, dim=-1)
        gated = functional.silu(a) * b
        return narrowed(gated if beside is None else torch.cat([beside, gated], dim=-1), form)

    def group_norm(
        self, x: torch.Tensor, norm: torch.nn.GroupNorm, added: torch.Tensor | None, *, silu: bool
    ) -> torch.Tensor:
        """Return GroupNorm(x + added), then SiLU if ``silu``; ``added`` is a number for each channel."""
        made: torch.Tensor = norm(x if added is None else x + added.view(1, -1, 1, 1))
        return functional.silu(made) if silu else made

    def add_pictures(self, x: torch.Tensor, y: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """Return x + y + bias, ``bias`` being a number for each channel."""
        return x + y if bias is None else x + (y + bias.view(1, -1, 1, 1))


def attend(turned: Turned, mask: torch.Tensor | None, backends: Sequence[object]) -> torch.Tensor:
    """Return torch's attention, (pictures, tokens, heads · width): one of ``backends`` if any are named."""
    query, key, value = (part.transpose(1, 2) for part in (turned.query, turned.key, turned.value))
    shared = query.shape[1] != key.shape[1]
    if backends:
        with torch.nn.attention.sdpa_kernel(list(backends)):  # type: ignore[arg-type]
            made = functional.scaled_dot_product_attention(query, key, value, mask, enable_gqa=shared)
    else:
        made = functional.scaled_dot_product_attention(query, key, value, mask, enable_gqa=shared)
    return made.transpose(1, 2).flatten(2)


def _rms_norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """Return transformers' RMSNorm of Qwen3: rounded before it is multiplied by ``weight``."""
    wide = x.float()
    wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)
    return weight * wide.to(x.dtype)


def _rotated_neighbours(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    first, second = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
    turned = torch.stack([-second, first], dim=-1).flatten(-2)
    return (x.float() * cos + turned.float() * sin).to(x.dtype)


def _rotated_halves(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    turned = torch.cat([-second, first], dim=-1)
    return (x * cos.to(x.dtype)) + (turned * sin.to(x.dtype))


__all__ = ["PLAIN", "Heads", "Modulation", "Operations", "PlainOperations", "Turned", "attend"]
