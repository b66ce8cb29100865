"""Measures how late the event loop runs: what blocks it delays every answer to Discord."""

import asyncio
import logging
import time

_log = logging.getLogger(__name__)

EVERY_S = 0.02
LATE_S = 0.25


class LoopWatch:
    """Keeps the worst delay since ``reset``. Measures real time: an injected clock would measure nothing."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._is_begun = False

    def reset(self) -> None:
        """Begin anew, and say from now on when it is late: while a model loads it may be."""
        self.worst_s = 0.0
        self._is_begun = True

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(EVERY_S)
            late_s = time.monotonic() - before_s - EVERY_S
            self.worst_s = max(self.worst_s, late_s)
            if late_s > LATE_S and self._is_begun:
                _log.warning("the event loop was %.0f ms late", late_s * 1000)
