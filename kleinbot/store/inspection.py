"""Looks at a database file without changing it, nor anything beside it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class DatabaseState:
    """``damage`` is what SQLite's quick check says, None where it finds nothing wrong."""

    version: int
    damage: str | None = None


def inspect(file: Path) -> DatabaseState:
    """Read the schema's version of ``file`` and check it quickly.

    Raises OSError or sqlite3.Error where it cannot be read as a database.
    """
    with closing(open_unchanged(file)) as connection:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    return DatabaseState(version, None if answer == "ok" else answer)


_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
"""SQLite's documentation, "Database File Format", section 1.3."""


def missing_bytes(file: Path) -> int:
    """Return how many bytes ``file`` lacks at its end by its own header; 0 where its log may hold them.

    SQLite fills a last page up with zeros and says nothing. Not for a file that this process has open as a
    database, which would lose its locks. Raises OSError.
    """
    if any(file.with_name(f"{file.name}{end}").exists() for end in ("-wal", "-journal")):
        return 0
    with file.open("rb") as opened:
        header = opened.read(_HEADER_BYTES)
    is_ours = len(header) == _HEADER_BYTES and header.startswith(_MAGIC)
    if not is_ours or header[24:28] != header[92:96]:  # else the number of pages is out of date
        return 0
    page_bytes = int.from_bytes(header[16:18]) if header[16:18] != b"\0\1" else 65536
    return max(0, page_bytes * int.from_bytes(header[28:32]) - file.stat().st_size)


def holds_nothing(file: Path) -> bool:
    """Tell whether ``file`` is empty, or a database in which nothing was ever made. Raises sqlite3.Error."""
    if file.stat().st_size == 0:
        return True
    with closing(open_unchanged(file)) as connection:
        return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None


def open_unchanged(file: Path) -> sqlite3.Connection:
    """Open ``file`` for reading. Raises sqlite3.Error where that cannot be.

    Without a write-ahead log beside it, it is opened as one that nobody changes, since SQLite would else
    make one to read it.
    """
    has_log = file.with_name(f"{file.name}-wal").exists()
    mode = "mode=ro" if has_log else "mode=ro&immutable=1"
    return sqlite3.connect(f"file:{quote(str(file))}?{mode}", uri=True, timeout=_TIMEOUT_S)
