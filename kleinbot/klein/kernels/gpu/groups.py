"""Triton kernels of the VAE: GroupNorm with SiLU, and sums with a bias, over pixels in NHWC.

A picture is (rows, WIDTH): one row for each pixel. Statistics need no atomics, so that the same picture has
the same bits each time: each program writes mean and sum of squared distances of its rows for each channel,
and one program for each group joins them in a fixed order (Chan, Golub and LeVeque 1979); no term of the
variance is negative.
"""

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["rows"])
def part_statistics(
    x,
    added,
    means,
    squares,
    rows,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
    ROWS: tl.constexpr,
    AT_ONCE: tl.constexpr,
    ADDED: tl.constexpr,
):
    """Write the mean and the squared distances of ROWS rows, (parts, WIDTH) each, for each channel.

    Sums are of distances from the part's first row, so that a mean far from zero costs no digits.
    """
    part = tl.program_id(0)
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    is_channel = at < WIDTH
    first = tl.load(x + part.to(tl.int64) * (ROWS * WIDTH) + at, mask=is_channel, other=0.0).to(tl.float32)
    total = tl.zeros((AT_ONCE, BLOCK), tl.float32)
    square = tl.zeros((AT_ONCE, BLOCK), tl.float32)
    for step in tl.static_range(0, ROWS, AT_ONCE):
        row = part * ROWS + step + tl.arange(0, AT_ONCE)
        inside = (row < rows)[:, None] & is_channel[None, :]
        v = tl.load(x + row[:, None].to(tl.int64) * WIDTH + at[None, :], mask=inside, other=0.0)
        apart = tl.where(inside, v.to(tl.float32) - first[None, :], 0.0)
        total += apart
        square += apart * apart
    count = tl.minimum(rows - part * ROWS, ROWS).to(tl.float32)
    summed = tl.sum(total, 0)
    mean = first + summed / count
    if ADDED:
        mean += tl.load(added + at, mask=is_channel, other=0.0).to(tl.float32)
    place = part.to(tl.int64) * WIDTH + at
    tl.store(means + place, mean, mask=is_channel)
    tl.store(squares + place, tl.maximum(tl.sum(square, 0) - summed * summed / count, 0.0), mask=is_channel)


@triton.jit(do_not_specialize=["rows", "parts"])
def join_statistics(
    means,
    squares,
    joined,
    rows,
    parts,
    eps,
    WIDTH: tl.constexpr,
    GROUP: tl.constexpr,
    GROUP_BLOCK: tl.constexpr,
    PARTS: tl.constexpr,
    ROWS: tl.constexpr,
):
    """Write a group's mean and 1 / sqrt(variance + eps) to ``joined`` (2, groups). A program is a group."""
    group = tl.program_id(0)
    channel = tl.arange(0, GROUP_BLOCK)
    is_mine = (channel < GROUP)[None, :]
    total = tl.zeros((PARTS, GROUP_BLOCK), tl.float32)
    first = 0
    while first < parts:
        part = first + tl.arange(0, PARTS)
        inside = (part < parts)[:, None] & is_mine
        count = tl.minimum(rows - part * ROWS, ROWS).to(tl.float32)[:, None]
        place = part[:, None].to(tl.int64) * WIDTH + group * GROUP + channel[None, :]
        total += tl.where(inside, count * tl.load(means + place, mask=inside, other=0.0), 0.0)
        first += PARTS
    number = rows.to(tl.float32) * GROUP
    mean = tl.sum(tl.sum(total, 1), 0) / number
    spread = tl.zeros((PARTS, GROUP_BLOCK), tl.float32)
    first = 0
    while first < parts:
        part = first + tl.arange(0, PARTS)
        inside = (part < parts)[:, None] & is_mine
        count = tl.minimum(rows - part * ROWS, ROWS).to(tl.float32)[:, None]
        place = part[:, None].to(tl.int64) * WIDTH + group * GROUP + channel[None, :]
        apart = tl.load(means + place, mask=inside, other=0.0) - mean
        own = tl.load(squares + place, mask=inside, other=0.0)
        spread += tl.where(inside, own + count * apart * apart, 0.0)
        first += PARTS
    variance = tl.sum(tl.sum(spread, 1), 0) / number
    tl.store(joined + group, mean)
    tl.store(joined + WIDTH // GROUP + group, tl.rsqrt(variance + eps))


@triton.jit(do_not_specialize=["rows"])
def apply_statistics(
    x,
    added,
    joined,
    weight,
    bias,
    target,
    rows,
    WIDTH: tl.constexpr,
    GROUP: tl.constexpr,
    BLOCK: tl.constexpr,
    ROWS: tl.constexpr,
    ADDED: tl.constexpr,
    SILU: tl.constexpr,
):
    """Target = GroupNorm(x + added) · weight + bias, then SiLU if SILU."""
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    is_channel = at < WIDTH
    group = at // GROUP
    factor = tl.load(joined + WIDTH // GROUP + group, mask=is_channel, other=0.0)
    factor = factor * tl.load(weight + at, mask=is_channel, other=0.0).to(tl.float32)
    shift = -tl.load(joined + group, mask=is_channel, other=0.0)
    if ADDED:
        shift += tl.load(added + at, mask=is_channel, other=0.0).to(tl.float32)
    shift = shift * factor + tl.load(bias + at, mask=is_channel, other=0.0).to(tl.float32)
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    place = row[:, None].to(tl.int64) * WIDTH + at[None, :]
    inside = (row < rows)[:, None] & is_channel[None, :]
    y = tl.load(x + place, mask=inside, other=0.0).to(tl.float32) * factor[None, :] + shift[None, :]
    if SILU:
        y = y * tl.sigmoid(y)
    tl.store(target + place, y.to(target.dtype.element_ty), mask=inside)


@triton.jit(do_not_specialize=["rows"])
def add_rows(
    x,
    y,
    bias,
    target,
    rows,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
    ROWS: tl.constexpr,
    BIASED: tl.constexpr,
):
    """Target = x + y + bias, ``bias`` being one number for each of WIDTH channels."""
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    place = row[:, None].to(tl.int64) * WIDTH + at[None, :]
    inside = (row < rows)[:, None] & (at < WIDTH)[None, :]
    z = tl.load(x + place, mask=inside, other=0.0).to(tl.float32)
    z += tl.load(y + place, mask=inside, other=0.0).to(tl.float32)
    if BIASED:
        z += tl.load(bias + at, mask=at < WIDTH, other=0.0).to(tl.float32)[None, :]
    tl.store(target + place, z.to(target.dtype.element_ty), mask=inside)
