"""Full-text searches of members, on a separate connection and with a time limit."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Database, Reader, Row, Value, run_to_completion

SEARCH_S = 0.5
"""Counted from the request, so it includes the wait for another member's search."""

_STEPS_BETWEEN_CHECKS = 1000
"""Instructions of SQLite's virtual machine; so many cover about 50 prompts."""


class SearchEndedError(Refusal):
    """A search took longer than ``SEARCH_S``, or its member started another one."""

    def __init__(self) -> None:
        super().__init__(Code.SEARCH_ENDED)


@dataclass
class _Limit:
    """The time limit of one search. SQLite checks it on its own thread."""

    clock: Clock
    until_s: float
    is_stopped: bool = False

    def is_over(self) -> bool:
        return self.is_stopped or self.clock.monotonic_s() >= self.until_s


class _LimitedReader(Reader):
    """A reader whose statements end at their limit, or when the awaiting task is cancelled."""

    def __init__(self, reader: Reader, limit: _Limit) -> None:
        self._reader = reader
        self._limit = limit

    async def all(self, sql: str, *values: Value) -> list[Row]:
        running = asyncio.ensure_future(self._reader.all(sql, *values))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # The next search needs the thread, so this one must leave it first.
            self._limit.is_stopped = True
            with suppress(sqlite3.Error):
                await run_to_completion(running)
            raise
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise SearchEndedError from error
            raise


class BoundedSearches:
    """Runs one search at a time, and at most one per member: a member's next search ends the previous."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._turn = asyncio.Lock()
        self._limits: dict[MemberKey, _Limit] = {}

    @asynccontextmanager
    async def reader(self, member: MemberKey) -> AsyncIterator[Reader]:
        """Yield a reader for one search. It and this method raise SearchEndedError after ``SEARCH_S``."""
        limit = _Limit(self._clock, self._clock.monotonic_s() + SEARCH_S)
        earlier = self._limits.get(member)
        if earlier is not None:
            earlier.is_stopped = True
        self._limits[member] = limit
        try:
            try:
                async with asyncio.timeout(SEARCH_S):
                    await self._turn.acquire()
            except TimeoutError as error:
                raise SearchEndedError from error
            try:
                await self._database.limit_searches(limit.is_over, _STEPS_BETWEEN_CHECKS)
                yield _LimitedReader(self._database.searching, limit)
            finally:
                self._turn.release()
        finally:
            if self._limits.get(member) is limit:
                del self._limits[member]
