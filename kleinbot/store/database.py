"""Connections to the database file: one writer, separate readers, cancellation-proof transactions."""

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
from kleinbot.store.keyed_hash import KeyedHash
from kleinbot.store.search_text import has_words

Row = sqlite3.Row
Value = str | int | float | None

MEMBER_TIMEOUT_S = 1.5
"""How long a transaction waits for its turn while a member awaits an answer; Discord allows 3 s in all."""

BACKGROUND_TIMEOUT_S = 5.0
"""The same for background work, which retries after that."""

_READ_TIMEOUT_MS = 5000
_ONE_TRY_MS = 100
"""How long one BEGIN waits for another program. Between two tries, other tasks of ours get their turn."""

_BETWEEN_TRIES_S = 0.02
_READER_CACHE_KIB = 16 * 1024
"""One reader's page cache: autocompletion reads the same pages at every keystroke."""


class DatabaseBusyError(Refusal, sqlite3.OperationalError):
    """Another program holds the database; the transaction changed nothing.

    A refusal for members who await an answer, and SQLite's own error for callers that retry.
    """

    def __init__(self) -> None:
        super().__init__(Code.DATABASE_BUSY)
        self.sqlite_errorcode = sqlite3.SQLITE_BUSY


def disk_is_full(error: BaseException) -> bool:
    """Return whether ``error`` is SQLite's error for a full disk."""
    # Errors that Python's sqlite3 module raises itself have no code.
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


