"""What a member pays: static, so that it depends neither on the load nor on the GPU."""

from dataclasses import replace

from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, Grid
from kleinbot.scheduler.cost import price_tenths
from kleinbot.scheduler.entries import Shape

_FULL_SIZE_SHARE = 0.75
"""A reference with this share of the image's tokens may have been scaled down to this bot's largest grid."""


def price_tenths_of(shape: Shape) -> int:
    """Return the price of one image of ``shape``, in tenths of a picture.

    The price is computed for the same request at full size. Otherwise a bot limited to small images would
    charge almost nothing for them, and a different multiple for an edit than other bots do. A further
    reference smaller than this bot's largest grid would have the same size on any other.
    """
    factor = (MAX_OUTPUT_TOKENS / shape.grid.tokens) ** 0.5
    references = tuple(
        grid if grid.tokens < _FULL_SIZE_SHARE * shape.grid.tokens else _scaled(grid, factor)
        for grid in shape.references
    )
    return price_tenths(replace(shape, grid=_scaled(shape.grid, factor), references=references))


def _scaled(grid: Grid, factor: float) -> Grid:
    return Grid(max(1, round(grid.columns * factor)), max(1, round(grid.rows * factor)))
