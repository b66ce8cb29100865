"""Which picture files rows refer to, and which database an archive belongs to; safe beside a running bot.

Uses plain sqlite3 on the caller's thread, independent of the event loop and its readers.
"""

import json
import secrets
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kleinbot.store.inspection import open_read_only
from kleinbot.store.members import servers

_IDENTITY = "database-identity"
_OLDER = "older-than-archive"
_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class JobFiles:
    """A job's picture files. ``kept``: the names of the files that its rows refer to."""

    server_id: int
    has_ended: bool
    kept: frozenset[str]


@dataclass(frozen=True)
class KeptFile:
    """A file that a row keeps, by its name in the archive. ``sha256`` is hexadecimal."""

    name: str
    sha256: str


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """Open the database for reading while others use it. Raises sqlite3.Error."""
    with closing(open_read_only(file)) as connection:
        yield connection


@contextmanager
def writing(file: Path) -> Iterator[sqlite3.Connection]:
    """Open the database and run the body as one transaction. Raises sqlite3.Error."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=_TIMEOUT_S)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def jobs_of(connection: sqlite3.Connection, job_ids: Collection[str]) -> dict[str, JobFiles]:
    """Return the jobs that have a row, by job id. A deleted job keeps no file."""
    wanted = json.dumps(sorted(set(job_ids)))
    found = connection.execute(
        "SELECT job_id, server_id, ended_ms IS NOT NULL, deleted_ms IS NOT NULL FROM jobs"
        " WHERE job_id IN (SELECT value FROM json_each(?))",
        (wanted,),
    ).fetchall()
    kept: dict[str, set[str]] = {}
    is_there = _is_there(connection)
    for table in ("images", "job_references"):
        rows = connection.execute(
            f"SELECT job_id, file FROM {table}"  # noqa: S608 - names of ours
            " WHERE job_id IN (SELECT value FROM json_each(?)) AND file IS NOT NULL"
            f" AND {is_there}",
            (wanted,),
        )
        for job_id, file in rows:
            kept.setdefault(job_id, set()).add(file)
    return {
        job_id: JobFiles(
            server_id, bool(has_ended), frozenset() if is_deleted else frozenset(kept.get(job_id, ()))
        )
        for job_id, server_id, has_ended, is_deleted in found
    }


def kept_files(connection: sqlite3.Connection) -> Iterator[KeptFile]:
    """Yield every file that the rows keep, row by row: there may be millions.

    Reads older databases too (``_is_there``).
    """
    is_there = _is_there(connection)
    for table in ("images", "job_references"):
        rows = connection.execute(
            f"SELECT file, sha256 FROM {table} JOIN jobs USING (job_id)"  # noqa: S608 - names of ours
            f" WHERE file IS NOT NULL AND {is_there} AND deleted_ms IS NULL"
        )
        yield from (KeptFile(str(file), str(sha256)) for file, sha256 in rows)


def newest_file(connection: sqlite3.Connection) -> str | None:
    """Return a file of the newest job with a finished picture; None if there is none."""
    # CROSS: otherwise SQLite sorts all pictures to find the first.
    row = connection.execute(
        "SELECT i.file FROM jobs j CROSS JOIN images i USING (job_id)"  # noqa: S608 - names of ours
        f" WHERE i.file IS NOT NULL AND {_is_there(connection)} AND j.deleted_ms IS NULL"
        " ORDER BY j.rowid DESC, i.position LIMIT 1"
    ).fetchone()
    return None if row is None else str(row[0])


def _is_there(connection: sqlite3.Connection) -> str:
    """Return the condition that a file was not let go.

    A database without that column is read too: who has upgraded may back up before the first start.
    """
    columns = {row[1] for row in connection.execute("PRAGMA table_info(images)")}
    return "gone_ms IS NULL" if "gone_ms" in columns else "TRUE"


def identity(connection: sqlite3.Connection) -> str | None:
    """Return this database's unique identity; None if it has none yet."""
    return _fact(connection, _IDENTITY)


def new_identity(connection: sqlite3.Connection) -> str:
    """Give the database an identity and return it."""
    made = secrets.token_hex(16)
    _note(connection, _IDENTITY, made)
    return made


def is_older_than_archive(connection: sqlite3.Connection) -> bool:
    """Return whether the archive was found to hold newer jobs, and the owner has not resolved that yet."""
    return _fact(connection, _OLDER) is not None


def set_older_than_archive(connection: sqlite3.Connection, *, older: bool) -> None:
    if older:
        _note(connection, _OLDER, "yes")
    else:
        connection.execute("DELETE FROM facts WHERE name = ?", (_OLDER,))


def numbers(connection: sqlite3.Connection) -> dict[int, int]:
    """Return the highest job number of each server that has had a job."""
    rows = connection.execute("SELECT server_id, next_number - 1 FROM servers WHERE next_number > 1")
    return dict(rows.fetchall())


def raise_next_numbers(connection: sqlite3.Connection, highest: Mapping[int, int], now_ms: int) -> None:
    """Raise each server's next job number above ``highest``, so that no number is issued twice."""
    for server_id, number in highest.items():
        connection.execute(servers.REMEMBER, (server_id, now_ms, servers.NEWCOMER_FACT))
        connection.execute(
            "UPDATE servers SET next_number = MAX(next_number, ?) WHERE server_id = ?",
            (number + 1, server_id),
        )


def _fact(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def _note(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (name, value),
    )
