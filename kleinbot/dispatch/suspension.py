"""Notices that the process or the whole machine stood still: suspended, paused in a container, or stopped."""

import logging

from kleinbot.domain.clock import MS_PER_S, Clock

_log = logging.getLogger(__name__)

NOTICED_FROM_S = 30.0
"""More than the delay of a busy event loop."""


class Suspension:
    """Must be asked every few seconds: it compares the clocks between two calls.

    Both clocks count. While a machine is suspended the monotonic one goes on under Windows and stands under
    Linux, where only the time of day jumps; while a process is stopped both go on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._monotonic_s, self._now_s = self._look()

    def is_over(self) -> bool:
        """Whether there was a standstill since the last call. Setting the time of day looks like one."""
        monotonic_s, now_s = self._look()
        lost_s = max(monotonic_s - self._monotonic_s, abs(now_s - self._now_s))
        self._monotonic_s, self._now_s = monotonic_s, now_s
        if lost_s < NOTICED_FROM_S:
            return False
        _log.warning("this process stood still for %.0f s: suspended, paused or stopped", lost_s)
        return True

    def _look(self) -> tuple[float, float]:
        return self._clock.monotonic_s(), self._clock.now_ms() / MS_PER_S
