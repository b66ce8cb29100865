"""Identifiers that carry the time they were made at."""

from kleinbot.sandbox.clock import Now

DISCORD_EPOCH_MS = 1_420_070_400_000


class Snowflakes:
    """Gives unique, growing identifiers whose upper bits are the clock's milliseconds.

    The client computes the expiry of an interaction from them, so they must be made from the same clock.
    """

    def __init__(self, now: Now) -> None:
        self._now = now
        self._last = 0

    def __call__(self) -> int:
        made = (int(self._now() * 1000) - DISCORD_EPOCH_MS) << 22
        self._last = max(made, self._last + 1)
        return self._last
