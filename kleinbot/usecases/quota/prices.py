"""What a member pays: static, so that it moves neither with the load nor with the host's card."""

from dataclasses import replace

from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, Grid
from kleinbot.scheduler.cost import price_tenths
from kleinbot.scheduler.entries import Shape

_FULL = 0.75
"""A reference with this share of the picture's tokens may have been scaled down to what the host draws."""


def price_tenths_of(shape: Shape) -> int:
    """Return the price of one image of ``shape``, in tenths of a picture.

    It is the arithmetic of the same request at full size. A host that draws smaller pictures would else
    charge next to nothing for them, and for an edit another multiple of a plain picture than others do.
    A further reference that is smaller than what the host draws would have the same size on any other.
    """
    factor = (MAX_OUTPUT_TOKENS / shape.grid.tokens) ** 0.5
    references = tuple(
        grid if grid.tokens < _FULL * shape.grid.tokens else _scaled(grid, factor)
        for grid in shape.references
    )
    return price_tenths(replace(shape, grid=_scaled(shape.grid, factor), references=references))


def _scaled(grid: Grid, factor: float) -> Grid:
    return Grid(max(1, round(grid.columns * factor)), max(1, round(grid.rows * factor)))
