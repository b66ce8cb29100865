"""How far this machine's clock is from Discord's, by the moments in Discord's identifiers.

Only the windows in which messages are looked for depend on it. The owner is told, because all clock times in
messages are wrong by as much.
"""

import logging
from collections import deque

import discord

from kleinbot.domain.clock import HOUR_MS, MS_PER_S, Clock

_log = logging.getLogger(__name__)

REPORTED_FROM_MS = 30 * MS_PER_S
_REMEMBERED = 5
_DISCORD_EPOCH_MS = 1_420_070_400_000


def snowflake_of(at_ms: int) -> int:
    """Return the lowest id that Discord gives at a moment of its clock."""
    return max(0, at_ms - _DISCORD_EPOCH_MS) << 22


class ClockSkew:
    """Measures the skew at every interaction that arrives."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_ms: deque[int] = deque(maxlen=_REMEMBERED)
        self._reported_ms: int | None = None
        self._reported_at_s = 0.0

    @property
    def ahead_ms(self) -> int | None:
        """By how much our clock is ahead, negative if it is behind; None before the first interaction.

        The least of the last few: after a slow transfer our clock looks further ahead than it is.
        """
        return min(self._ahead_ms, default=None)

    @property
    def is_reported(self) -> bool:
        """Whether it is so much that the owner should correct the clock."""
        ahead_ms = self.ahead_ms
        return ahead_ms is not None and abs(ahead_ms) > REPORTED_FROM_MS

    def note(self, identifier: int) -> None:
        """Note an identifier that has arrived just after Discord created it."""
        ahead_ms = self._clock.now_ms() - (discord.utils.snowflake_time(identifier).timestamp() * MS_PER_S)
        self._ahead_ms.append(round(ahead_ms))
        self._report()

    def snowflake(self, at_ms: int) -> int | None:
        """Return the id that Discord gives at a moment of our clock; None while the skew is unknown."""
        if self.ahead_ms is None:
            return None
        return snowflake_of(at_ms - self.ahead_ms)

    def _report(self) -> None:
        ahead_ms, now_s = self.ahead_ms, self._clock.monotonic_s()
        if ahead_ms is None or not self.is_reported:
            self._reported_ms = None
            return
        is_recent = now_s - self._reported_at_s < HOUR_MS / MS_PER_S
        if self._reported_ms is None or abs(ahead_ms - self._reported_ms) > REPORTED_FROM_MS or not is_recent:
            self._reported_ms, self._reported_at_s = ahead_ms, now_s
            _log.warning(
                "this host's clock is %d s %s Discord's: set it (for example by NTP)",
                abs(ahead_ms) // MS_PER_S, "ahead of" if ahead_ms > 0 else "behind",
            )  # fmt: skip
