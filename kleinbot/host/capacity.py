"""What a profile can hold at once: asked before a job is accepted and before a batch is started."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kleinbot.domain.geometry import Grid
from kleinbot.host.memory_model import largest_batch_within
from kleinbot.host.profile import Profile


class Capacity(Protocol):
    """How much work fits beside the weights."""

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        """Return how many images of ``grid``, each with ``references``, fit at once; 0 where not even one."""
        ...


@dataclass(frozen=True)
class LimitsOnly:
    """Counts nothing: the profile's own limits hold for every shape, as on a host without a card."""

    profile: Profile

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        if grid.tokens > self.profile.largest_grid_tokens or len(references) > self.profile.most_references:
            return 0
        return self.profile.largest_batch


@dataclass(frozen=True)
class ProfileCapacity:
    """Asks the memory model, within the profile's own limits.

    ``usable_bytes`` is what torch may have allocated at most: ``kleinbot.host.rules.usable_bytes``.
    """

    profile: Profile
    usable_bytes: int

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        most = LimitsOnly(self.profile).largest_batch(grid, references)
        return largest_batch_within(self.profile, self.usable_bytes, grid, references, most)


@dataclass(frozen=True)
class CapacityNow:
    """Asks for the profile each time: an engine may find that its host cannot do all of it."""

    profile: Callable[[], Profile]
    usable_bytes: int | None

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        return capacity_of(self.profile(), self.usable_bytes).largest_batch(grid, references)


def capacity_of(profile: Profile, usable_bytes: int | None) -> Capacity:
    """Return what counts for ``profile``; on a CPU (None) nothing is counted."""
    return LimitsOnly(profile) if usable_bytes is None else ProfileCapacity(profile, usable_bytes)
