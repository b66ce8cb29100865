"""Triton kernels over rows of tokens.

A residual stream is (pictures, ``picture_rows``, WIDTH) and a kernel works on ``rows`` of each picture, so
that text and picture tokens share one tensor; every other tensor has exactly those rows, one after the other.
Modulations are rows of (pictures, MODULATION), one for each picture. Widths are constants of a kernel, counts
are not: another number of tokens compiles nothing. Arithmetic is in float32, and stores round once.

``NARROWING``: 0 stores the output's own type; 1 stores e4m3, each row divided by its largest number / 448,
which goes to ``row_scales``; 2 stores e4m3 of the numbers times the scalar ``factor``.
"""

import triton
import triton.language as tl

MOST = 448.0
"""The largest number of e4m3."""
LEAST = 1.1754943508222875e-38
"""The smallest scale of a row, for a row of zeros: the smallest normal float32."""


@triton.jit
def store_narrowed(y, inside, target, row_scales, row, factor, NARROWING: tl.constexpr):
    if NARROWING == 0:
        tl.store(target, y.to(target.dtype.element_ty), mask=inside)
    elif NARROWING == 1:
        scale = tl.maximum(tl.max(tl.where(inside, tl.abs(y), 0.0), 0) / 448.0, 1.1754943508222875e-38)
        tl.store(row_scales + row, scale)
        tl.store(target, tl.clamp(y / scale, -448.0, 448.0).to(tl.float8e4nv), mask=inside)
    else:
        scaled = y * tl.load(factor).to(tl.float32)
        tl.store(target, tl.clamp(scaled, -448.0, 448.0).to(tl.float8e4nv), mask=inside)


@triton.jit(do_not_specialize=["rows", "picture_rows"])
def norm_rows(
    residual,
    update,
    gate,
    shift,
    scale,
    target,
    row_scales,
    factor,
    rows,
    picture_rows,
    eps,
    WIDTH: tl.constexpr,
    MODULATION: tl.constexpr,
    BLOCK: tl.constexpr,
    GATED: tl.constexpr,
    NORMED: tl.constexpr,
    STORED: tl.constexpr,
    NARROWING: tl.constexpr,
):
    """Residual += gate · update; target = LayerNorm(residual) · (1 + scale) + shift. A program is a row."""
    row = tl.program_id(0).to(tl.int64)
    picture = row // rows
    at = tl.arange(0, BLOCK)
    inside = at < WIDTH
    place = residual + (picture * picture_rows + row % rows) * WIDTH + at
    modulation = picture * MODULATION + at
    x = tl.load(place, mask=inside, other=0.0).to(tl.float32)
    if GATED:
        change = tl.load(update + row * WIDTH + at, mask=inside, other=0.0).to(tl.float32)
        x += tl.load(gate + modulation, mask=inside, other=0.0).to(tl.float32) * change
        rounded = x.to(residual.dtype.element_ty)
        tl.store(place, rounded, mask=inside)
        x = rounded.to(tl.float32)
    if STORED:
        if NORMED:
            mean = tl.sum(x, 0) / WIDTH
            apart = tl.where(inside, x - mean, 0.0)
            x = apart * tl.rsqrt(tl.sum(apart * apart, 0) / WIDTH + eps)
            x = x * (1.0 + tl.load(scale + modulation, mask=inside, other=0.0).to(tl.float32))
            x += tl.load(shift + modulation, mask=inside, other=0.0).to(tl.float32)
        store_narrowed(x, inside, target + row * WIDTH + at, row_scales, row, factor, NARROWING)


