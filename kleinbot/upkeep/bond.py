"""Whether the database and the archive beside it belong together.

The database has an identity, and the archive's mark names it, with the highest job number of each server. A
database that was lost and begun anew has another identity, an older copy knows fewer jobs than the mark.
Either way most pictures have no row there, and whoever removed those would empty the archive.
"""

import sqlite3
from enum import StrEnum
from pathlib import Path

from kleinbot.archive.listing import has_pictures
from kleinbot.archive.mark import NOBODY, Mark, higher, read_mark, remove_unfinished, write_mark
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.store import picture_rows
from kleinbot.store.inspection import holds_nothing, missing_bytes
from kleinbot.store.log_owner import require_own_log


class Bond(StrEnum):
    TOGETHER = "together"
    OTHER = "other"
    """The archive is another database's, or is not proven to be this one's."""
    OLDER = "older"
    """The archive is this database's, which is a copy from before the archive's newest jobs."""


def require_database(file: Path, root: Path, archive_options: str = "") -> None:
    """Raise StartError DATABASE_EMPTY where ``file`` holds nothing and lies beside an archive with pictures.

    SQLite would take it for a new one; one that is not there at all is new. ``archive_options`` are those of
    the command that looks at this archive. Raises DATABASE_FOREIGN_LOG where
    the log beside it is another's, DATABASE_DAMAGED where it has lost its end, and sqlite3.Error where it
    cannot be read.
    """
    require_own_log(file)
    if not file.exists():
        return
    if has_pictures(root) and holds_nothing(file):
        raise StartError(Code.DATABASE_EMPTY, file=str(file), folder=str(root), options=archive_options)
    if missing := missing_bytes(file):
        reason = f"its last {missing} bytes are missing"
        raise StartError(Code.DATABASE_DAMAGED, file=str(file), reason=reason)


def judged(connection: sqlite3.Connection, root: Path) -> Bond:
    """Tell how the open database and the archive at ``root`` stand; changes nothing. Raises OSError."""
    mark, own = read_mark(root), picture_rows.identity(connection)
    if not has_pictures(root):
        return Bond.TOGETHER
    if mark is None or (mark.owner == NOBODY and own is None):
        # From before there were identities: they know each other by the newest picture.
        newest = picture_rows.newest_file(connection)
        bond = Bond.TOGETHER if newest is not None and (root / newest).is_file() else Bond.OTHER
    else:
        bond = Bond.TOGETHER if mark.owner == own else Bond.OTHER
    if bond is Bond.TOGETHER and (picture_rows.is_older(connection) or _knows_more(mark, connection)):
        return Bond.OLDER
    return bond


def settle(file: Path, root: Path, clock: Clock, faults: Faults) -> Bond:
    """Judge, and note it in both: what was found once is found again at every start until somebody decides.

    Job numbers go on above what either knows. Raises OSError, sqlite3.Error.
    """
    with picture_rows.reading(file) as connection:
        bond = judged(connection, root)
    if bond is not Bond.OTHER:
        remove_unfinished(root)
    _note(bond, file, root, clock, faults)
    return bond


def bind(file: Path, root: Path, clock: Clock, faults: Faults) -> None:
    """Make the archive this database's from now on, whatever was found. Raises OSError, sqlite3.Error."""
    _note(Bond.TOGETHER, file, root, clock, faults)


def _note(bond: Bond, file: Path, root: Path, clock: Clock, faults: Faults) -> None:
    mark = read_mark(root)
    known = {} if mark is None else mark.numbers
    with picture_rows.writing(file) as connection:
        owner = picture_rows.identity(connection) or picture_rows.new_identity(connection)
        if bond is not Bond.OTHER:
            picture_rows.set_older(connection, older=bond is Bond.OLDER)
        picture_rows.go_on_above(connection, known, clock.now_ms())
        numbers = picture_rows.numbers(connection)
    faults.reach(FaultPoint.AFTER_IDENTITY)
    if bond is Bond.OTHER:
        # Not this database's, also where nobody has said whose: with its next picture it would else seem so.
        owner = NOBODY if mark is None else mark.owner
    if (told := Mark(owner, higher(numbers, known))) != mark:
        write_mark(root, told)


def _knows_more(mark: Mark | None, connection: sqlite3.Connection) -> bool:
    if mark is None:
        return False
    numbers = picture_rows.numbers(connection)
    return any(number > numbers.get(server_id, 0) for server_id, number in mark.numbers.items())
