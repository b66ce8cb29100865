"""Connections to the one database file: one writer, separate readers, cancellation-proof transactions."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import aiosqlite

from kleinbot.domain.errors import Code, Refusal, StartError
from kleinbot.domain.faults import FaultPoint, Faults, NoFaults

Row = sqlite3.Row
Value = str | int | float | None

MEMBER_PATIENCE_S = 1.5
"""How long a transaction waits for its turn where somebody waits for an answer: Discord gives it 3 s."""

WORK_PATIENCE_S = 5.0
"""The same where nobody does. Whoever works in the background tries again after that."""

_READING_PATIENCE_MS = 5000
_ONE_TRY_MS = 100
"""How long one BEGIN waits for another program. Between two, others of ours have their turn."""

_BETWEEN_TRIES_S = 0.02
_READERS_KIB = 16 * 1024
"""What one reader keeps of the file: somebody who types is asked the same pages at every key."""


class DatabaseBusyError(Refusal, sqlite3.OperationalError):
    """Another program holds the database: nothing of the transaction has happened.

    A refusal for who waits for an answer, and SQLite's own error for who tries again.
    """

    def __init__(self) -> None:
        super().__init__(Code.DATABASE_BUSY)
        self.sqlite_errorcode = sqlite3.SQLITE_BUSY


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

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self._afterwards: list[Callable[[], None]] = []

    def once_committed(self, act: Callable[[], None]) -> None:
        """Have ``act`` called when all of this is in the file, before anybody else's transaction begins.

        That is how what is kept in memory follows the rows: it also happens where whoever asked is cancelled
        during COMMIT, which nothing can stop any more. ``act`` must not raise.
        """
        self._afterwards.append(act)

    def committed(self) -> None:
        for act in self._afterwards:
            act()

    async def change(self, sql: str, *values: Value) -> int:
        """Run one statement; return how many rows it changed."""
        async with self._connection.execute(sql, values) as cursor:
            return cursor.rowcount

    async def change_each(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Run one statement for each row of values."""
        async with self._connection.executemany(sql, rows):
            pass


class Database:
    """Owns the writer and the readers of one file; close it, or the process never ends.

    ``searching`` is another reader, for what may take long (see ``store.searching``).
    """

    def __init__(
        self,
        writer: aiosqlite.Connection,
        reader: aiosqlite.Connection,
        searcher: aiosqlite.Connection,
        faults: Faults,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._searcher = searcher
        self._faults = faults
        self._writing = asyncio.Lock()
        self.read = Reader(reader)
        self.searching = Reader(searcher)

    @classmethod
    async def open(cls, file: Path, faults: Faults | None = None) -> Self:
        """Open ``file``, which ``migrations.migrate`` has brought to the current schema."""
        async with AsyncExitStack() as opened:
            writer = await _connect(str(file), uri=False)
            opened.push_async_callback(writer.close)
            [answer] = await writer.execute_fetchall("PRAGMA journal_mode = WAL")
            if answer[0] != "wal":
                raise StartError(Code.DATABASE_WITHOUT_LOG, file=str(file), mode=str(answer[0]))
            # FULL: a picture that somebody paid for survives a power cut; 1,000 commits a second are plenty.
            await writer.execute_fetchall("PRAGMA synchronous = FULL")
            await writer.execute_fetchall(f"PRAGMA busy_timeout = {_ONE_TRY_MS}")
            read_only = f"file:{quote(str(file))}?mode=ro"
            reader = await _connect(read_only, uri=True)
            opened.push_async_callback(reader.close)
            searcher = await _connect(read_only, uri=True)
            for each in (reader, searcher):
                await each.execute_fetchall(f"PRAGMA cache_size = -{_READERS_KIB}")
            opened.pop_all()
            return cls(writer, reader, searcher, faults or NoFaults())

    async def close(self) -> None:
        """Wait for the running transaction, then close both connections. Idempotent."""
        async with self._writing:
            await self._searcher.close()
            await self._reader.close()
            await self._writer.close()

    async def limit_searches(self, is_over: Callable[[], bool], steps: int) -> None:
        """End statements of ``searching`` once ``is_over``, which is asked every so many of SQLite's steps.

        It is asked on the connection's own thread.
        """
        await self._searcher.set_progress_handler(is_over, steps)

    @asynccontextmanager
    async def transaction(self, patience_s: float = WORK_PATIENCE_S) -> AsyncIterator[Transaction]:
        """Run the body as one write transaction: committed whole, or rolled back where it raises.

        A cancelled body is rolled back. BEGIN, COMMIT and ROLLBACK themselves always run to their end,
        since a connection that is left inside a transaction would swallow every later writer's work.

        Raises DatabaseBusyError where its turn does not come within ``patience_s``.
        """
        await self._begin(patience_s)
        transaction = Transaction(self._writer)
        try:
            try:
                yield transaction
                commit = asyncio.ensure_future(self._commit(transaction))
                self._faults.reach(FaultPoint.COMMITTING)
                await to_its_end(commit)
            except BaseException:
                # Nothing happens where it was committed: whoever was cancelled meanwhile is told only then.
                await to_its_end(self._writer.rollback())
                raise
        finally:
            self._writing.release()

    async def _begin(self, patience_s: float) -> None:
        """Begin, and keep ``_writing`` from then on. What another program holds is asked for again and again.

        The lock is given back between two tries: who has little patience would else wait for who has much.
        """
        until_s = asyncio.get_running_loop().time() + patience_s
        while True:
            try:
                async with asyncio.timeout_at(until_s):
                    await self._writing.acquire()
            except TimeoutError as error:
                raise DatabaseBusyError from error
            try:
                # IMMEDIATE: a read transaction that turns into a write can fail at once in WAL mode.
                await to_its_end(self._writer.execute_fetchall("BEGIN IMMEDIATE"))
            except BaseException as error:
                try:
                    # A BEGIN during which somebody was cancelled may have succeeded.
                    await to_its_end(self._writer.rollback())
                finally:
                    self._writing.release()
                if not _is_busy(error):
                    raise
                if asyncio.get_running_loop().time() >= until_s:
                    raise DatabaseBusyError from error
            else:
                return
            await asyncio.sleep(_BETWEEN_TRIES_S)

    async def _commit(self, transaction: Transaction) -> None:
        await self._writer.commit()
        transaction.committed()


def _is_busy(error: BaseException) -> bool:
    # The low byte of an extended code is its kind (SQLite's documentation, "Result and Error Codes").
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_BUSY


async def _connect(where: str, *, uri: bool) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(where, uri=uri, isolation_level=None)
    connection.row_factory = sqlite3.Row
    await connection.execute_fetchall(f"PRAGMA busy_timeout = {_READING_PATIENCE_MS}")
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


async def to_its_end(work: Awaitable[Any]) -> None:
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
