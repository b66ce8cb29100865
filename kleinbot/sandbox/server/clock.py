"""Where the stand-in takes its time from."""

import time
from collections.abc import Callable

Now = Callable[[], float]
"""Gives unix time in seconds. Deadlines, token lives, snowflakes and signatures all read it."""


class MovableClock:
    """The real time plus what tests have advanced it by."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass without waiting for them."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._ahead_s += seconds
