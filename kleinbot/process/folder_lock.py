"""One process per data folder: two would hand out the same job twice."""

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
# Beside the lock, because a locked file cannot be read by others on Windows.
OWNER_FILE = "kleinbot.owner.json"
UNKNOWN = "?"
_WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""What a file system without locks says; ENOLCK: some network shares, or one whose lock server is away."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a folder; ``"?"`` where it cannot be told."""

    pid: int | str
    since: str


def holder_of(folder: Path) -> Holder | None:
    """Return who holds ``folder`` at the moment, or None; nothing is made there."""
    if not (folder / LOCK_FILE).exists():
        return None
    lock = FileLock(folder / LOCK_FILE, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        return Holder(*_owner(folder))
    except OSError:  # a folder that may not be written, which the settings say
        return None
    lock.release()
    return None


@contextmanager
def folder_locked(folder: Path, clock: Clock | None = None) -> Iterator[None]:
    """Hold ``folder`` (made if missing) for this process.

    The operating system gives the lock back however the holder ends, ``kill -9`` included.
    Raises ``StartError(FOLDER_IN_USE)`` with ``folder``, ``pid`` and ``since`` (ISO 8601, UTC); the last
    two are ``"?"`` where they cannot be told. Else FOLDER_WITHOUT_LOCKS or FOLDER_UNUSABLE.
    """
    try:
        private_files.make_folder(folder)
        private_files.protect(folder)
        lock = FileLock(folder / LOCK_FILE, blocking=False, mode=private_files.FILE_MODE)
        lock.acquire()
    except Timeout:
        pid, since = _owner(folder)
        # As text: in a sentence a number gets separators.
        raise StartError(Code.FOLDER_IN_USE, folder=str(folder), pid=str(pid), since=since) from None
    except (OSError, NotImplementedError) as error:
        raise unusable(folder, error) from error
    try:
        with suppress(OSError):  # the lock holds without it: who holds it can then not be told
            _note_owner(folder, clock or SystemClock())
        yield
    finally:
        with suppress(OSError):  # somebody may be reading it; left behind it does no harm
            (folder / OWNER_FILE).unlink()
        lock.release()


def lock_problem(folder: Path) -> StartError | None:
    """Return why nothing can be locked in ``folder``, found with a file that has no name and leaves nothing.

    None where it can, where the folder is not there, and on Windows, which has locks wherever it has files.
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
    """Return what the owner is told of a folder that could not be made, written or locked."""
    reason = getattr(error, "strerror", None) or str(error)
    lacks_locks = isinstance(error, NotImplementedError) or getattr(error, "errno", None) in _WITHOUT_LOCKS
    code = Code.FOLDER_WITHOUT_LOCKS if lacks_locks else Code.FOLDER_UNUSABLE
    return StartError(code, folder=str(folder), reason=reason)


def _note_owner(folder: Path, clock: Clock) -> None:
    since = datetime.fromtimestamp(clock.now_ms() // MS_PER_S, UTC).isoformat()
    temporary = folder / f"{OWNER_FILE}.part"
    private_files.write(temporary, json.dumps({"pid": os.getpid(), "since": since}).encode())
    # Whole or not at all: somebody who is refused at this moment reads it.
    temporary.replace(folder / OWNER_FILE)


def _owner(folder: Path) -> tuple[int | str, str]:
    try:
        owner = json.loads((folder / OWNER_FILE).read_text("utf-8"))
        return int(owner["pid"]), str(owner["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return UNKNOWN, UNKNOWN