class Reader:
    """Runs queries on one connection."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def all(self, sql: str, *values: Value) -> list[Row]:
        """Return every row. Exhausts the cursor, since an open one would pin the write-ahead log."""
        return list(await self._connection.execute_fetchall(sql, values))

    async def one(self, sql: str, *values: Value) -> Row | None:
        """Return the first row, or None."""
        rows = await self.all(sql, *values)
        return rows[0] if rows else None

    async def number(self, sql: str, *values: Value) -> int:
        """Return the first column of the first row as an int; 0 if there is none."""
        row = await self.one(sql, *values)
        return 0 if row is None or row[0] is None else int(row[0])


class Transaction(Reader):
    """A reader that can also write; exists only inside ``Database.transaction``."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self._callbacks: list[Callable[[], None]] = []

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` after the commit, before the next transaction begins.

        It keeps state in memory in step with the rows. It also runs if the caller is cancelled during COMMIT,
        which can no longer be stopped. ``callback`` must not raise.
        """
        self._callbacks.append(callback)

    def committed(self) -> None:
        for callback in self._callbacks:
            callback()

    async def change(self, sql: str, *values: Value) -> int:
        """Run one statement and return the number of changed rows."""
        async with self._connection.execute(sql, values) as cursor:
            return cursor.rowcount

    async def change_each(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Run one statement for each row of values."""
        async with self._connection.executemany(sql, rows):
            pass


class Database:
    """Owns the writer and the readers of one file. Close it, or the process never ends.

    ``searching`` is a further reader for slow queries (see ``store.bounded_search``).
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
        """Open ``file``, which must have the current schema (``migrations.migrate``)."""
        async with AsyncExitStack() as opened:
            hashes = KeyedHash(file)
            writer = await _connect(str(file), hashes, uri=False)
            opened.push_async_callback(writer.close)
            [answer] = await writer.execute_fetchall("PRAGMA journal_mode = WAL")
            if answer[0] != "wal":
                raise StartError(Code.DATABASE_WITHOUT_LOG, file=str(file), mode=str(answer[0]))
            # FULL: a paid picture survives a power cut; 1,000 commits a second are more than enough.
            await writer.execute_fetchall("PRAGMA synchronous = FULL")
            # What is deleted is overwritten with zeros, also in free pages.
            await writer.execute_fetchall("PRAGMA secure_delete = ON")
            await writer.execute_fetchall(f"PRAGMA busy_timeout = {_ONE_TRY_MS}")
            read_only = f"file:{quote(str(file))}?mode=ro"
            reader = await _connect(read_only, hashes, uri=True)
            opened.push_async_callback(reader.close)
            searcher = await _connect(read_only, hashes, uri=True)
            for each in (reader, searcher):
                await each.execute_fetchall(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
            opened.pop_all()
            return cls(writer, reader, searcher, faults or NoFaults())

    async def close(self) -> None:
        """Wait for the running transaction, then close all connections. Idempotent."""
        async with self._writing:
            await self._searcher.close()
            await self._reader.close()
            await self._writer.close()

    async def truncate_log(self) -> bool:
        """Write everything from the write-ahead log into the file and empty the log, which keeps old pages.

        Returns False where a reader still needs it, or another program writes.
        """
        async with self._writing:
            rows = await run_to_completion(self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)"))
        [row] = rows
        return bool(row[0] == 0)

    async def limit_searches(self, is_over: Callable[[], bool], steps: int) -> None:
        """Abort statements of ``searching`` once ``is_over`` returns True.

        SQLite calls it every ``steps`` instructions, on the connection's own thread.
        """
        await self._searcher.set_progress_handler(is_over, steps)

    @asynccontextmanager
    async def transaction(self, timeout_s: float = BACKGROUND_TIMEOUT_S) -> AsyncIterator[Transaction]:
        """Run the body as one write transaction: committed as a whole, or rolled back if it raises.

        A cancelled body is rolled back. BEGIN, COMMIT and ROLLBACK themselves always run to completion,
        since a connection left inside a transaction would swallow every later writer's work.

        Raises DatabaseBusyError if its turn does not come within ``timeout_s``.
        """
        await self._begin(timeout_s)
        transaction = Transaction(self._writer)
        try:
            try:
                yield transaction
                commit = asyncio.ensure_future(self._commit(transaction))
                self._faults.reach(FaultPoint.COMMITTING)
                await run_to_completion(commit)
            except BaseException:
                # A no-op after a commit: a cancellation during COMMIT is raised only once it is done.
                await run_to_completion(self._writer.rollback())
                raise
        finally:
            self._writing.release()

    async def _begin(self, timeout_s: float) -> None:
        """Begin a transaction and keep ``_writing``. Retries while another program holds the database.

        Releases the lock between two tries; otherwise a short timeout would wait behind a long one.
        """
        until_s = asyncio.get_running_loop().time() + timeout_s
        while True:
            try:
                async with asyncio.timeout_at(until_s):
                    await self._writing.acquire()
            except TimeoutError as error:
                raise DatabaseBusyError from error
            try:
                # IMMEDIATE: a read transaction that turns into a write can fail at once in WAL mode.
                await run_to_completion(self._writer.execute_fetchall("BEGIN IMMEDIATE"))
            except BaseException as error:
                try:
                    # A BEGIN that was cancelled may still have succeeded.
                    await run_to_completion(self._writer.rollback())
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
    # The low byte of an extended code is the primary code (SQLite's documentation, "Result and Error Codes").
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_BUSY


async def _connect(where: str, hashes: KeyedHash, *, uri: bool) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(where, uri=uri, isolation_level=None)
    connection.row_factory = sqlite3.Row
    await connection.execute_fetchall(f"PRAGMA busy_timeout = {_READ_TIMEOUT_MS}")
    await connection.execute_fetchall("PRAGMA foreign_keys = ON")
    # SQLite's LIKE and lower() fold the case of ASCII letters only.
    await connection.create_function("has_words", 2, has_words, deterministic=True)
    await connection.create_function("keyed_hash", 2, hashes.known)
    await connection.create_function("made_keyed_hash", 2, hashes.made)
    return connection


async def run_to_completion(work: Awaitable[Any]) -> Any:  # noqa: ANN401 - whatever ``work`` returns
    """Await ``work`` to completion even if cancelled, then raise the cancellation; return its result.

    Raises it even if ``work`` failed; otherwise a caller that retries after errors would never see it.
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
    return task.result()
