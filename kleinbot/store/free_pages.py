"""Clears, once, what earlier versions deleted and SQLite did not overwrite.

Since ``secure_delete`` is on, what is deleted is overwritten with zeros. Databases that are older than that
still have rows in free pages and between rows. VACUUM writes the file anew (SQLite's documentation).
"""

import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

_log = logging.getLogger(__name__)

MOST_BYTES = 64 * 2**20
"""A larger database is left to its owner: VACUUM holds a copy of the file in memory, and the start waits."""

_FACT = "free_pages_cleared"
_DISK_COPIES = 3
"""The write-ahead log takes as much as the file, before the log is emptied."""

_TIMEOUT_S = 5.0


def clear_free_pages(file: Path, most_bytes: int = MOST_BYTES) -> None:
    """Write ``file`` anew unless that was done before. Before anybody else opens it.

    A failure is logged, and the next start tries again: the bot works without.
    """
    try:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=_TIMEOUT_S)) as connection:
            _clear(connection, file, most_bytes)
    except (sqlite3.OperationalError, OSError) as error:
        _log.warning("what earlier versions deleted stays in free pages for now: %s", error)


def _clear(connection: sqlite3.Connection, file: Path, most_bytes: int) -> None:
    if connection.execute("SELECT 1 FROM facts WHERE name = ?", (_FACT,)).fetchone() is not None:
        return
    if connection.execute("SELECT 1 FROM jobs LIMIT 1").fetchone() is None:
        _note(connection)  # nobody has ever asked for anything: rows of jobs are not deleted
        return
    pages, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
    )
    size = pages * page_bytes
    if size > most_bytes or shutil.disk_usage(file.parent).free < _DISK_COPIES * size:
        _log.warning(
            "rows that an earlier version deleted may still stand in free pages of %s (%d MiB). To clear"
            ' them, stop the bot, see that the disk has %d MiB, and run: sqlite3 "%s" "VACUUM;'
            " INSERT INTO facts VALUES ('%s', '1'); PRAGMA wal_checkpoint(TRUNCATE)\"",
            file, size // 2**20, _DISK_COPIES * size // 2**20, file, _FACT,
        )  # fmt: skip
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # Not in a file of its own: what is to be gone would be left on the disk.
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("VACUUM")
    [busy, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        return
    _note(connection)
    _log.info("what earlier versions deleted was cleared from the database's free pages")


def _note(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO facts (name, value) VALUES (?, '1')", (_FACT,))
