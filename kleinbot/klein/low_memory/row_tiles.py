"""Convolutions and group norms over tiles of rows, so that no step copies a whole picture.

A layer reads its input tile by tile, with one extra row at each side for a 3×3 kernel, and frees each tile
after its last use: the input shrinks as the output grows. Each operation and each rounding is that of the
stock modules (diffusers ``ResnetBlock2D``, ``Upsample2D``, ``Downsample2D``) on their own weights; group
norms use the statistics of the whole picture.
"""

import functools
from collections.abc import Iterator

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from diffusers.models.resnet import ResnetBlock2D
from torch import nn


class RowTiles:
    """A tensor (1, C, height, width) as tiles of rows from the top, which are freed one by one."""

    def __init__(self, whole: torch.Tensor | None = None) -> None:
        self._tiles: list[torch.Tensor] = []
        self._first_row = 0
        if whole is not None:
            self.append(whole)

    @property
    def height(self) -> int:
        """The number of rows, including freed ones."""
        return self._first_row + sum(tile.shape[2] for tile in self._tiles)

    @property
    def width(self) -> int:
        return self._tiles[-1].shape[3]

    def append(self, tile: torch.Tensor) -> None:
        """Append (1, C, rows, width) at the bottom."""
        self._tiles.append(tile)

    def rows(self, first: int, last: int) -> torch.Tensor:
        """Return the rows ``first`` to ``last`` (exclusive): a view if one tile has them, else a copy."""
        pieces = []
        top = self._first_row
        for tile in self._tiles:
            bottom = top + tile.shape[2]
            if top < last and bottom > first:
                pieces.append(tile[:, :, max(first - top, 0) : min(last, bottom) - top])
            top = bottom
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=2)

    def release_above(self, row: int) -> None:
        """Free the tiles that end at or above ``row``."""
        while self._tiles and self._first_row + self._tiles[0].shape[2] <= row:
            self._first_row += self._tiles.pop(0).shape[2]


class GroupStatistics:
    """Mean and variance of each channel group of a picture, accumulated tile by tile.

    They are computed per tile in float32 and merged in float64 (T. F. Chan et al., "Updating Formulae and a
    Pairwise Algorithm for Computing Sample Variances", 1979).
    """

    def __init__(self, norm: nn.GroupNorm) -> None:
        self._norm = norm
        self._count = 0
        self._mean: torch.Tensor | None = None
        self._squares: torch.Tensor | None = None

    def add(self, tile: torch.Tensor) -> None:
        """Include ``tile`` (1, C, rows, width)."""
        values = tile.reshape(self._norm.num_groups, -1)
        variance, mean = torch.var_mean(values.float(), dim=1, correction=0)
        count, mean = values.shape[1], mean.double()
        squares = variance.double() * count
        if self._mean is None or self._squares is None:
            self._count, self._mean, self._squares = count, mean, squares
            return
        total = self._count + count
        apart = mean - self._mean
        self._mean = self._mean + apart * (count / total)
        self._squares = self._squares + squares + apart.square() * (self._count * count / total)
        self._count = total

    def activation(self) -> "Activation":
        """Return the norm with these statistics, followed by SiLU."""
        if self._mean is None or self._squares is None:
            raise ValueError("no tile was added")
        mean, deviation = self._mean.float(), (self._squares / self._count + self._norm.eps).rsqrt().float()
        weight, bias = self._norm.weight, self._norm.bias
        if _rounds_statistics(weight.device, weight.dtype):
            mean, deviation = mean.to(weight.dtype).float(), deviation.to(weight.dtype).float()
        channels = self._norm.num_channels // self._norm.num_groups
        scale = deviation.repeat_interleave(channels) * weight.float()
        shift = bias.float() - scale * mean.repeat_interleave(channels)
        return Activation(scale, shift)


class Activation:
    """A group norm with known statistics, then SiLU: silu(scale·x + shift), per channel in float32."""

    def __init__(self, scale: torch.Tensor, shift: torch.Tensor) -> None:
        self._scale = scale
        self._shift = shift

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        # A batch norm with mean 0 and variance 1 is torch's only kernel that multiplies and adds with float32
        # factors on bfloat16 rows and rounds once.
        zeros, ones = torch.zeros_like(self._scale), torch.ones_like(self._scale)
        normed = torch.batch_norm(rows, self._scale, self._shift, zeros, ones, False, 0.0, 0.0, False)
        return F.silu(normed, inplace=True)


