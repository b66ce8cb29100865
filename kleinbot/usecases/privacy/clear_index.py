"""Writes the search index anew after an erasure, so that nothing of what was taken out stays in the file."""

from kleinbot.domain.clock import Clock
from kleinbot.store.database import Database
from kleinbot.store.results import search_index

_BETWEEN_S = 0.05
_MOST_STEPS = 100_000
"""Far more than an index of many millions of results needs; a step writes about a megabyte."""


async def clear_search_index(database: Database, clock: Clock) -> None:
    """Do so page by page. SQLite zeroes what it gives up (``secure_delete``); its log is the caller's."""
    async with database.transaction() as transaction:
        await search_index.begin_clearing(transaction)
    for _ in range(_MOST_STEPS):
        async with database.transaction() as transaction:
            if not await search_index.clear_on(transaction):
                return
        await clock.sleep(_BETWEEN_S)
