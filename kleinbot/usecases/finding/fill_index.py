"""Keeps the search index up with the results, page by page, beside everything else."""

import logging
import sqlite3

from kleinbot.domain.clock import Clock
from kleinbot.store.database import Database
from kleinbot.store.results import search_index

_log = logging.getLogger(__name__)

_LOOK_EVERY_S = 30.0
_BETWEEN_PAGES_S = 0.1
"""A page holds the database's writer for some milliseconds, and members' requests go between two of them."""


class FillSearchIndex:
    """Adds results to the index. Until then a search reads their prompts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Add what is new until cancelled. A failed page is repeated."""
        while True:
            pause_s = _LOOK_EVERY_S
            try:
                if await self.add_page():
                    pause_s = _BETWEEN_PAGES_S
            except sqlite3.OperationalError as error:
                _log.warning("the search index is filled later: %s", error)
            await self._clock.sleep(pause_s)

    async def add_page(self) -> bool:
        """Add a page. Return whether there may be more."""
        if not await search_index.is_behind(self._database.read):
            return False
        async with self._database.transaction() as transaction:
            return await search_index.add_page(transaction) >= search_index.PAGE_JOBS
