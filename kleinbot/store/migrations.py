"""Upgrades the database file to the current schema with the numbered SQL in ``migrations/``.

The version is SQLite's ``user_version``. An existing database is backed up before it is changed; the backup
allows a downgrade. Uses plain sqlite3, since it runs once, before the event loop has other work.
"""

import os
import re
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.installation import MIGRATIONS
from kleinbot.process import private_files
from kleinbot.store.damage import damage_as_start_error, damaged, is_damage

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_MOVES_ROWS = re.compile(r"^[ \t]*(?:DROP TABLE|DELETE|INSERT|REPLACE)\b", re.IGNORECASE | re.MULTILINE)
"""Statements that may leave a dangling foreign key. No migration changes a key by UPDATE."""

_CACHE_KIB = 256 * 1024
_BACKUPS_KEPT = 2
"""For a downgrade from the last two updates; each backup is as large as the database."""

_UNFINISHED = ".tmp"


@dataclass(frozen=True)
class Migration:
    version: int
    name: str
    sql: str


def load_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """Read the numbered files. Raises ValueError if a number is missing or repeated."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(file.name)
        if match is None:
            raise ValueError(f"{file.name} is not named like 0001_why.sql")
        found.append(Migration(int(match[1]), file.name, file.read_text(encoding="utf-8")))
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the numbers in {folder.name} have a gap or a double")
    return found


def migrate(file: Path, migrations: list[Migration], clock: Clock) -> None:
    """Apply the pending migrations, each in its own transaction.

    Raises StartError DATABASE_NEWER if a newer kleinbot wrote the file, MIGRATION_FAILED if a migration fails
    (the file is then as before that migration), and DATABASE_DAMAGED if it is not an intact database.
    """
    private_files.make_empty(file)  # SQLite gives its log and index the same mode
    with damage_as_start_error(file), closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA busy_timeout = 5000")
        version = _version(connection)
        if version > len(migrations):
            raise StartError(Code.DATABASE_NEWER, file=str(file), found=version, known=len(migrations))
        if 0 < version < len(migrations):
            try:
                _back_up(connection, file, version, clock)
            except (sqlite3.Error, OSError) as error:
                raise _failed(file, "the backup", error) from error
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        for migration in migrations[version:]:
            _apply(connection, migration, file)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _back_up(connection: sqlite3.Connection, file: Path, version: int, clock: Clock) -> None:
    """Copy the database atomically to a file beside it, and remove the oldest copies.

    Raises sqlite3.Error or OSError.
    """
    moment = datetime.fromtimestamp(clock.now_ms() / MS_PER_S, UTC)
    backup = file.with_name(f"{file.stem}-v{version}-{moment:%Y%m%dT%H%M%S%f}Z.backup")
    _remove_unfinished(file)
    _free_disk_space(connection, file)
    unfinished = backup.with_name(f"{backup.name}{_UNFINISHED}")
    try:
        private_files.make_empty(unfinished)
        connection.execute("VACUUM INTO ?", (str(unfinished),))
        # SQLite does not sync the copy to disk.
        with unfinished.open("rb+") as copy:
            os.fsync(copy.fileno())
        unfinished.replace(backup)
    finally:
        unfinished.unlink(missing_ok=True)
    for old in _backups(file)[:-_BACKUPS_KEPT]:
        with suppress(OSError):  # optional cleanup
            old.unlink()


def _backups(file: Path) -> list[Path]:
    """Return the backups beside ``file``, oldest first."""
    return sorted(file.parent.glob(f"{file.stem}-v*.backup"), key=lambda path: path.stat().st_mtime_ns)


def _free_disk_space(connection: sqlite3.Connection, file: Path) -> None:
    """Remove backups except the newest until the disk has space for another one. Raises OSError."""
    pages, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
    )
    for old in _backups(file)[:-1]:
        if shutil.disk_usage(file.parent).free > pages * page_bytes:
            return
        old.unlink()


def _remove_unfinished(file: Path) -> None:
    """Remove the files of interrupted backups and those left empty by a full disk. Raises OSError."""
    empty = [path for path in file.parent.glob(f"{file.stem}-v*.backup") if path.stat().st_size == 0]
    for path in (*file.parent.glob(f"{file.stem}-v*.backup{_UNFINISHED}"), *empty):
        path.unlink()


def _apply(connection: sqlite3.Connection, migration: Migration, file: Path) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        if _version(connection) >= migration.version:
            connection.execute("ROLLBACK")  # another process was faster
            return
        statements = _statements(migration.sql)
        for statement in statements:
            connection.execute(statement)
        # With a million jobs this check scans eleven million rows; adding a column or an index needs none.
        orphan = None
        if any(_MOVES_ROWS.search(statement) for statement in statements):
            orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
        if orphan is not None:
            raise sqlite3.IntegrityError(f"a row of {orphan[0]} lost its {orphan[2]}")
        connection.execute(f"PRAGMA user_version = {migration.version}")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise _failed(file, migration.name, error) from error


def _failed(file: Path, migration: str, error: Exception) -> StartError:
    if is_damage(error):
        return damaged(file, error)
    return StartError(Code.MIGRATION_FAILED, file=str(file), migration=migration, reason=str(error))


def _statements(script: str) -> list[str]:
    """Split a script into statements; semicolons in strings, comments and triggers do not end one."""
    statements = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    if any(line.strip() and not line.strip().startswith("--") for line in pending.splitlines()):
        raise sqlite3.OperationalError("the last statement has no end")
    return statements
