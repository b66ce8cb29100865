"""Which database file a write-ahead log belongs to, so that a copy put back beside it is not spoilt by it.

SQLite replays whatever log lies beside a database: its documentation ("How To Corrupt An SQLite Database
File", section 1.4) warns of it, since nothing in either file names the other. So at each start, and every
hour, the database gets a token of its own in its header, and a note beside it says which one. A copy has an
older token; one that SQLite has made (``VACUUM INTO``, ``.backup``) is known by two other fields there.
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
"""The header's "file format version" of a database that has no log."""


@dataclass(frozen=True)
class _Header:
    """What the first page of the file itself says, without its log ("Database File Format", section 1.3)."""

    version: int
    schema: int
    token: int


@dataclass(frozen=True)
class _Note:
    """``tokens``: those that the file may have; ``schema``: its schema has this number or a higher one."""

    tokens: tuple[int, ...]
    schema: int


def require_own_log(file: Path) -> None:
    """Raise StartError DATABASE_FOREIGN_LOG where the log beside ``file`` is another database's.

    Also where ``file`` is not there or empty: SQLite would throw the log away. Nothing is changed. A log of
    which nothing is known is taken for its own. To be asked before the database is opened. Raises OSError.
    """
    log = file.with_name(f"{file.name}-wal")
    if not log.exists() or log.stat().st_size <= _LOG_HEADER_BYTES:
        return
    header, note = _header(file), _noted(file)
    is_known = note is None or (
        header is not None and header.token in note.tokens and header.schema >= note.schema
    )
    if header is None or header.version == _LOGLESS or not is_known:
        raise StartError(Code.DATABASE_FOREIGN_LOG, file=str(file))


def claim(file: Path, faults: Faults) -> None:
    """Give ``file`` a new token, and note it beside it; the log of an earlier copy is then not this one's.

    An end in between leaves a note of both tokens. May be called while the database is in use: it is touched
    through SQLite alone, since to close the file elsewhere in a process would take its locks from it ("How To
    Corrupt An SQLite Database File", section 2.2). Raises OSError, sqlite3.Error.
    """
    token, earlier = 1 + secrets.randbelow(2**31 - 1), _noted(file)
    with closing(sqlite3.connect(file, isolation_level=None, timeout=_TIMEOUT_S)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        [before] = connection.execute("PRAGMA application_id").fetchone()
        possible = dict.fromkeys((*(earlier.tokens if earlier else ()), before, token))
        _write(file, _Note(tuple(possible)[-_MOST_TOKENS:], 0))
        faults.reach(FaultPoint.LOG_NOTED)
        connection.execute(f"PRAGMA application_id = {token}")
        faults.reach(FaultPoint.LOG_CLAIMED)
        # Passive: nobody who reads or writes meanwhile is made to wait, and in an hour it is tried again.
        busy, pages, done = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        [schema] = connection.execute("PRAGMA schema_version").fetchone()
    if not busy and pages == done:  # so the file itself has it
        _write(file, _Note((token,), schema))


def _header(file: Path) -> _Header | None:
    """Return what ``file`` says of itself; None where it is not there or too short to say anything.

    Not for a file that this process has open as a database: see ``claim``.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(100)
    except FileNotFoundError:
        return None
    if len(data) < 100:
        return None
    return _Header(data[18], int.from_bytes(data[40:44]), int.from_bytes(data[68:72]))


def _noted(file: Path) -> _Note | None:
    try:
        content = json.loads(file.with_name(NOTE).read_bytes())
        return _Note(tuple(int(token) for token in content["tokens"]), int(content["schema"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _write(file: Path, note: _Note) -> None:
    content = json.dumps({"tokens": note.tokens, "schema": note.schema})
    private_files.write_durably(file.with_name(NOTE), content.encode())
