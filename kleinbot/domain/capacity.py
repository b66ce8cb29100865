"""What a profile can hold at once: asked before a job is accepted and before a batch is started."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kleinbot.domain.geometry import Grid
from kleinbot.domain.profile import Profile


class Capacity(Protocol):
    """How much work fits beside the weights."""

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        """Return how many images of ``grid``, each with ``references``, fit at once; 0 where not even one."""
        ...


@dataclass(frozen=True)
class LimitsOnly:
    """Counts nothing: the profile's own limits hold for every shape, as on a machine without a GPU."""

    profile: Profile

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        if grid.tokens > self.profile.largest_grid_tokens or len(references) > self.profile.most_references:
            return 0
        return self.profile.largest_batch
