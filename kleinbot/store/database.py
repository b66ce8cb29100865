"""Connections to the one database file: one writer, separate readers, cancellation-proof transactions."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import aiosqlite

Row = sqlite3.Row
Value = str | int | float | None

_BUSY_TIMEOUT_MS = 5000


def disk_is_full(error: BaseException) -> bool:
    """Say whether this is SQLite's word for a disk on which nothing more can be written."""
    # What Python itself raises in SQLite's name has no code.
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


class Reader:
    """Runs queries on one connection."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def all(self, sql: str, *values: Value) -> list[Row]:
        """Return every row. The cursor is consumed at once: an open one would pin the write-ahead log."""
        return list(await self._connection.execute_fetchall(sql, values))

    async def one(self, sql: str, *values: Value) -> Row | None:
        """Return the first row, or None."""
        rows = await self.all(sql, *values)
        return rows[0] if rows else None

    async def number(self, sql: str, *values: Value) -> int:
        """Return the first column of the first row as a whole number; 0 where there is none."""
        row = await self.one(sql, *values)
        return 0 if row is None or row[0] is None else int(row[0])


class Transaction(Reader):
    """A reader that may also write; exists only inside ``Database.transaction``."""

    async def change(self, sql: str, *values: Value) -> int:
        """Run one statement; return how many rows it changed."""
        async with self._connection.execute(sql, values) as cursor:
            return cursor.rowcount

    async def change_each(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Run one statement for each row of values."""
        async with self._connection.executemany(sql, rows):
            pass


class Database:
    """Owns the writer and the reader of one file; close it, or the process never ends."""

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._writing = asyncio.Lock()
        self.read = Reader(reader)

    @classmethod
    async def open(cls, file: Path) -> Self:
        """Open ``file``, which ``migrations.migrate`` has brought to the current schema."""
        async with AsyncExitStack() as opened:
            writer = await _connect(str(file), uri=False)
            opened.push_async_callback(writer.close)
            await writer.execute_fetchall("PRAGMA journal_mode = WAL")
            # FULL: a picture that somebody paid for survives a power cut; 1,000 commits a second are plenty.
            await writer.execute_fetchall("PRAGMA synchronous = FULL")
            reader = await _connect(f"file:{quote(str(file))}?mode=ro", uri=True)
            opened.pop_all()
            return cls(writer, reader)

    async def close(self) -> None:
        """Wait for the running transaction, then close both connections. Idempotent."""
        async with self._writing:
            await self._reader.close()
            await self._writer.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Run the body as one write transaction: committed whole, or rolled back where it raises.

        A cancelled body is rolled back. BEGIN, COMMIT and ROLLBACK themselves always run to their end,
        since a connection that is left inside a transaction would swallow every later writer's work.
        """
        async with self._writing:
            try:
                # IMMEDIATE: a read transaction that turns into a write can fail at once in WAL mode.
                await _to_its_end(self._writer.execute_fetchall("BEGIN IMMEDIATE"))
                yield Transaction(self._writer)
                await _to_its_end(self._writer.commit())
            except BaseException:
                # Nothing happens where it was committed: whoever was cancelled meanwhile is told only then.
                await _to_its_end(self._writer.rollback())
                raise


async def _connect(where: str, *, uri: bool) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(where, uri=uri, isolation_level=None)
    connection.row_factory = sqlite3.Row
    await connection.execute_fetchall(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    await connection.execute_fetchall("PRAGMA foreign_keys = ON")
    # SQLite's own LIKE and lower() know the case of ASCII letters only.
    await connection.create_function("has_words", 2, has_words, deterministic=True)
    return connection


def has_words(prompt: str, words: str) -> bool:
    """Say whether each of the casefolded ``words``, one a line, occurs in ``prompt``; true without any."""
    if not words:
        return True
    folded = prompt.casefold()
    return all(word in folded for word in words.split("\n"))


async def _to_its_end(work: Awaitable[Any]) -> None:
    """Await ``work`` to its end even while being cancelled; the cancellation is raised afterwards.

    Also where ``work`` failed: whoever tries again after an error would else never hear of it.
    """
    task = asyncio.ensure_future(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancellation = error
        except sqlite3.Error:
            break
    if cancellation is not None:
        raise cancellation from task.exception()
    task.result()
