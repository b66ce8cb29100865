"""Files that are either whole and on the disk, or not there at all."""

import errno
import os
import secrets
import stat
import threading
from pathlib import Path

from kleinbot.process import private_files

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
UNFINISHED = ".tmp"

_changes = threading.Lock()
"""What was found old or empty must not be removed after a writer has made it young or put something in it."""

_named: set[Path] = set()
"""Folders whose own name is known to be on the disk; to sync them again for every file would be waste."""


def write(target: Path, data: bytes, root: Path) -> None:
    """Put ``data`` at ``target`` so that a power cut leaves the old file or the new one, never a part.

    The folders from ``root`` down to it are made where they are missing, and are as durable as the file.
    Writing the same bytes again only makes the file young: it may be about to get its row. That also spares
    Windows the replacement of a file that somebody is just reading. Raises OSError.
    """
    if _holds(target, data) and _made_young(target):
        _sync_to(target.parent, root)
        return
    temporary = target.with_name(f"{target.name}.{secrets.token_hex(8)}{UNFINISHED}")
    with _changes:
        private_files.make_folder(target.parent)
        file = open(temporary, "xb", opener=private_files.opener)  # noqa: SIM115 - Path.open takes no opener
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with _changes:
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_to(target.parent, root)


def now_ns(folder: Path) -> int:
    """Return the time by the clock that stamps the files in ``folder``: a file server has its own.

    Raises OSError.
    """
    probe = folder / f"kleinbot.now.{secrets.token_hex(8)}{UNFINISHED}"
    try:
        try:
            # A server has got what was written, and stamped it, once the file is closed.
            with open(probe, "xb", opener=private_files.opener) as file:
                file.write(b"?")
        except OSError as error:
            # On a full disk the empty file is stamped too, and room is made by removing what is old.
            if error.errno not in DISK_FULL or not probe.exists():
                raise
        return probe.stat().st_mtime_ns
    finally:
        probe.unlink(missing_ok=True)


def is_old(file: Path, before_ns: int) -> bool:
    """Tell whether ``file`` was last changed before ``before_ns``. Raises FileNotFoundError, OSError."""
    facts = file.stat(follow_symlinks=False)
    return stat.S_ISREG(facts.st_mode) and facts.st_mtime_ns < before_ns


def remove_if_old(file: Path, before_ns: int) -> int | None:
    """Remove ``file`` if it was last changed before ``before_ns``; return its bytes, None where it stays.

    Raises FileNotFoundError where it has gone, OSError where it cannot be removed.
    """
    with _changes:
        facts = file.stat(follow_symlinks=False)
        if not stat.S_ISREG(facts.st_mode) or facts.st_mtime_ns >= before_ns:
            return None
        file.unlink()
    return facts.st_size


def remove_empty_folder(folder: Path) -> None:
    """Remove ``folder`` if nothing is in it. Raises nothing: it is only tidiness."""
    with _changes:
        try:
            folder.rmdir()
        except OSError:
            return
        _named.discard(folder)


def _holds(target: Path, data: bytes) -> bool:
    try:
        return target.stat().st_size == len(data) and target.read_bytes() == data
    except FileNotFoundError:
        return False


def _made_young(target: Path) -> bool:
    """Whether ``target`` now counts as just written; False where it went meanwhile or is somebody else's.

    Not flushed: what a power cut makes old again has its row by then, or is written once more.
    """
    with _changes:
        try:
            os.utime(target)
        except OSError:
            return False
    return True


def _sync_to(folder: Path, root: Path) -> None:
    """Make durable what has changed in ``folder``, and the names of the folders from it up to ``root``."""
    private_files.sync_folder(folder)
    for each in (folder, *folder.parents):
        if each in _named:
            return
        private_files.sync_folder(each.parent)
        with _changes:
            _named.add(each)
        if each == root:
            return
