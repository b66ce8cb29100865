import asyncio
import random
import sqlite3
from pathlib import Path

import pytest

from kleinbot.store.database import Database, disk_is_full


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
    await _transfer(database)  # the connection was not left inside somebody's transaction
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


async def test_a_cancellation_is_not_lost_where_the_lock_never_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever tries again after an error would go on trying while everything around it ends."""
    monkeypatch.setattr("kleinbot.store.database._BUSY_TIMEOUT_MS", 100)
    database = await Database.open(tmp_path / "own.sqlite3")
    await _accounts(database)
    other = sqlite3.connect(tmp_path / "own.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(_transfer(database))
    for _ in range(20):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await waiting
    assert isinstance(raised.value.__cause__, sqlite3.OperationalError)
    other.close()
    await _transfer(database)
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
