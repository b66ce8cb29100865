"""Searches: what people type is looked for on a connection of its own, and not for ever."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Database, Reader, Row, Value, to_its_end

SEARCH_S = 0.5
"""From the moment somebody asks: the search of somebody else before it is counted in."""

_STEPS_BETWEEN_LOOKS = 1000
"""So many instructions of SQLite's machine go through some 50 prompts."""


class SearchEndedError(Refusal):
    """A search has taken ``SEARCH_S``, or its asker has begun another one."""

    def __init__(self) -> None:
        super().__init__(Code.SEARCH_ENDED)


@dataclass
class _Limit:
    """When one search ends. Asked by SQLite on its own thread."""

    clock: Clock
    until_s: float
    is_stopped: bool = False

    def is_over(self) -> bool:
        return self.is_stopped or self.clock.monotonic_s() >= self.until_s


class _Limited(Reader):
    """A reader whose statements end with their limit, and when whoever waits for them is cancelled."""

    def __init__(self, reader: Reader, limit: _Limit) -> None:
        self._reader = reader
        self._limit = limit

    async def all(self, sql: str, *values: Value) -> list[Row]:
        running = asyncio.ensure_future(self._reader.all(sql, *values))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # The next search waits for the thread, so this one leaves it first.
            self._limit.is_stopped = True
            with suppress(sqlite3.Error):
                await to_its_end(running)
            raise
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise SearchEndedError from error
            raise


class BoundedSearches:
    """One search runs at a time, and each member has one: their next one ends it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._turn = asyncio.Lock()
        self._limits: dict[MemberKey, _Limit] = {}

    @asynccontextmanager
    async def reader(self, asker: MemberKey) -> AsyncIterator[Reader]:
        """Give a reader for one search. It raises SearchEndedError, as this does, where it takes too long."""
        limit = _Limit(self._clock, self._clock.monotonic_s() + SEARCH_S)
        earlier = self._limits.get(asker)
        if earlier is not None:
            earlier.is_stopped = True
        self._limits[asker] = limit
        try:
            try:
                async with asyncio.timeout(SEARCH_S):
                    await self._turn.acquire()
            except TimeoutError as error:
                raise SearchEndedError from error
            try:
                await self._database.limit_searches(limit.is_over, _STEPS_BETWEEN_LOOKS)
                yield _Limited(self._database.searching, limit)
            finally:
                self._turn.release()
        finally:
            if self._limits.get(asker) is limit:
                del self._limits[asker]
