"""Measures how late the event loop runs: anything that blocks it delays every answer to Discord."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)

EVERY_S = 0.02
LATE_S = 0.25


class LoopLag:
    """Keeps the worst delay since ``reset``, in real time: the bot's clock would measure nothing."""

    def __init__(
        self,
        monotonic_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._monotonic_s = monotonic_s
        self._sleep = sleep
        self.worst_s = 0.0
        self._begun_s: float | None = None

    def reset(self) -> None:
        """Start measuring anew, and warn about delays from now on; they are expected while a model loads."""
        self.worst_s = 0.0
        self._begun_s = self._monotonic_s()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due_s = self._monotonic_s() + EVERY_S
            await self._sleep(EVERY_S)
            # A measurement that began before the reset must not count time blocked before it.
            if self._begun_s is not None:
                due_s = max(due_s, self._begun_s)
            late_s = self._monotonic_s() - due_s
            self.worst_s = max(self.worst_s, late_s)
            if late_s > LATE_S and self._begun_s is not None:
                _log.warning("the event loop was %.0f ms late", late_s * 1000)
