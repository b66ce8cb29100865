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


def open_unchanged(file: Path) -> sqlite3.Connection:
    """Open ``file`` for reading. Raises sqlite3.Error where that cannot be.

    Without a write-ahead log beside it, it is opened as one that nobody changes, since SQLite would else
    make one to read it.
    """
    has_log = file.with_name(f"{file.name}-wal").exists()
    mode = "mode=ro" if has_log else "mode=ro&immutable=1"
    return sqlite3.connect(f"file:{quote(str(file))}?{mode}", uri=True, timeout=_TIMEOUT_S)
