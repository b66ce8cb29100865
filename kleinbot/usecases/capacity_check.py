"""Checks before a job is accepted that its images fit in memory."""

from collections.abc import Sequence

from kleinbot.domain.capacity import Capacity
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid

_SHRINK_FACTOR = 0.9


def require_fit(capacity: Capacity, grid: Grid, references: Sequence[Grid]) -> None:
    """Raise Refusal DOES_NOT_FIT if not even one image of ``grid`` with ``references`` fits.

    The refusal states what would fit: ``fits`` input pictures at this size, otherwise ``fits_size`` without
    any ("none" if no size fits).
    """
    if capacity.largest_batch(grid, references) >= 1:
        return
    fewer = [
        count for count in range(len(references)) if capacity.largest_batch(grid, references[:count]) >= 1
    ]
    fits = max(fewer, default=0)
    smaller = grid if fewer else _largest(capacity, grid)
    raise Refusal(
        Code.DOES_NOT_FIT,
        size=_size(grid),
        inputs=len(references),
        fits=fits,
        fits_size=_size(smaller) if smaller else "none",
    )


def _size(grid: Grid) -> str:
    return f"{grid.width_px}×{grid.height_px}"


def _largest(capacity: Capacity, grid: Grid) -> Grid | None:
    """Return the largest grid of about the same aspect ratio that fits without input pictures."""
    tokens = float(grid.tokens)
    while tokens >= 1:
        tokens *= _SHRINK_FACTOR
        smaller = grid.scaled_to(max(1, int(tokens)))
        if capacity.largest_batch(smaller) >= 1:
            return smaller
    return None
