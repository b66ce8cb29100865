"""Files that are either whole and on the disk, or not there at all."""

import os
import secrets
import sys
import threading
from pathlib import Path

_folders = threading.Lock()
"""An empty folder must not be removed between its creation and that of the first file in it."""


def write(target: Path, data: bytes) -> None:
    """Put ``data`` at ``target`` so that a power cut leaves the old file or the new one, never a part.

    Writing the same bytes again changes nothing, which also spares Windows the replacement of a file that
    somebody is just reading. Raises OSError.
    """
    if _holds(target, data):
        _sync_folder(target.parent)
        return
    temporary = target.with_name(f"{target.name}.{secrets.token_hex(8)}.tmp")
    with _folders:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = temporary.open("xb")
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def remove_empty_folder(folder: Path) -> None:
    """Remove ``folder`` if nothing is in it. Raises nothing: it is only tidiness."""
    with _folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _holds(target: Path, data: bytes) -> bool:
    try:
        return target.stat().st_size == len(data) and target.read_bytes() == data
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open folders; NTFS journals renames by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
