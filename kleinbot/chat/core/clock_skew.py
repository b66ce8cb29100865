"""How far this host's clock is from Discord's, by the moments that Discord writes into its identifiers.

Nothing of ours depends on it but the windows in which messages are looked for; the host is told, since
everything that people are told in clock times is wrong by as much.
"""

import logging
from collections import deque

import discord

from kleinbot.domain.clock import HOUR_MS, MS_PER_S, Clock

_log = logging.getLogger(__name__)

TOLD_FROM_MS = 30 * MS_PER_S
_REMEMBERED = 5
_DISCORD_EPOCH_MS = 1_420_070_400_000


def snowflake_of(at_ms: int) -> int:
    """Return the lowest id that Discord gives at a moment of its clock."""
    return max(0, at_ms - _DISCORD_EPOCH_MS) << 22


class ClockSkew:
    """Looks at every interaction that arrives."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_ms: deque[int] = deque(maxlen=_REMEMBERED)
        self._told_ms: int | None = None
        self._told_at_s = 0.0

    @property
    def ahead_ms(self) -> int | None:
        """By how much our clock is ahead, negative where behind; None as long as nothing has arrived.

        The least of the last few: what is late on its way looks as if our clock were ahead.
        """
        return min(self._ahead_ms, default=None)

    @property
    def is_told(self) -> bool:
        """Whether it is so much that the host should mend it."""
        ahead_ms = self.ahead_ms
        return ahead_ms is not None and abs(ahead_ms) > TOLD_FROM_MS

    def note(self, identifier: int) -> None:
        """Note that something has just arrived which Discord has just given this id."""
        ahead_ms = self._clock.now_ms() - (discord.utils.snowflake_time(identifier).timestamp() * MS_PER_S)
        self._ahead_ms.append(round(ahead_ms))
        self._tell()

    def snowflake(self, at_ms: int) -> int | None:
        """Return what Discord would name a moment of our clock; None as long as that is not known."""
        if self.ahead_ms is None:
            return None
        return snowflake_of(at_ms - self.ahead_ms)

    def _tell(self) -> None:
        ahead_ms, now_s = self.ahead_ms, self._clock.monotonic_s()
        if ahead_ms is None or not self.is_told:
            self._told_ms = None
            return
        is_told_lately = now_s - self._told_at_s < HOUR_MS / MS_PER_S
        if self._told_ms is None or abs(ahead_ms - self._told_ms) > TOLD_FROM_MS or not is_told_lately:
            self._told_ms, self._told_at_s = ahead_ms, now_s
            _log.warning(
                "this host's clock is %d s %s Discord's: set it (for example by NTP)",
                abs(ahead_ms) // MS_PER_S, "ahead of" if ahead_ms > 0 else "behind",
            )  # fmt: skip