@functools.cache
def _rounds_statistics(device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether torch's group norm rounds its statistics to ``dtype``: some releases do so on GPUs.

    The inverse deviation of ±3 is 1/3; 256·3·(1/3) - 256 is 0.5 if the third was rounded to bfloat16.
    """
    values = torch.tensor([[[3.0, -3.0]]], device=device, dtype=dtype)
    weight = torch.full((1,), 256.0, device=device, dtype=dtype)
    return bool(F.group_norm(values, 1, weight, -weight)[0, 0, 0].abs() > 0.1)


def ranges(height: int, width: int, tile_px: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last row (exclusive) of tiles of about ``tile_px`` pixels, each of even height."""
    rows = max(2, tile_px // width // 2 * 2)
    for first in range(0, height, rows):
        yield first, min(first + rows, height)


def convolved_rows(
    source: RowTiles,
    conv: nn.Conv2d,
    first: int,
    last: int,
    height: int,
    activation: Activation | None = None,
) -> torch.Tensor:
    """Apply ``activation`` and the 3×3 ``conv`` to ``source``; return rows ``first`` to ``last``."""
    window = source.rows(max(first - 1, 0), min(last + 1, height))
    if activation is not None:
        window = activation(window)
    return _convolve(window, conv, above=first == 0, below=last == height)


def resnet(source: RowTiles, block: ResnetBlock2D, tile_px: int) -> RowTiles:
    """Apply ``block`` (diffusers ``ResnetBlock2D``) to ``source``, which is consumed.

    Holds at most the input and the output's size again, plus a few tiles.
    """
    height, width = source.height, source.width
    statistics = GroupStatistics(block.norm1)
    for first, last in ranges(height, width, tile_px):
        statistics.add(source.rows(first, last))
    activation, statistics = statistics.activation(), GroupStatistics(block.norm2)
    hidden, shortcut = RowTiles(), RowTiles()
    for first, last in ranges(height, width, tile_px):
        tile = convolved_rows(source, block.conv1, first, last, height, activation)
        statistics.add(tile)
        hidden.append(tile)
        shortcut.append(_shortcut(source.rows(first, last), block))
        # The next tile reads one row above itself.
        source.release_above(last - 1)
    activation = statistics.activation()
    result = RowTiles()
    for first, last in ranges(height, width, tile_px):
        tile = convolved_rows(hidden, block.conv2, first, last, height, activation)
        hidden.release_above(last - 1)
        result.append(tile.add_(shortcut.rows(first, last)).div_(block.output_scale_factor))
        shortcut.release_above(last)
    return result


def upsample(source: RowTiles, conv: nn.Conv2d, tile_px: int) -> RowTiles:
    """Apply the 3×3 ``conv`` to ``source`` at twice its height and width; ``source`` is consumed."""
    height, width = 2 * source.height, 2 * source.width
    result = RowTiles()
    for first, last in ranges(height, width, tile_px):
        # Tiles start at even rows: one extra source row becomes two rows, of which the kernel reads one.
        window = source.rows(max(first // 2 - 1, 0), min(last // 2 + 1, height // 2))
        window = F.interpolate(window, scale_factor=2.0, mode="nearest")
        above, below = first == 0, last == height
        window = window[:, :, (0 if above else 1) : window.shape[2] - (0 if below else 1)]
        result.append(_convolve(window, conv, above=above, below=below))
        source.release_above(last // 2 - 1)
    return result


def downsample(source: RowTiles, conv: nn.Conv2d, tile_px: int) -> RowTiles:
    """Apply the 3×3 ``conv`` of stride 2, padded right and below, to ``source``, which is consumed."""
    height, width = source.height // 2, source.width // 2
    result = RowTiles()
    for first, last in ranges(height, width, tile_px):
        window = source.rows(2 * first, min(2 * last + 1, 2 * height))
        result.append(conv(F.pad(window, (0, 1, 0, 1 if last == height else 0))))
        source.release_above(2 * last)
    return result


def joined(tiles: RowTiles) -> torch.Tensor:
    """Return the whole tensor (1, C, height, width)."""
    return tiles.rows(0, tiles.height)


def _convolve(window: torch.Tensor, conv: nn.Conv2d, *, above: bool, below: bool) -> torch.Tensor:
    """Convolve with zero padding right and left, and above and below only at the picture's edges."""
    if above and below:
        return F.conv2d(window, conv.weight, conv.bias, padding=1)
    if above or below:
        window = F.pad(window, (0, 0, int(above), int(below)))
    return F.conv2d(window, conv.weight, conv.bias, padding=(0, 1))


def _shortcut(rows: torch.Tensor, block: ResnetBlock2D) -> torch.Tensor:
    if block.conv_shortcut is None:
        return rows
    shortcut: torch.Tensor = block.conv_shortcut(rows)
    return shortcut
