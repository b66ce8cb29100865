"""Files and folders that belong to the bot's own account alone: they hold what members asked for, and tokens.

Windows has no such modes: there a folder's access list is inherited, and a profile's folder is its owner's.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def opener(path: str, flags: int) -> int:
    """Open a file so that, where this makes it, only its owner can read it; for ``open``."""
    return os.open(path, flags, FILE_MODE)


def make_folder(folder: Path) -> list[Path]:
    """Make ``folder`` and what is missing above it, for the owner alone.

    Returns what was made, outermost first. Raises OSError.
    """
    missing = []
    place = folder
    while not place.exists():
        missing.append(place)
        place = place.parent
    made = []
    for each in reversed(missing):
        with suppress(FileExistsError):  # somebody was quicker
            each.mkdir(FOLDER_MODE)
            made.append(each)
    folder.mkdir(exist_ok=True)  # raises where it is something else
    return made


def is_open_to_others(place: Path) -> bool:
    """Tell whether another account of this machine may read ``place``; False where it is not there."""
    if sys.platform == "win32":
        return False
    try:
        return bool(place.stat().st_mode & _OTHERS)
    except OSError:
        return False


def protect(folder: Path, ours: str) -> list[Path]:
    """Take ``folder`` and what lies directly in it from other accounts; return what could not be taken.

    A folder that was made for something else keeps its mode, and so does what lies there beside our files:
    ours is one that is empty or holds the file ``ours``. Pictures are not gone through one by one, since an
    archive may have a million: nobody gets at them through a folder that is closed.
    """
    if sys.platform == "win32" or not folder.is_dir():
        return []
    left = []
    for place in (folder, *_inside(folder)) if _is_ours(folder, ours) else ():
        if not is_open_to_others(place) or place.is_symlink():
            continue
        try:
            place.chmod(FOLDER_MODE if place.is_dir() else FILE_MODE)
        except OSError:  # somebody else's, or a file system without modes
            left.append(place)
        else:
            if is_open_to_others(place):
                left.append(place)
    return left


def _is_ours(folder: Path, ours: str) -> bool:
    if folder.stat().st_mode & stat.S_ISVTX:  # like /tmp: made for everybody
        return False
    return (folder / ours).exists() or not any(folder.iterdir())


def _inside(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(folder.iterdir())
