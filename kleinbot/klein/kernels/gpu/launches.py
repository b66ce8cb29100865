"""Starts the Triton kernels: ``Operations`` for a GPU, or anywhere in Triton's interpreter."""

import torch
import triton

from kleinbot.klein.kernels.forms import Form, Narrowing, Rows
from kleinbot.klein.kernels.gpu import groups, rows
from kleinbot.klein.kernels.operations import Heads, Turned
from kleinbot.klein.quantisation.linear import FP8

_STATISTIC_ROWS = 128
"""Pixels of one program of the statistics: smaller programs hide more of each other's waiting."""
_STATISTIC_ROWS_AT_ONCE = 32
_JOINED_PARTS = 256
_CHANNELS_AT_ONCE = 128
_PIXELS_AT_ONCE = 64
_HEADS_AT_ONCE = 8
_GATED_AT_ONCE = 1024
_GATED_ROW_AT_ONCE = 2048
_GATED_WARPS = 8


class TritonOperations:
    """Each operation as one kernel, GroupNorm as three."""

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
        made = _empty_rows(residual, residual.shape[0] * residual.shape[1], residual.shape[2], form)
        _norm_rows(residual, update, gate, shift, scale, columns, eps, form, made)
        return made

    def add_gated(
        self, residual: torch.Tensor, update: torch.Tensor, gate: torch.Tensor, columns: int
    ) -> None:
        _norm_rows(residual, update, gate, None, None, columns, 0.0, Form(), None)

    def narrow(self, rows: torch.Tensor, form: Form) -> Rows:
        if form.narrowing is Narrowing.NOTHING:
            return Rows(rows.flatten(0, 1))
        made = _empty_rows(rows, rows.shape[0] * rows.shape[1], rows.shape[2], form)
        _norm_rows(rows, None, None, None, None, 0, 0.0, form, made)
        return made

    def rms_norm(
        self,
        residual: torch.Tensor,
        weight: torch.Tensor,
        eps: float,
        form: Form,
        update: torch.Tensor | None = None,
    ) -> Rows:
        made = _empty_rows(residual, residual.shape[0], residual.shape[1], form)
        _rms_norm_rows(residual, update, weight, eps, form, made)
        return made

    def add(self, residual: torch.Tensor, update: torch.Tensor) -> None:
        _rms_norm_rows(residual, update, None, 0.0, Form(), None)

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
        pictures, picture_rows = into.query.shape[:2]
        at_once = min(_HEADS_AT_ONCE, triton.next_power_of_2(heads.key_count))
        blocks = -(-heads.count // at_once) + (2 if with_value else 1) * -(-heads.key_count // at_once)
        rows.rotate_heads[(len(projection), blocks)](
            projection,
            cos,
            sin,
            heads.query_weight,
            heads.key_weight,
            into.query,
            into.key,
            into.value,
            len(projection) // pictures,
            picture_rows,
            first_row,
            heads.eps,
            STRIDE=projection.shape[1],
            HEADS=heads.count,
            KEY_HEADS=heads.key_count,
            HEAD=heads.width,
            AT_ONCE=at_once,
            PAIRED=heads.paired,
            num_warps=4,
        )

    def gate_halves(
        self, projection: torch.Tensor, first: int, form: Form, beside: torch.Tensor | None = None
    ) -> Rows:
        count, stride = projection.shape
        width, left = (stride - first) // 2, 0 if beside is None else beside.shape[1]
        made = _empty_rows(projection, count, left + width, form)
        by_row = form.narrowing is Narrowing.BY_ROW
        block = _GATED_ROW_AT_ONCE if by_row else _GATED_AT_ONCE
        rows.gate_halves[(count, 1 if by_row else -(-(left + width) // block))](
            projection if beside is None else beside,
            projection,
            made.numbers,
            made.scales,
            form.factor,
            STRIDE=stride,
            FIRST=first,
            BESIDE=left,
            WIDTH=width,
            BLOCK=block,
            NARROWING=int(form.narrowing),
            num_warps=_GATED_WARPS if by_row else 4,
        )
        return made

    def group_norm(
        self, x: torch.Tensor, norm: torch.nn.GroupNorm, added: torch.Tensor | None, *, silu: bool
    ) -> torch.Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        _, width, height, columns = x.shape
        pixels, group = height * columns, width // norm.num_groups
        parts = -(-pixels // _STATISTIC_ROWS)
        block = min(_CHANNELS_AT_ONCE, triton.next_power_of_2(width))
        of_channels = -(-width // block)
        means, squares = torch.empty(2, parts, width, device=x.device)
        joined = torch.empty(2, norm.num_groups, device=x.device)
        groups.part_statistics[(parts, of_channels)](
            x,
            added,
            means,
            squares,
            pixels,
            WIDTH=width,
            BLOCK=block,
            ROWS=_STATISTIC_ROWS,
            AT_ONCE=_STATISTIC_ROWS_AT_ONCE,
            ADDED=added is not None,
            num_warps=4,
        )
        groups.join_statistics[(norm.num_groups,)](
            means,
            squares,
            joined,
            pixels,
            parts,
            norm.eps,
            WIDTH=width,
            GROUP=group,
            GROUP_BLOCK=triton.next_power_of_2(group),
            PARTS=_JOINED_PARTS,
            ROWS=_STATISTIC_ROWS,
            num_warps=8,
        )
        made = torch.empty_like(x)
        groups.apply_statistics[(-(-pixels // _PIXELS_AT_ONCE), of_channels)](
            x,
            added,
            joined,
            norm.weight,
            norm.bias,
            made,
            pixels,
            WIDTH=width,
            GROUP=group,
            BLOCK=block,
            ROWS=_PIXELS_AT_ONCE,
            ADDED=added is not None,
            SILU=silu,
            num_warps=4,
        )
        return made

    def add_pictures(self, x: torch.Tensor, y: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        x, y = (each.contiguous(memory_format=torch.channels_last) for each in (x, y))
        made = torch.empty_like(x)
        width, pixels = x.shape[1], x.shape[0] * x.shape[2] * x.shape[3]
        block = min(_CHANNELS_AT_ONCE, triton.next_power_of_2(width))
        groups.add_rows[(-(-pixels // _PIXELS_AT_ONCE), -(-width // block))](
            x,
            y,
            bias,
            made,
            pixels,
            WIDTH=width,
            BLOCK=block,
            ROWS=_PIXELS_AT_ONCE,
            BIASED=bias is not None,
            num_warps=4,
        )
        return made


def _empty_rows(like: torch.Tensor, count: int, width: int, form: Form) -> Rows:
    is_narrow = form.narrowing is not Narrowing.NOTHING
    numbers = torch.empty(count, width, device=like.device, dtype=FP8 if is_narrow else like.dtype)
    if form.narrowing is not Narrowing.BY_ROW:
        return Rows(numbers)
    return Rows(numbers, torch.empty(count, 1, device=like.device, dtype=torch.float32))


def _norm_rows(
    residual: torch.Tensor,
    update: torch.Tensor | None,
    gate: torch.Tensor | None,
    shift: torch.Tensor | None,
    scale: torch.Tensor | None,
    columns: int,
    eps: float,
    form: Form,
    made: Rows | None,
) -> None:
    pictures, count, width = residual.shape
    picture_rows = residual.stride(0) // width if pictures > 1 else count
    rows.norm_rows[(pictures * count,)](
        residual,
        update,
        gate,
        shift,
        scale,
        None if made is None else made.numbers,
        None if made is None else made.scales,
        form.factor,
        count,
        picture_rows,
        eps,
        WIDTH=width,
        MODULATION=columns,
        BLOCK=triton.next_power_of_2(width),
        GATED=update is not None,
        NORMED=shift is not None,
        STORED=made is not None,
        NARROWING=int(form.narrowing),
        num_warps=8,
    )


def _rms_norm_rows(
    residual: torch.Tensor,
    update: torch.Tensor | None,
    weight: torch.Tensor | None,
    eps: float,
    form: Form,
    made: Rows | None,
) -> None:
    count, width = residual.shape
    rows.rms_norm_rows[(count,)](
        residual,
        update,
        weight,
        None if made is None else made.numbers,
        None if made is None else made.scales,
        form.factor,
        eps,
        WIDTH=width,
        BLOCK=triton.next_power_of_2(width),
        ADDED=update is not None,
        NORMED=made is not None,
        NARROWING=int(form.narrowing),
        num_warps=8,
    )
