"""Turns SQLite's errors about a damaged or foreign file into a start error for the owner."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kleinbot.domain.errors import Code, StartError

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY = 0xFF
"""The low byte of an extended result code is its kind (SQLite's documentation, "Result and Error Codes")."""


def is_damage(error: BaseException) -> bool:
    """Return whether the file itself is damaged; a locked, full or unreachable file may be intact."""
    # Errors that Python's sqlite3 module raises itself have no code; we write only text that decodes.
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.OperationalError) and "decode to UTF-8" in str(error)
    return code & _PRIMARY in _DAMAGE


def damaged(file: Path, error: BaseException) -> StartError:
    return StartError(Code.DATABASE_DAMAGED, file=str(file), reason=str(error))


@contextmanager
def damage_as_start_error(file: Path) -> Iterator[None]:
    """Raise StartError DATABASE_DAMAGED in place of SQLite's error about a damaged ``file``."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        raise damaged(file, error) from error
