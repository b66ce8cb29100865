"""How much work fits in memory at once: checked before a job is accepted and before a batch starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kleinbot.domain.geometry import Grid
from kleinbot.domain.profile import Profile


class Capacity(Protocol):
    """How much work fits in memory beside the weights."""

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        """Return how many images of ``grid``, each with ``references``, fit at once; 0 if none fits."""
        ...


@dataclass(frozen=True)
class LimitsOnly:
    """Ignores memory and applies only the profile's own limits, as on a machine without a GPU."""

    profile: Profile

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        if grid.tokens > self.profile.largest_grid_tokens or len(references) > self.profile.most_references:
            return 0
        return self.profile.largest_batch
