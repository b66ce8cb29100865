"""Inspects a database file without changing it or any file beside it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class DatabaseState:
    """A database's schema version. ``damage``: the finding of SQLite's quick check; None if it is intact."""

    version: int
    damage: str | None = None


def inspect(file: Path) -> DatabaseState:
    """Read the schema version of ``file`` and run SQLite's quick check.

    Raises OSError or sqlite3.Error if it cannot be read as a database.
    """
    with closing(open_read_only(file)) as connection:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return DatabaseState(version, None if answer == "ok" else answer)


_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
"""SQLite's documentation, "Database File Format", section 1.3."""


def missing_bytes(file: Path) -> int:
    """Return how many bytes ``file`` lacks according to its header; 0 if its log may hold them.

    SQLite silently fills a short last page with zeros. Do not call this for a database that this process has
    open: it would lose its locks. Raises OSError.
    """
    if any(file.with_name(f"{file.name}{end}").exists() for end in ("-wal", "-journal")):
        return 0
    with file.open("rb") as opened:
        header = opened.read(_HEADER_BYTES)
    is_ours = len(header) == _HEADER_BYTES and header.startswith(_MAGIC)
    if not is_ours or header[24:28] != header[92:96]:  # if they differ, the page count is stale
        return 0
    page_bytes = int.from_bytes(header[16:18]) if header[16:18] != b"\0\1" else 65536
    return max(0, page_bytes * int.from_bytes(header[28:32]) - file.stat().st_size)


def is_empty(file: Path) -> bool:
    """Return whether ``file`` is empty or a database without any table. Raises sqlite3.Error."""
    if file.stat().st_size == 0:
        return True
    with closing(open_read_only(file)) as connection:
        return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None


def open_read_only(file: Path) -> sqlite3.Connection:
    """Open ``file`` for reading. Raises sqlite3.Error on failure.

    Without a write-ahead log beside it, the file is opened as immutable; otherwise SQLite would create a log
    to read it.
    """
    has_log = file.with_name(f"{file.name}-wal").exists()
    mode = "mode=ro" if has_log else "mode=ro&immutable=1"
    return sqlite3.connect(f"file:{quote(str(file))}?{mode}", uri=True, timeout=_TIMEOUT_S)
