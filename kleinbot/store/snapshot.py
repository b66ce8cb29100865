"""Consistent copies of the database, taken while it is in use."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kleinbot.process import private_files
from kleinbot.store.inspection import open_read_only
from kleinbot.store.results import picture_rows

_TIMEOUT_S = 5.0
_PAGES_AT_ONCE = 2048
"""8 MiB of pages of the usual size; progress is reported as often."""


@dataclass(frozen=True)
class Snapshot:
    """A database's description. ``numbers``: the highest job number of each server, by its id."""

    identity: str | None
    schema: int
    numbers: dict[int, int]
    jobs: int


def database_bytes(file: Path) -> int:
    """Return the size of a copy of ``file``. Raises sqlite3.Error."""
    with closing(_open(file)) as connection:
        pages, page_bytes = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
        )
    return int(pages) * int(page_bytes)


def copy_database(file: Path, copy: Path, report_progress: Callable[[int, int], None]) -> None:
    """Copy the present state of ``file`` to ``copy``, which must not exist, without blocking writers.

    The copy has no write-ahead log and is synced when this returns. ``report_progress`` receives the copied
    and the total pages. Raises sqlite3.Error, OSError.
    """
    private_files.make_empty(copy)
    with (
        closing(_open(file)) as source,
        closing(sqlite3.connect(copy, isolation_level=None, timeout=_TIMEOUT_S)) as target,
    ):
        # A read transaction keeps the snapshot; without one, each write in between restarts the copy.
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
        source.backup(
            target,
            pages=_PAGES_AT_ONCE,
            progress=lambda _status, left, total: report_progress(total - left, total),
        )
        source.execute("ROLLBACK")
        target.execute("PRAGMA journal_mode = DELETE")
    # SQLite does not sync the last change to disk.
    with copy.open("rb+") as opened:
        os.fsync(opened.fileno())


def damage_of(file: Path) -> str | None:
    """Return the finding of SQLite's integrity check of an unused file; None if it is intact.

    Raises sqlite3.Error.
    """
    with closing(open_read_only(file)) as connection:
        answer = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    return None if answer == "ok" else answer


def describe(file: Path) -> Snapshot:
    """Read the description of the database ``file``. Raises sqlite3.Error."""
    with picture_rows.reading(file) as connection:
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        jobs = int(connection.execute("SELECT COUNT(*) FROM jobs").fetchone()[0])
        return Snapshot(picture_rows.identity(connection), schema, picture_rows.numbers(connection), jobs)


def _open(file: Path) -> sqlite3.Connection:
    """Open an existing database that others may be using."""
    return sqlite3.connect(
        f"file:{quote(str(file))}?mode=rw", uri=True, isolation_level=None, timeout=_TIMEOUT_S
    )
