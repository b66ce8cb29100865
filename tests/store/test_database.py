import asyncio
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import FaultPoint
from kleinbot.store.database import Database, DatabaseBusyError, disk_is_full


async def _accounts(database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.change("CREATE TABLE accounts (name TEXT PRIMARY KEY, amount INTEGER NOT NULL)")
        await transaction.change("INSERT INTO accounts VALUES ('a', 0), ('b', 0)")


async def _transfer(database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.change("UPDATE accounts SET amount = amount - 1 WHERE name = 'a'")
        await asyncio.sleep(0)
        await transaction.change("UPDATE accounts SET amount = amount + 1 WHERE name = 'b'")


async def test_a_transaction_that_raises_leaves_nothing_behind(database: Database) -> None:
    await _accounts(database)
    with pytest.raises(LookupError):
        async with database.transaction() as transaction:
            await transaction.change("UPDATE accounts SET amount = 5")
            raise LookupError
    assert await database.read.number("SELECT SUM(amount) FROM accounts") == 0


async def test_transfers_cancelled_at_any_moment_are_whole_or_absent(database: Database) -> None:
    await _accounts(database)
    chance = random.Random(3)
    tasks = [asyncio.create_task(_transfer(database)) for _ in range(300)]
    while pending := [task for task in tasks if not task.done()]:
        if chance.random() < 0.3:
            chance.choice(pending).cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)

    assert any(task.cancelled() for task in tasks)
    assert await database.read.number("SELECT SUM(amount) FROM accounts") == 0
    moved = await database.read.number("SELECT amount FROM accounts WHERE name = 'b'")
    assert moved >= sum(not task.cancelled() for task in tasks)
    await _transfer(database)  # the connection was not left inside a transaction
    assert await database.read.number("SELECT amount FROM accounts WHERE name = 'b'") == moved + 1


async def test_a_task_cancelled_while_it_waits_for_the_lock_of_another_process_leaves_no_transaction(
    database: Database, database_file: object
) -> None:
    await _accounts(database)
    other = sqlite3.connect(str(database_file), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(_transfer(database))
    for _ in range(20):
        await asyncio.sleep(0)
    waiting.cancel()
    other.execute("COMMIT")
    other.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await _transfer(database)
    assert await database.read.number("SELECT amount FROM accounts WHERE name = 'b'") == 1


async def test_a_cancellation_is_not_lost_where_the_lock_never_comes(tmp_path: Path) -> None:
    """Otherwise a caller that retries after errors would keep retrying during a shutdown."""
    database = await Database.open(tmp_path / "own.sqlite3")
    await _accounts(database)
    other = sqlite3.connect(tmp_path / "own.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(_transfer(database))
    for _ in range(20):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    other.close()
    await _transfer(database)
    await database.close()


@contextmanager
def _held(file: Path) -> Iterator[None]:
    """Another program's transaction, for as long as the body lasts."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")


async def test_who_has_little_patience_is_told_soon_and_nothing_has_happened(
    database: Database, database_file: Path
) -> None:
    await _accounts(database)
    with _held(database_file):
        with pytest.raises(DatabaseBusyError) as caught:
            async with database.transaction(0.05):
                pytest.fail("the body runs without the lock")
        assert caught.value.code is Code.DATABASE_BUSY
        # Background tasks that retry catch SQLite's own error.
        assert isinstance(caught.value, sqlite3.OperationalError)
    await _transfer(database)
    assert await database.read.number("SELECT amount FROM accounts WHERE name = 'b'") == 1


async def test_who_has_much_patience_holds_up_nobody_who_has_little(
    database: Database, database_file: Path
) -> None:
    """Both get turns; otherwise a member would wait as long as a background task."""
    await _accounts(database)
    with _held(database_file):
        patient = asyncio.create_task(_transfer(database))
        await asyncio.sleep(0)
        for _ in range(3):
            with pytest.raises(DatabaseBusyError):
                async with database.transaction(0.05):
                    pytest.fail("the body runs without the lock")
        assert not patient.done()
    await patient
    assert await database.read.number("SELECT amount FROM accounts WHERE name = 'b'") == 1


async def test_what_follows_the_rows_follows_a_commit_only(database: Database) -> None:
    await _accounts(database)
    followed: list[str] = []
    with pytest.raises(LookupError):
        async with database.transaction() as transaction:
            transaction.after_commit(lambda: followed.append("rolled back"))
            raise LookupError
    async with database.transaction() as transaction:
        transaction.after_commit(lambda: followed.append("committed"))
        assert followed == []
    assert followed == ["committed"]


class _CancelledAt:
    """Cancels the task that reaches a fault point."""

    def __init__(self, point: FaultPoint) -> None:
        self._point = point

    def reach(self, point: FaultPoint) -> None:
        task = asyncio.current_task()
        if point is self._point and task is not None:
            task.cancel()


async def test_what_follows_the_rows_follows_also_where_its_task_is_cancelled_during_commit(
    database_file: Path,
) -> None:
    database = await Database.open(database_file, _CancelledAt(FaultPoint.COMMITTING))
    followed: list[str] = []

    async def change() -> None:
        async with database.transaction() as transaction:
            await transaction.change("INSERT INTO facts VALUES ('door', 'open')")
            transaction.after_commit(lambda: followed.append("committed"))

    task = asyncio.create_task(change())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await database.read.number("SELECT COUNT(*) FROM facts") == 1
    assert followed == ["committed"]
    await database.close()


async def test_a_commit_that_fails_leaves_no_transaction_behind(database: Database) -> None:
    await _accounts(database)
    async with database.transaction() as transaction:
        await transaction.change("CREATE TABLE owned (owner TEXT NOT NULL REFERENCES accounts (name))")
    with pytest.raises(sqlite3.IntegrityError):
        async with database.transaction() as transaction:
            await transaction.change("PRAGMA defer_foreign_keys = ON")
            await transaction.change("INSERT INTO owned VALUES ('nobody')")
    assert await database.read.number("SELECT COUNT(*) FROM owned") == 0
    await _transfer(database)
    assert await database.read.number("SELECT amount FROM accounts WHERE name = 'b'") == 1


async def test_a_slow_reader_does_not_hold_up_the_writer(database: Database) -> None:
    await _accounts(database)
    slow = asyncio.create_task(
        database.read.all(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
            " SELECT COUNT(*) FROM n"
        )
    )
    await _transfer(database)
    assert not slow.done()
    await slow


async def test_only_a_full_disk_is_called_one(database: Database) -> None:
    """Python raises some of SQLite's errors itself, and those have no code."""
    with pytest.raises(sqlite3.OperationalError) as caught:
        await database.read.one("SELECT CAST(x'ff' AS TEXT)")
    assert not disk_is_full(caught.value)


async def test_a_database_without_a_write_ahead_log_is_refused() -> None:
    with pytest.raises(StartError) as refused:
        await Database.open(Path(":memory:"))
    assert (refused.value.code, refused.value.parameters["mode"]) == (Code.DATABASE_WITHOUT_LOG, "memory")
