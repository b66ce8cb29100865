"""One process per data folder: two processes would run the same job twice."""

import errno
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kleinbot.domain.clock import MS_PER_S, Clock, SystemClock
from kleinbot.domain.errors import Code, StartError
from kleinbot.process import private_files

if sys.platform != "win32":
    import fcntl

LOCK_FILE = "kleinbot.lock"
# Beside the lock file, because other processes cannot read a locked file on Windows.
OWNER_FILE = "kleinbot.owner.json"
UNKNOWN = "?"
_WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""Errors of a file system without locks. ENOLCK: some network shares, or their lock server is down."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a folder; ``"?"`` where a value is unknown."""

    pid: int | str
    since: str


def holder_of(folder: Path) -> Holder | None:
    """Return the process that currently holds ``folder``, or None. Creates nothing in the folder."""
    if not (folder / LOCK_FILE).exists():
        return None
    lock = FileLock(folder / LOCK_FILE, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        return Holder(*_owner(folder))
    except OSError:  # the folder is not writable, which the check of the settings reports
        return None
    lock.release()
    return None


@contextmanager
def folder_locked(folder: Path, clock: Clock | None = None) -> Iterator[None]:
    """Hold ``folder`` (made if missing) for this process.

    The operating system releases the lock however the holder ends, ``kill -9`` included. Raises
    ``StartError(FOLDER_IN_USE)`` with ``folder``, ``pid`` and ``since`` (ISO 8601, UTC); ``pid`` and
    ``since`` are ``"?"`` if unknown. Raises FOLDER_WITHOUT_LOCKS or FOLDER_UNUSABLE for other failures.
    """
    try:
        private_files.make_folder(folder)
        private_files.protect(folder)
        lock = FileLock(folder / LOCK_FILE, blocking=False, mode=private_files.FILE_MODE)
        lock.acquire()
    except Timeout:
        pid, since = _owner(folder)
        # As text: a number would be formatted with separators.
        raise StartError(Code.FOLDER_IN_USE, folder=str(folder), pid=str(pid), since=since) from None
    except (OSError, NotImplementedError) as error:
        raise unusable(folder, error) from error
    try:
        with suppress(OSError):  # the lock works without this file; only the holder is then unknown
            _note_owner(folder, clock or SystemClock())
        yield
    finally:
        with suppress(OSError):  # another process may be reading it; a leftover file does no harm
            (folder / OWNER_FILE).unlink()
        lock.release()


def lock_problem(folder: Path) -> StartError | None:
    """Return why ``folder`` cannot be locked, or None.

    Tests it with an unnamed file, which leaves nothing behind.

    Also None if the folder does not exist, and on Windows, where every file system supports locks.
    """
    if sys.platform == "win32" or not folder.is_dir():
        return None
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return unusable(folder, error)
    return None


def unusable(folder: Path, error: Exception) -> StartError:
    """Return the error for a folder that could not be made, written or locked."""
    reason = getattr(error, "strerror", None) or str(error)
    lacks_locks = isinstance(error, NotImplementedError) or getattr(error, "errno", None) in _WITHOUT_LOCKS
    code = Code.FOLDER_WITHOUT_LOCKS if lacks_locks else Code.FOLDER_UNUSABLE
    return StartError(code, folder=str(folder), reason=reason)


def _note_owner(folder: Path, clock: Clock) -> None:
    since = datetime.fromtimestamp(clock.now_ms() // MS_PER_S, UTC).isoformat()
    temporary = folder / f"{OWNER_FILE}.part"
    private_files.write(temporary, json.dumps({"pid": os.getpid(), "since": since}).encode())
    # Written atomically: another process may read it at this moment.
    temporary.replace(folder / OWNER_FILE)


def _owner(folder: Path) -> tuple[int | str, str]:
    try:
        owner = json.loads((folder / OWNER_FILE).read_text("utf-8"))
        return int(owner["pid"]), str(owner["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return UNKNOWN, UNKNOWN
