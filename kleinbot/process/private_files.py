"""Files and folders that belong to the bot's own account alone: they hold what members asked for, and tokens.

Windows has no such modes: there a folder's access list is inherited, and that of a profile is its owner's.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700
DATABASE = "kleinbot.sqlite3"

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_FOLDERS = {"archive", "scratch", "sandbox", "pictures"}


def opener(path: str, flags: int) -> int:
    """Open a file so that, where this makes it, only its owner can read it; for ``open``."""
    return os.open(path, flags, FILE_MODE)


def write(file: Path, content: bytes) -> None:
    """Write a file anew. Raises OSError."""
    with open(file, "wb", opener=opener) as opened:
        opened.write(content)


def write_durably(file: Path, content: bytes) -> None:
    """Write a file so that a power cut leaves the old content or the new one. Raises OSError."""
    temporary = file.with_name(f"{file.name}.part")
    with open(temporary, "wb", opener=opener) as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    temporary.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open folders; NTFS journals renames by itself. Raises OSError."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_empty(file: Path) -> None:
    """Make ``file`` where it is not there: whoever fills it keeps its mode. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))


def make_folder(folder: Path) -> None:
    """Make ``folder`` and what is missing above it, for the owner alone. Raises OSError."""
    missing = []
    place = folder
    while not place.exists() and place != place.parent:
        missing.append(place)
        place = place.parent
    for each in reversed(missing):
        with suppress(FileExistsError):  # somebody was quicker
            each.mkdir(FOLDER_MODE)
    folder.mkdir(exist_ok=True)  # raises where it is something else


def protect(folder: Path) -> None:
    """Take the data folder and what of ours lies directly in it from the machine's other accounts.

    Pictures are not gone through one by one, since an archive may have a million: nobody gets at them through
    a folder that is closed. A folder that was made for something else keeps its mode, and only our own files
    and folders there are closed. What cannot be changed stays as it is: ``open_to_others`` finds it.
    """
    for place in open_to_others(folder):
        with suppress(OSError):  # somebody else's, or a file system without modes
            place.chmod(FOLDER_MODE if place.is_dir() else FILE_MODE)


def open_to_others(folder: Path) -> list[Path]:
    """Return what of a data folder another account of this machine may read, the folder itself first."""
    if sys.platform == "win32" or not folder.is_dir():
        return []
    ours = sorted(place for place in _inside(folder) if _is_ours(place) and not place.is_symlink())
    whole = (folder,) if _is_data_folder(folder) else ()
    return [place for place in (*whole, *ours) if may_be_read_by_others(place)]


def may_be_read_by_others(place: Path) -> bool:
    """Tell whether another account of this machine may read ``place``; False where it is not there."""
    if sys.platform == "win32":
        return False
    try:
        return bool(place.stat().st_mode & _OTHERS)
    except OSError:
        return False


def _is_data_folder(folder: Path) -> bool:
    """Tell whether nothing but our data is meant to lie in ``folder``: it has the database, or only ours."""
    try:
        if folder.stat().st_mode & stat.S_ISVTX:  # like /tmp: made for everybody
            return False
    except OSError:
        return False
    return (folder / DATABASE).exists() or all(_is_ours(place) for place in _inside(folder))


def _is_ours(place: Path) -> bool:
    return place.name.startswith("kleinbot") or place.name in _FOLDERS


def _inside(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from folder.iterdir()
