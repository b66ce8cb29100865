"""The clock of the stand-in."""

import time
from collections.abc import Callable

Now = Callable[[], float]
"""Returns unix time in seconds. Deadlines, token lifetimes, snowflakes and signatures all use it."""


class MovableClock:
    """The real time plus the seconds that tests have advanced it by."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Advance by ``seconds`` without waiting."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._ahead_s += seconds
