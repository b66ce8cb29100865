"""Identifiers that carry the time they were made at."""

import hashlib

from kleinbot.sandbox.clock import Now

DISCORD_EPOCH_MS = 1_420_070_400_000
_A_YEAR_MS = 365 * 24 * 60 * 60 * 1000


def lasting(*names: str) -> int:
    """Return the identifier of what bears ``names``, the same in every process: as of Discord's first year.

    So a bot that is started again before a new stand-in finds its servers, channels and people.
    """
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    made_ms, rest = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:11], "big")
    return (made_ms % _A_YEAR_MS) << 22 | rest & 0x3FFFFF


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


def created_at(identifier: int) -> float:
    """Return the seconds since the Unix epoch that an identifier carries."""
    return ((identifier >> 22) + DISCORD_EPOCH_MS) / 1000
