"""Searches end in time, for their own member and for everybody who waits for them."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code
from kleinbot.domain.people import MemberKey
from kleinbot.store.bounded_search import SEARCH_S, BoundedSearches, SearchEndedError
from kleinbot.store.database import Database
from kleinbot.store.results import history
from kleinbot.store.results.history import HistoryQuery
from tests.manual_clock import ManualClock
from tests.store.rows import ADA

BOB = MemberKey(ADA.server_id, 2)
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


class _Ticking(ManualClock):
    """A clock that advances whenever SQLite reads it."""

    def monotonic_s(self) -> float:
        self.advance(0.05)
        return super().monotonic_s()


class _Standing(ManualClock):
    """A stopped clock that records when SQLite reads it, on SQLite's thread."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self.looked = asyncio.Event()

    def monotonic_s(self) -> float:
        self._loop.call_soon_threadsafe(self.looked.set)
        return 0.0


async def test_a_search_ends_after_its_time_and_leaves_the_reader_to_others(database: Database) -> None:
    clock = _Ticking()
    searches = BoundedSearches(database, clock)
    begun_s = clock.monotonic_s()
    with pytest.raises(SearchEndedError) as caught:
        async with searches.reader(ADA) as reader:
            await reader.all(ENDLESS)
    assert caught.value.code is Code.SEARCH_ENDED
    assert clock.monotonic_s() - begun_s < SEARCH_S + 0.3
    async with searches.reader(BOB) as reader:
        assert await history.older(reader, HistoryQuery(BOB, ("fox",)), None, 5) == []


async def test_everybody_else_reads_on_beside_a_search(database: Database) -> None:
    clock = _Standing()
    searches = BoundedSearches(database, clock)

    async def search() -> None:
        async with searches.reader(ADA) as reader:
            await reader.all(ENDLESS)

    searching = asyncio.create_task(search())
    await clock.looked.wait()
    assert await database.read.number("SELECT 1") == 1
    assert not searching.done()
    searching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await searching


async def test_who_is_cancelled_leaves_the_thread_at_once(database: Database) -> None:
    """Otherwise a cancelled client would keep the next one waiting for its search's whole time."""
    clock = _Standing()
    searches = BoundedSearches(database, clock)

    async def search() -> None:
        async with searches.reader(ADA) as reader:
            await reader.all(ENDLESS)

    searching = asyncio.create_task(search())
    await clock.looked.wait()
    searching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await searching
    async with searches.reader(BOB) as reader:
        assert await reader.number("SELECT 1") == 1


async def test_a_members_next_search_ends_their_earlier_one(database: Database) -> None:
    clock = _Standing()
    searches = BoundedSearches(database, clock)

    async def search() -> None:
        async with searches.reader(ADA) as reader:
            await reader.all(ENDLESS)

    typed = asyncio.create_task(search())
    await clock.looked.wait()
    async with searches.reader(ADA) as reader:
        assert await reader.number("SELECT 1") == 1
    with pytest.raises(SearchEndedError):
        await typed


async def test_a_reader_is_closed_with_its_database(database_file: Path) -> None:
    database = await Database.open(database_file)
    await database.close()
    with contextlib.suppress(ValueError):
        await database.searching.all("SELECT 1")
        pytest.fail("the connection is still open")
