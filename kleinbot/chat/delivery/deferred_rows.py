"""Rows that are deferred in memory alone, because the database could not note it."""

import math
from collections.abc import Set

from kleinbot.domain.clock import Clock


class DeferredRows:
    """Keys that are deferred for a while, by the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: dict[int, float] = {}

    def hold(self, key: int, seconds: float) -> None:
        """Defer ``key`` for ``seconds`` from now on."""
        self._until_s[key] = self._clock.monotonic_s() + seconds

    def keys(self) -> Set[int]:
        """Return the keys that are deferred now."""
        now_s = self._clock.monotonic_s()
        self._until_s = {key: until_s for key, until_s in self._until_s.items() if until_s > now_s}
        return self._until_s.keys()

    def next_s(self) -> float:
        """Return in how many seconds the next key is due; infinity if none is deferred."""
        return max(0.0, min(self._until_s.values(), default=math.inf) - self._clock.monotonic_s())
