"""Files that are either whole and on the disk, or not there at all."""

import os
import secrets
import stat
import sys
import threading
from pathlib import Path

_changes = threading.Lock()
"""What was found old or empty must not be removed after a writer has made it young or put something in it."""


def write(target: Path, data: bytes) -> None:
    """Put ``data`` at ``target`` so that a power cut leaves the old file or the new one, never a part.

    Writing the same bytes again only makes the file young: it may be about to get its row. That also spares
    Windows the replacement of a file that somebody is just reading. Raises OSError.
    """
    if _holds(target, data) and _made_young(target):
        _sync_folder(target.parent)
        return
    temporary = target.with_name(f"{target.name}.{secrets.token_hex(8)}.tmp")
    with _changes:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = temporary.open("xb")
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with _changes:
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def remove_if_old(file: Path, before_ns: int) -> int | None:
    """Remove ``file`` if it was last changed before ``before_ns``; return its bytes, None where it stays.

    Raises FileNotFoundError where it has gone, OSError where it cannot be removed.
    """
    with _changes:
        facts = file.stat()
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


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open folders; NTFS journals renames by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
