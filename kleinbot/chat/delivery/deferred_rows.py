"""Rows that wait in memory alone, since the database could not note that they have to."""

import math
from collections.abc import Set

from kleinbot.domain.clock import Clock


class DeferredRows:
    """Keys that are left alone for a while, by a clock that nobody sets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: dict[int, float] = {}

    def hold(self, key: int, seconds: float) -> None:
        """Leave ``key`` alone for ``seconds`` from now on."""
        self._until_s[key] = self._clock.monotonic_s() + seconds

    def keys(self) -> Set[int]:
        """Return what is held back now."""
        now_s = self._clock.monotonic_s()
        self._until_s = {key: until_s for key, until_s in self._until_s.items() if until_s > now_s}
        return self._until_s.keys()

    def next_s(self) -> float:
        """Return in how many seconds the next one is free; infinity where none is held back."""
        return max(0.0, min(self._until_s.values(), default=math.inf) - self._clock.monotonic_s())