@triton.jit
def rms_norm_rows(
    residual,
    update,
    weight,
    target,
    row_scales,
    factor,
    eps,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
    ADDED: tl.constexpr,
    NORMED: tl.constexpr,
    NARROWING: tl.constexpr,
):
    """Residual += update; target = RMSNorm(residual) · weight. A program is a row of (rows, WIDTH)."""
    row = tl.program_id(0).to(tl.int64)
    at = tl.arange(0, BLOCK)
    inside = at < WIDTH
    place = residual + row * WIDTH + at
    x = tl.load(place, mask=inside, other=0.0).to(tl.float32)
    if ADDED:
        x += tl.load(update + row * WIDTH + at, mask=inside, other=0.0).to(tl.float32)
        rounded = x.to(residual.dtype.element_ty)
        tl.store(place, rounded, mask=inside)
        x = rounded.to(tl.float32)
    if NORMED:
        x = x * tl.rsqrt(tl.sum(x * x, 0) / WIDTH + eps)
        x = x * tl.load(weight + at, mask=inside, other=0.0).to(tl.float32)
        store_narrowed(x, inside, target + row * WIDTH + at, row_scales, row, factor, NARROWING)


@triton.jit(do_not_specialize=["rows", "picture_rows", "first_row"])
def rotate_heads(
    projection,
    cos,
    sin,
    query_weight,
    key_weight,
    query,
    key,
    value,
    rows,
    picture_rows,
    first_row,
    eps,
    STRIDE: tl.constexpr,
    HEADS: tl.constexpr,
    KEY_HEADS: tl.constexpr,
    HEAD: tl.constexpr,
    AT_ONCE: tl.constexpr,
    PAIRED: tl.constexpr,
):
    """Norm and rotate the queries and keys of a packed projection; copy its values.

    ``projection``: (pictures · rows, STRIDE), a row begins with its queries, keys and values, HEADS,
    KEY_HEADS and KEY_HEADS heads of HEAD numbers. They go to rows ``first_row`` and on of each picture of
    (pictures, picture_rows, heads, HEAD). ``cos`` and ``sin``: (picture_rows, HEAD), float32. PAIRED rotates
    neighbours (Flux), otherwise the halves of a head (Qwen). A program is AT_ONCE heads of a row.
    """
    row = tl.program_id(0).to(tl.int64)
    block = tl.program_id(1)
    query_blocks: tl.constexpr = (HEADS + AT_ONCE - 1) // AT_ONCE
    key_blocks: tl.constexpr = (KEY_HEADS + AT_ONCE - 1) // AT_ONCE
    position = row % rows + first_row
    out_row = (row // rows) * picture_rows + position
    heads = tl.arange(0, AT_ONCE)
    at = tl.arange(0, HEAD)
    if block < query_blocks:
        mine = block * AT_ONCE + heads
        inside = (mine < HEADS)[:, None]
        of_query = projection + row * STRIDE + mine[:, None] * HEAD
        y = _rotated(of_query, at, inside, query_weight, cos, sin, position, eps, HEAD, AT_ONCE, PAIRED)
        to_query = query + out_row * (HEADS * HEAD) + mine[:, None] * HEAD + at[None, :]
        tl.store(to_query, y.to(query.dtype.element_ty), mask=inside)
    elif block < query_blocks + key_blocks:
        mine = (block - query_blocks) * AT_ONCE + heads
        inside = (mine < KEY_HEADS)[:, None]
        of_key = projection + row * STRIDE + (HEADS + mine[:, None]) * HEAD
        y = _rotated(of_key, at, inside, key_weight, cos, sin, position, eps, HEAD, AT_ONCE, PAIRED)
        to_key = key + out_row * (KEY_HEADS * HEAD) + mine[:, None] * HEAD + at[None, :]
        tl.store(to_key, y.to(key.dtype.element_ty), mask=inside)
    else:
        mine = (block - query_blocks - key_blocks) * AT_ONCE + heads
        inside = (mine < KEY_HEADS)[:, None]
        of_value = projection + row * STRIDE + (HEADS + KEY_HEADS + mine[:, None]) * HEAD + at[None, :]
        to_value = value + out_row * (KEY_HEADS * HEAD) + mine[:, None] * HEAD + at[None, :]
        tl.store(to_value, tl.load(of_value, mask=inside, other=0.0), mask=inside)


@triton.jit
def _rotated(
    source,
    at,
    inside,
    weight,
    cos,
    sin,
    position,
    eps,
    HEAD: tl.constexpr,
    AT_ONCE: tl.constexpr,
    PAIRED: tl.constexpr,
):
    x = tl.load(source + at[None, :], mask=inside, other=0.0).to(tl.float32)
    x = x * tl.rsqrt(tl.sum(x * x, 1) / HEAD + eps)[:, None] * tl.load(weight + at).to(tl.float32)[None, :]
    half: tl.constexpr = HEAD // 2
    angles = tl.arange(0, half)
    if PAIRED:
        first, second = tl.split(tl.reshape(x, (AT_ONCE, half, 2)))
        c = tl.load(cos + position * HEAD + 2 * angles)[None, :]
        s = tl.load(sin + position * HEAD + 2 * angles)[None, :]
        y = tl.reshape(tl.join(first * c - second * s, second * c + first * s), (AT_ONCE, HEAD))
    else:
        first, second = tl.split(tl.permute(tl.reshape(x, (AT_ONCE, 2, half)), (0, 2, 1)))
        c = tl.load(cos + position * HEAD + angles)[None, :]
        s = tl.load(sin + position * HEAD + angles)[None, :]
        joined = tl.join(first * c - second * s, second * c + first * s)
        y = tl.reshape(tl.permute(joined, (0, 2, 1)), (AT_ONCE, HEAD))
    return y


@triton.jit
def gate_halves(
    beside,
    projection,
    target,
    row_scales,
    factor,
    STRIDE: tl.constexpr,
    FIRST: tl.constexpr,
    BESIDE: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
    NARROWING: tl.constexpr,
):
    """Target = [beside | silu(a) · b], a and b being WIDTH columns each of the projection from FIRST on.

    ``beside`` is (rows, BESIDE), ``target`` (rows, BESIDE + WIDTH). A program is BLOCK columns of a row; with
    a scale for each row it is all of the row, read twice: the second time from the nearest cache.
    """
    row = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, BLOCK)
    target += row * (BESIDE + WIDTH)
    if NARROWING == 1:
        most = tl.zeros((BLOCK,), tl.float32)
        for first in tl.static_range(0, BESIDE + WIDTH, BLOCK):
            y = _gated(beside, projection, row, first + columns, STRIDE, FIRST, BESIDE, WIDTH)
            most = tl.maximum(most, tl.abs(y))
        scale = tl.maximum(tl.max(most, 0) / 448.0, 1.1754943508222875e-38)
        tl.store(row_scales + row, scale)
        for first in tl.static_range(0, BESIDE + WIDTH, BLOCK):
            at = first + columns
            y = _gated(beside, projection, row, at, STRIDE, FIRST, BESIDE, WIDTH)
            narrow = tl.clamp(y / scale, -448.0, 448.0).to(tl.float8e4nv)
            tl.store(target + at, narrow, mask=at < BESIDE + WIDTH)
    else:
        at = tl.program_id(1) * BLOCK + columns
        y = _gated(beside, projection, row, at, STRIDE, FIRST, BESIDE, WIDTH)
        store_narrowed(y, at < BESIDE + WIDTH, target + at, row_scales, row, factor, NARROWING)


@triton.jit
def _gated(
    beside,
    projection,
    row,
    at,
    STRIDE: tl.constexpr,
    FIRST: tl.constexpr,
    BESIDE: tl.constexpr,
    WIDTH: tl.constexpr,
):
    is_gated = (at >= BESIDE) & (at < BESIDE + WIDTH)
    place = projection + row * STRIDE + FIRST + (at - BESIDE)
    a = tl.load(place, mask=is_gated, other=0.0).to(tl.float32)
    b = tl.load(place + WIDTH, mask=is_gated, other=0.0).to(tl.float32)
    y = a * tl.sigmoid(a) * b
    if BESIDE > 0:
        left = tl.load(beside + row * BESIDE + at, mask=at < BESIDE, other=0.0).to(tl.float32)
        y = tl.where(at < BESIDE, left, y)
    return y
