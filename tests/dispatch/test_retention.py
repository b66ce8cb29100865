"""The task that forgets: page by page, and again the next day."""

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from kleinbot.dispatch.retention import PAGE_ROWS, Retention
from kleinbot.domain.clock import DAY_MS
from kleinbot.store.database import Database
from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import START_MS, ManualClock
from tests.store.million import Scale, build

OLD = Scale(jobs=900, members=10, servers=1, open=5)


class _Quick(ManualClock):
    """Every sleep is over at once, and counted; the first whole day is not."""

    def __init__(self) -> None:
        super().__init__(START_MS + 400 * DAY_MS)
        self.pauses = 0
        self.done = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds > 3600:
            self.done.set()
            await super().sleep(seconds)
        self.pauses += 1


async def test_a_day_s_forgetting_goes_through_each_table_in_pages(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    build(file, OLD, START_MS)
    migrate(file, load_migrations(), ManualClock())
    with closing(sqlite3.connect(file)) as connection:
        (attempts,) = connection.execute("SELECT COUNT(*) FROM attempts").fetchone()
        kept = connection.execute(
            "SELECT outbox_id FROM outbox WHERE state = 'kept' ORDER BY outbox_id"
        ).fetchall()
    assert attempts > 2 * PAGE_ROWS
    clock = _Quick()
    database = await Database.open(file)
    running = asyncio.create_task(Retention(database, clock).run())
    async with asyncio.timeout(60):
        await clock.done.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert clock.pauses >= attempts // PAGE_ROWS + 3
    assert await database.read.number("SELECT COUNT(*) FROM attempts") == 0
    left = await database.read.all("SELECT outbox_id FROM outbox ORDER BY outbox_id")
    assert [tuple(row) for row in left] == kept
    assert await database.read.number("SELECT COUNT(*) FROM jobs") == OLD.jobs
    await database.close()
