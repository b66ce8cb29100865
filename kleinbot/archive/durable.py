"""Writes files that are either complete and on disk, or absent."""

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
"""Held so that a file or folder found old or empty is not removed after a writer touched or filled it."""

_synced_names: set[Path] = set()
"""Folders whose own directory entry is already synced and need not be synced for every file."""


def write(target: Path, data: bytes, root: Path) -> None:
    """Write ``data`` to ``target`` so that a power cut leaves the old file or the new one, never a part.

    Creates missing folders from ``root`` down, as durably as the file. Writing the same bytes again only
    updates the modification time, since the file may be about to get its row. That also avoids replacing a
    file that is being read, which fails on Windows. Raises OSError.
    """
    if _has_content(target, data) and _touch(target):
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
    """Return the time by the clock that stamps files in ``folder``; a file server has its own.

    Raises OSError.
    """
    probe = folder / f"kleinbot.now.{secrets.token_hex(8)}{UNFINISHED}"
    try:
        try:
            # A file server receives and stamps the data when the file is closed.
            with open(probe, "xb", opener=private_files.opener) as file:
                file.write(b"?")
        except OSError as error:
            # On a full disk the empty file is stamped too, and removing old files frees space.
            if error.errno not in DISK_FULL or not probe.exists():
                raise
        return probe.stat().st_mtime_ns
    finally:
        probe.unlink(missing_ok=True)


def is_old(file: Path, before_ns: int) -> bool:
    """Return whether ``file`` was last changed before ``before_ns``. Raises FileNotFoundError, OSError."""
    status = file.stat(follow_symlinks=False)
    return stat.S_ISREG(status.st_mode) and status.st_mtime_ns < before_ns


def remove_if_old(file: Path, before_ns: int) -> int | None:
    """Remove ``file`` if it was last changed before ``before_ns``; return its bytes, None if it stays.

    Raises FileNotFoundError if it is missing, OSError if it cannot be removed.
    """
    with _changes:
        status = file.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode) or status.st_mtime_ns >= before_ns:
            return None
        file.unlink()
    return status.st_size


def remove_empty_folder(folder: Path) -> None:
    """Remove ``folder`` if it is empty. Ignores errors, since this is optional cleanup."""
    with _changes:
        try:
            folder.rmdir()
        except OSError:
            return
        _synced_names.discard(folder)


def _has_content(target: Path, data: bytes) -> bool:
    try:
        return target.stat().st_size == len(data) and target.read_bytes() == data
    except FileNotFoundError:
        return False


def _touch(target: Path) -> bool:
    """Update the modification time of ``target``; return False if it is gone or not ours.

    Not synced: after a power cut the file has its row, or it is written again.
    """
    with _changes:
        try:
            os.utime(target)
        except OSError:
            return False
    return True


def _sync_to(folder: Path, root: Path) -> None:
    """Sync the changes in ``folder`` and the directory entries of the folders from it up to ``root``."""
    private_files.sync_folder(folder)
    for each in (folder, *folder.parents):
        if each in _synced_names:
            return
        private_files.sync_folder(each.parent)
        with _changes:
            _synced_names.add(each)
        if each == root:
            return
