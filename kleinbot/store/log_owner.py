"""Ties a write-ahead log to its database file, so that a restored copy is not corrupted by a foreign log.

SQLite replays any log beside a database; its documentation warns of this ("How To Corrupt An SQLite Database
File", section 1.4), since neither file names the other. Therefore the database gets a new token in its header
at each start and every hour, and a note beside it records the token. A restored copy holds an older token; a
copy made by SQLite (``VACUUM INTO``, ``.backup``) is recognised by two other header fields.
"""

import json
import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.process import private_files

NOTE = "kleinbot.log-owner.json"

_TIMEOUT_S = 5.0
_LOG_HEADER_BYTES = 32
_MOST_TOKENS = 100
_LOGLESS = 1
"""The header's "file format version" of a database without a write-ahead log."""


@dataclass(frozen=True)
class _Header:
    """Fields of the file's own first page, without its log ("Database File Format", section 1.3)."""

    version: int
    schema: int
    token: int


@dataclass(frozen=True)
class _Note:
    """``tokens``: the tokens that the file may hold; ``schema``: the lowest schema number it may have."""

    tokens: tuple[int, ...]
    schema: int


def require_own_log(file: Path) -> None:
    """Raise StartError DATABASE_FOREIGN_LOG if the log beside ``file`` belongs to another database.

    Raises it also if ``file`` is missing or empty, since SQLite would discard the log. Changes nothing. A log
    without a note counts as the file's own. Call this before the database is opened. Raises OSError.
    """
    log = file.with_name(f"{file.name}-wal")
    if not log.exists() or log.stat().st_size <= _LOG_HEADER_BYTES:
        return
    header, note = _header(file), _read_note(file)
    is_known = note is None or (
        header is not None and header.token in note.tokens and header.schema >= note.schema
    )
    if header is None or header.version == _LOGLESS or not is_known:
        raise StartError(Code.DATABASE_FOREIGN_LOG, file=str(file))


def claim(file: Path, faults: Faults) -> None:
    """Give ``file`` a new token and note it beside the file. A log of an earlier copy then no longer matches.

    A crash in between leaves a note of both tokens. Safe while the database is in use: the file is accessed
    only through SQLite, since closing it elsewhere in the process would drop its locks ("How To Corrupt An
    SQLite Database File", section 2.2). Raises OSError, sqlite3.Error.
    """
    token, earlier = 1 + secrets.randbelow(2**31 - 1), _read_note(file)
    with closing(sqlite3.connect(file, isolation_level=None, timeout=_TIMEOUT_S)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        [before] = connection.execute("PRAGMA application_id").fetchone()
        possible = dict.fromkeys((*(earlier.tokens if earlier else ()), before, token))
        _write_note(file, _Note(tuple(possible)[-_MOST_TOKENS:], 0))
        faults.reach(FaultPoint.LOG_NOTED)
        connection.execute(f"PRAGMA application_id = {token}")
        faults.reach(FaultPoint.LOG_CLAIMED)
        # Passive: it blocks no reader or writer, and the next try follows in an hour.
        busy, pages, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        [schema] = connection.execute("PRAGMA schema_version").fetchone()
    if not busy and pages == done:  # the file itself now holds the token
        _write_note(file, _Note((token,), schema))


def _header(file: Path) -> _Header | None:
    """Return the header of ``file``; None if the file is missing or too short.

    Do not call this for a database that this process has open: see ``claim``.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(100)
    except FileNotFoundError:
        return None
    if len(data) < 100:
        return None
    return _Header(data[18], int.from_bytes(data[40:44]), int.from_bytes(data[68:72]))


def _read_note(file: Path) -> _Note | None:
    try:
        content = json.loads(file.with_name(NOTE).read_bytes())
        return _Note(tuple(int(token) for token in content["tokens"]), int(content["schema"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _write_note(file: Path, note: _Note) -> None:
    content = json.dumps({"tokens": note.tokens, "schema": note.schema})
    private_files.write_durably(file.with_name(NOTE), content.encode())
