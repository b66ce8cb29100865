"""What SQLite says of a file that is damaged or no database, as a sentence for the host."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kleinbot.domain.errors import Code, StartError

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY = 0xFF
"""The low byte of an extended result code is its kind (SQLite's documentation, "Result and Error Codes")."""


def is_damage(error: BaseException) -> bool:
    """Say whether the file itself is at fault; one that is locked, full or unreachable may be whole."""
    # What Python itself raises in SQLite's name has no code; we only ever write text that can be decoded.
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.OperationalError) and "decode to UTF-8" in str(error)
    return code & _PRIMARY in _DAMAGE


def damaged(file: Path, error: BaseException) -> StartError:
    return StartError(Code.DATABASE_DAMAGED, file=str(file), reason=str(error))


@contextmanager
def damage_told(file: Path) -> Iterator[None]:
    """Raise StartError DATABASE_DAMAGED in the place of what SQLite says of a damaged ``file``."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        raise damaged(file, error) from error
