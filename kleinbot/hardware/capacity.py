"""The batches that fit a profile, according to the memory model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kleinbot.domain.capacity import Capacity, LimitsOnly
from kleinbot.domain.geometry import Grid
from kleinbot.domain.profile import Profile
from kleinbot.hardware.memory_model import largest_batch_within


@dataclass(frozen=True)
class ProfileCapacity:
    """Applies the memory model within the profile's own limits.

    ``usable_bytes``: the most memory torch may allocate, from ``hardware.profile_choice.usable_bytes``.
    """

    profile: Profile
    usable_bytes: int

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        most = LimitsOnly(self.profile).largest_batch(grid, references)
        return largest_batch_within(self.profile, self.usable_bytes, grid, references, most)


@dataclass(frozen=True)
class CapacityNow:
    """Reads the profile on each call: an engine may find that its machine cannot run all of it."""

    profile: Callable[[], Profile]
    usable_bytes: int | None

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        return capacity_of(self.profile(), self.usable_bytes).largest_batch(grid, references)


def capacity_of(profile: Profile, usable_bytes: int | None) -> Capacity:
    """Return the capacity of ``profile``; on a CPU (None) memory is not counted."""
    return LimitsOnly(profile) if usable_bytes is None else ProfileCapacity(profile, usable_bytes)
