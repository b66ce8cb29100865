"""Errors of a backup or a restore for the owner."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kleinbot.archive.durable import DISK_FULL
from kleinbot.domain.errors import Code, StartError
from kleinbot.process.disk_space import LEAST_BYTES, free_disk_bytes
from kleinbot.process.folder_lock import unusable
from kleinbot.store.damage import damaged, is_damage
from kleinbot.store.database import disk_is_full

_MIB = 2**20


def no_disk_space(folder: Path, needed_bytes: int, free_bytes: int) -> StartError:
    """Return the error for a copy that does not fit on the disk of ``folder``."""
    return StartError(
        Code.BACKUP_NO_ROOM,
        folder=str(folder),
        needed=round(needed_bytes / _MIB, 1),
        free=round(free_bytes / _MIB, 1),
    )


def damaged_backup(file: Path, reason: str) -> StartError:
    return StartError(Code.BACKUP_DAMAGED, file=str(file), reason=reason)


@contextmanager
def failures_as_start_errors(folder: Path, file: Path) -> Iterator[None]:
    """Raise StartError in place of the system's errors about ``folder`` and SQLite's about ``file``."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise _full(folder) from error
        raise unusable(Path(error.filename or folder), error) from error
    except sqlite3.DatabaseError as error:
        if disk_is_full(error):
            raise _full(folder) from error
        raise damaged(file, error) if is_damage(error) else unusable(file, error) from error


def _full(folder: Path) -> StartError:
    return no_disk_space(folder, LEAST_BYTES, free_disk_bytes(folder) or 0)
