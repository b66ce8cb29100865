"""Determines whether the database and the archive beside it belong together.

The database has an identity. The archive's mark names it, with the highest job number of each server. A new
database after a loss has a different identity, and an older copy knows fewer jobs than the mark. In both
cases most pictures have no row, and removing those would empty the archive.
"""

import sqlite3
from enum import StrEnum
from pathlib import Path

from kleinbot.archive.listing import has_pictures
from kleinbot.archive.mark import NO_DATABASE, Mark, higher, read_mark, remove_unfinished, write_mark
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.store.inspection import is_empty, missing_bytes
from kleinbot.store.log_owner import require_own_log
from kleinbot.store.results import picture_rows
from kleinbot.upkeep.restore_note import require_restored


class Pairing(StrEnum):
    TOGETHER = "together"
    OTHER = "other"
    """The archive belongs to another database, or is not proven to belong to this one."""
    OLDER = "older"
    """The archive belongs to this database, but the database is a copy from before its newest jobs."""


def require_database(file: Path, root: Path, archive_options: str = "") -> None:
    """Raise StartError DATABASE_EMPTY if ``file`` is empty and lies beside an archive with pictures.

    SQLite would treat an empty file as a new database; a missing file is a new one. ``archive_options``: the
    options of the command that inspects this archive. Raises DATABASE_FOREIGN_LOG if the log beside it
    belongs to another database, DATABASE_DAMAGED if its end is missing, RESTORE_UNFINISHED if a restore was
    interrupted here, and sqlite3.Error if it cannot be read.
    """
    require_restored(file, archive_options)
    require_own_log(file)
    if not file.exists():
        return
    if has_pictures(root) and is_empty(file):
        raise StartError(Code.DATABASE_EMPTY, file=str(file), folder=str(root), options=archive_options)
    if missing := missing_bytes(file):
        reason = f"its last {missing} bytes are missing"
        raise StartError(Code.DATABASE_DAMAGED, file=str(file), reason=reason)


def pairing_of(connection: sqlite3.Connection, root: Path) -> Pairing:
    """Return the pairing of the open database and the archive at ``root``; read-only. Raises OSError."""
    mark, own = read_mark(root), picture_rows.identity(connection)
    if not has_pictures(root):
        return Pairing.TOGETHER
    if mark is None or (mark.database == NO_DATABASE and own is None):
        # Both predate identities, so they are matched by the newest picture.
        newest = picture_rows.newest_file(connection)
        pairing = Pairing.TOGETHER if newest is not None and (root / newest).is_file() else Pairing.OTHER
    else:
        pairing = Pairing.TOGETHER if mark.database == own else Pairing.OTHER
    if pairing is Pairing.TOGETHER and (
        picture_rows.is_older_than_archive(connection) or _knows_more(mark, connection)
    ):
        return Pairing.OLDER
    return pairing


def settle(file: Path, root: Path, clock: Clock, faults: Faults) -> Pairing:
    """Determine the pairing and record it in both, so that each start finds it again until the owner decides.

    Job numbers continue above the highest that either knows. Raises OSError, sqlite3.Error.
    """
    with picture_rows.reading(file) as connection:
        pairing = pairing_of(connection, root)
    if pairing is not Pairing.OTHER:
        remove_unfinished(root)
    _note(pairing, file, root, clock, faults)
    return pairing


def bind(file: Path, root: Path, clock: Clock, faults: Faults) -> None:
    """Bind the archive to this database, whatever the pairing was. Raises OSError, sqlite3.Error."""
    _note(Pairing.TOGETHER, file, root, clock, faults)


def _note(pairing: Pairing, file: Path, root: Path, clock: Clock, faults: Faults) -> None:
    mark = read_mark(root)
    known = {} if mark is None else mark.numbers
    with picture_rows.writing(file) as connection:
        owner = picture_rows.identity(connection) or picture_rows.new_identity(connection)
        if pairing is not Pairing.OTHER:
            picture_rows.set_older_than_archive(connection, older=pairing is Pairing.OLDER)
        picture_rows.raise_next_numbers(connection, known, clock.now_ms())
        numbers = picture_rows.numbers(connection)
    faults.reach(FaultPoint.AFTER_IDENTITY)
    if pairing is Pairing.OTHER:
        # Keeps the archive unbound; otherwise the database's next picture would make it seem to belong to it.
        owner = NO_DATABASE if mark is None else mark.database
    if (updated := Mark(owner, higher(numbers, known))) != mark:
        write_mark(root, updated)


def _knows_more(mark: Mark | None, connection: sqlite3.Connection) -> bool:
    if mark is None:
        return False
    numbers = picture_rows.numbers(connection)
    return any(number > numbers.get(server_id, 0) for server_id, number in mark.numbers.items())
