"""The loop over due rows: it drains what is due, and leaves alone for a while what cannot be noted."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import pytest

from kleinbot.chat.delivery.due_rows import LONGEST_PAUSE_S, DueRows, growing_pause_s
from tests.manual_clock import ManualClock, passes

CHANNEL = 7
ENDS_S = 10.0


class Work:
    """Rows that are all due at once; an attempt at a row takes it away, unless it fails."""

    def __init__(self, *keys: int) -> None:
        self.clock = ManualClock()
        self.due = list(keys)
        self.attempted: list[int] = []
        self.failing: set[int] = set()
        self.rows = DueRows("row", self._begin_due, self._next_due_ms, self.clock)

    async def _begin_due(self, now_ms: int) -> None:
        del now_ms
        for key in self.due:
            if key not in self.rows.busy:
                self.rows.begin(key, CHANNEL, self._attempt(key), self._attempt(key))

    async def _next_due_ms(self, now_ms: int) -> int | None:
        return now_ms if set(self.due) - self.rows.busy else None

    async def drain(self) -> None:
        async with asyncio.timeout(ENDS_S):
            await self.rows.drain()

    def _attempt(self, key: int) -> Callable[[], Awaitable[None]]:
        async def attempt() -> None:
            self.attempted.append(key)
            if key in self.failing:
                raise sqlite3.OperationalError("database is locked")
            self.due.remove(key)

        return attempt


async def test_everything_that_is_due_is_attempted_also_what_had_no_room_at_first() -> None:
    work = Work(*range(20))
    await work.drain()
    assert sorted(work.attempted) == list(range(20))
    assert work.due == []
    assert not work.rows.busy


async def test_a_row_that_cannot_be_noted_is_left_alone_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(1, 2)
    work.failing.add(1)
    await work.drain()
    assert sorted(work.attempted) == [1, 2]
    assert set(work.rows.busy) == {1}
    assert "row 1 could not be noted: database is locked" in caplog.text
    work.failing.clear()
    await passes(work.clock, 30.0)
    await work.drain()
    assert work.attempted.count(1) == 2
    assert work.due == []


def test_pauses_grow_up_to_a_bound() -> None:
    assert [growing_pause_s(attempts) for attempts in (0, 1, 2, 8, 300)] == [1, 2, 4, 256, LONGEST_PAUSE_S]
