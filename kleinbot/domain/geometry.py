"""Picture sizes. One transformer token covers 16×16 pixels."""

import math
from dataclasses import dataclass
from enum import StrEnum

TOKEN_PX = 16
MAX_OUTPUT_TOKENS = 4096
"""1024². Above 4300 output tokens Klein's sigma schedule jumps (diffusers ``compute_empirical_mu``)."""


@dataclass(frozen=True, order=True)
class Grid:
    """A picture's size in whole tokens."""

    columns: int
    rows: int

    @property
    def width_px(self) -> int:
        return self.columns * TOKEN_PX

    @property
    def height_px(self) -> int:
        return self.rows * TOKEN_PX

    @property
    def tokens(self) -> int:
        return self.columns * self.rows

    @classmethod
    def of_pixels(cls, width_px: int, height_px: int) -> "Grid":
        """Return the grid of exactly ``width_px`` × ``height_px``.

        Raises ValueError if a side is not a positive multiple of 16.
        """
        if width_px <= 0 or height_px <= 0 or width_px % TOKEN_PX or height_px % TOKEN_PX:
            raise ValueError(f"{width_px}×{height_px} is not a whole number of {TOKEN_PX} px tokens")
        return cls(width_px // TOKEN_PX, height_px // TOKEN_PX)

    def scaled_to(self, max_tokens: int) -> "Grid":
        """Return a grid of nearly the same aspect ratio with at most ``max_tokens`` tokens."""
        if self.tokens <= max_tokens:
            return self
        scale = (max_tokens / self.tokens) ** 0.5
        return Grid(max(1, int(self.columns * scale)), max(1, int(self.rows * scale)))


class Aspect(StrEnum):
    """The aspect ratios on offer. All seven share three token counts, so few shapes are compiled."""

    SQUARE = "1:1"
    LANDSCAPE_4_3 = "4:3"
    PORTRAIT_3_4 = "3:4"
    LANDSCAPE_3_2 = "3:2"
    PORTRAIT_2_3 = "2:3"
    WIDE_16_9 = "16:9"
    TALL_9_16 = "9:16"

    @property
    def grid(self) -> Grid:
        """The full-size grid: 4096, 4056 or 4032 tokens."""
        return _FULL_GRIDS[self]

    @classmethod
    def nearest(cls, ratio: float) -> "Aspect":
        """Return the aspect whose full size is closest to ``ratio``, a positive width in heights."""
        wanted = math.log(ratio)
        return min(cls, key=lambda aspect: abs(math.log(aspect.grid.columns / aspect.grid.rows) - wanted))

    @property
    def ratios(self) -> tuple[float, float]:
        """The widths in heights to which this aspect is the nearest: the least, and the first above."""
        near = sorted(aspect.grid.columns / aspect.grid.rows for aspect in Aspect)
        at = near.index(self.grid.columns / self.grid.rows)
        least = math.sqrt(near[at - 1] * near[at]) if at else 0.0
        above = math.sqrt(near[at] * near[at + 1]) if at + 1 < len(near) else math.inf
        return least, above


_FULL_GRIDS = {
    Aspect.SQUARE: Grid(64, 64),
    Aspect.LANDSCAPE_4_3: Grid(72, 56),
    Aspect.PORTRAIT_3_4: Grid(56, 72),
    Aspect.LANDSCAPE_3_2: Grid(78, 52),
    Aspect.PORTRAIT_2_3: Grid(52, 78),
    Aspect.WIDE_16_9: Grid(84, 48),
    Aspect.TALL_9_16: Grid(48, 84),
}
