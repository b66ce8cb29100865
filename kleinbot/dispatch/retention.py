"""Deletes expired rows once a day, a page at a time, so that no transaction takes long."""

import logging
import sqlite3

from kleinbot.domain.clock import DAY_MS, MS_PER_S, Clock
from kleinbot.store import retention
from kleinbot.store.database import Database

_log = logging.getLogger(__name__)

PAGE_ROWS = 500
"""Rows of one transaction: a few milliseconds."""

_BETWEEN_PAGES_S = 0.5
_RETRY_S = 60.0
_EVERY_S = DAY_MS / MS_PER_S


class Retention:
    """``run`` is its only task."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Delete until cancelled."""
        while True:
            for step in retention.STEPS:
                await self._through(step)
            await self._clock.sleep(_EVERY_S)

    async def _through(self, step: retention.Step) -> None:
        """Go through one table. A page that the database refuses is tried again later."""
        after_id: int | None = 0
        while after_id is not None:
            try:
                async with self._database.transaction() as transaction:
                    after_id = await step(transaction, after_id, PAGE_ROWS, self._clock.now_ms())
            except sqlite3.OperationalError as error:
                _log.warning("old rows could not be deleted and are kept for now: %s", error)
                await self._clock.sleep(_RETRY_S)
            else:
                await self._clock.sleep(_BETWEEN_PAGES_S)
