"""Positions of things: a picture's free factors are read from its starting noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from kleinbot.small_klein.training.scenes import Arrangement, Ground, Scene, ShapeSize, Thing

FREEDOMS = 9
"""Three for each of three things: horizontal and vertical position, size; further things repeat them."""

SMALLEST_CELL_PX = 40.0
"""Smaller things are lost in the autoencoder's 16 pixels a token."""

MARGIN_PX = 8.0
_SIZE_OF_CELL = {ShapeSize.SMALL: 0.23, ShapeSize.NORMAL: 0.31, ShapeSize.LARGE: 0.395}
_LONE = {ShapeSize.SMALL: 0.58, ShapeSize.NORMAL: 0.72, ShapeSize.LARGE: 0.8}


@dataclass(frozen=True)
class Placed:
    """A thing with its centre and outer radius in pixels."""

    thing: Thing
    x_px: float
    y_px: float
    radius_px: float


@dataclass(frozen=True)
class Drawing:
    """The contents of a picture of ``columns`` × ``rows`` tokens of 16 × 16 pixels."""

    placed: tuple[Placed, ...]
    ground: Ground
    columns: int
    rows: int


def layout_of_noise(noise: torch.Tensor) -> torch.Tensor:
    """Read the freedoms, standard normal, shape (B, 9), from packed noise (B, tokens, channels).

    A channel's mean over n independent standard normal tokens has variance 1/n, whatever the grid's shape;
    times sqrt(n) it is standard normal on every grid. A variance-preserving mix of two noises mixes these
    linearly, so a variation moves things in proportion to its weight.
    """
    return noise[..., :FREEDOMS].mean(dim=-2) * math.sqrt(noise.shape[-2])


def with_layout(noise: torch.Tensor, freedoms: torch.Tensor) -> torch.Tensor:
    """Return ``noise`` (B, tokens, channels) with its layout replaced by ``freedoms`` (B, 9).

    If the freedoms are standard normal, the result is exactly standard normal noise again, since a Gaussian's
    mean is independent of the deviations from it.
    """
    shift = (freedoms - layout_of_noise(noise)) / math.sqrt(noise.shape[-2])
    moved = noise.clone()
    moved[..., :FREEDOMS] += shift.unsqueeze(-2)
    return moved


def uniform(normal: float) -> float:
    """Map a standard normal number to -1…1, evenly spread."""
    return math.erf(normal / math.sqrt(2.0))


def place(scene: Scene, freedoms: Sequence[float], columns: int, rows: int) -> Drawing:
    """Lay ``scene`` out on ``columns`` × ``rows`` tokens. ``freedoms`` are nine standard normal numbers.

    A row or column of things has equal cells and nothing leaves its cell, so "left of" is unambiguous.
    """
    placed = []
    for thing, cell in zip(scene.things, _cells(scene, columns, rows), strict=True):
        sideways, upright, growth = (uniform(value) for value in freedoms[cell.first : cell.first + 3])
        base = _SIZE_OF_CELL[thing.size] * (_LONE[thing.size] if len(scene.things) == 1 else 1.0)
        radius = base * min(cell.width_px, cell.height_px) * (1.0 + 0.06 * growth)
        centre_x, centre_y = cell.x_px, cell.y_px
        slack_x = max(0.0, cell.width_px / 2 - radius - MARGIN_PX)
        slack_y = max(0.0, cell.height_px / 2 - radius - MARGIN_PX)
        if scene.place is not None:  # a named place keeps a quarter of the slack
            centre_x += scene.place[0] * 0.72 * slack_x
            centre_y += scene.place[1] * 0.72 * slack_y
            slack_x, slack_y = 0.25 * slack_x, 0.25 * slack_y
        # Things may use nearly the whole cell horizontally, a little less vertically.
        placed.append(
            Placed(thing, centre_x + 0.9 * slack_x * sideways, centre_y + 0.8 * slack_y * upright, radius)
        )
    return Drawing(tuple(placed), scene.ground, columns, rows)


@dataclass(frozen=True)
class _Cell:
    """A thing's part of the picture; ``first`` is the first of its three freedoms.

    The rows of a grid or stack repeat the first row's freedoms: as many means of the noise as a row of three
    needs are then enough for six things.
    """

    first: int
    x_px: float
    y_px: float
    width_px: float
    height_px: float


def fits(scene: Scene, columns: int, rows: int) -> bool:
    """Return whether every thing of ``scene`` has a cell that is large enough to be drawn well."""
    return all(
        min(cell.width_px, cell.height_px) >= SMALLEST_CELL_PX for cell in _cells(scene, columns, rows)
    )


def _cells(scene: Scene, columns: int, rows: int) -> list[_Cell]:
    """Return one cell per thing; every row of a grid or stack is as wide as the picture."""
    count = len(scene.things)
    if scene.arrangement is Arrangement.COLUMN:
        counts = [1] * count
    elif scene.arrangement is Arrangement.STACK:
        counts = [scene.above, count - scene.above]
    elif scene.arrangement is Arrangement.GRID:
        across = 2 if count == 4 or rows > 1.2 * columns else 3
        counts = [min(across, count - start) for start in range(0, count, across)]
    else:
        counts = [count]
    height = 16.0 * rows / len(counts)
    cells = []
    for row, wide in enumerate(counts):
        width = 16.0 * columns / wide
        for index in range(wide):
            own = row if scene.arrangement is Arrangement.COLUMN else index
            cells.append(_Cell(3 * (own % 3), (index + 0.5) * width, (row + 0.5) * height, width, height))
    return cells
