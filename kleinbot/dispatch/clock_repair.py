"""Repairs rows that were stamped while the system clock ran ahead, once it is right again."""

import logging
from collections.abc import Callable

from kleinbot.domain.clock import Clock
from kleinbot.store import clock_repair
from kleinbot.store.database import Database

_log = logging.getLogger(__name__)

_EVERY_S = 5 * 60.0


class ClockRepair:
    """Checks the rows' timestamps at the start and every five minutes.

    Not a part of recovery: a clock is often set right while the bot runs, and may be years behind before
    there is a network. By its first look the bot has logged in.
    """

    def __init__(self, database: Database, wake: Callable[[], None], clock: Clock) -> None:
        """``wake`` is called when more rows may be due."""
        self._database = database
        self._wake = wake
        self._clock = clock

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(_EVERY_S)

    async def look(self) -> None:
        """Repair the rows with timestamps from the future."""
        async with self._database.transaction() as transaction:
            back = await clock_repair.repair(transaction, self._clock.now_ms())
        if back:
            _log.warning(
                "the clock was ahead: %d rows are due, %d ledger entries count from now, %d grants are back,"
                " %d grants begin now",
                back.due, back.spendings, back.grants, back.granted,
            )  # fmt: skip
            self._wake()
