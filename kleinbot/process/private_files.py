"""Files and folders that only the bot's own account can read: they contain members' requests, and tokens.

Windows has no such modes. There a folder inherits its access list, and that of a user profile admits its
owner alone.
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
_FOLDERS = {"archive", "scratch", "sandbox", "pictures", "conversation"}


def opener(path: str, flags: int) -> int:
    """Open a file so that, if this call creates it, only its owner can read it; for ``open``."""
    return os.open(path, flags, FILE_MODE)


def write(file: Path, content: bytes) -> None:
    """Write a file, replacing its content. Raises OSError."""
    with open(file, "wb", opener=opener) as opened:
        opened.write(content)


def write_durably(file: Path, content: bytes) -> None:
    """Write a file so that a power cut leaves either the old content or the new. Raises OSError."""
    temporary = file.with_name(f"{file.name}.part")
    with open(temporary, "wb", opener=opener) as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    temporary.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows cannot open folders; NTFS journals renames itself. Raises OSError."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_empty(file: Path) -> None:
    """Create ``file`` if it is missing, with a private mode that later writers keep. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))


def make_folder(folder: Path) -> None:
    """Create ``folder`` and its missing parents for the bot's account alone. Raises OSError."""
    missing = []
    place = folder
    while not place.exists() and place != place.parent:
        missing.append(place)
        place = place.parent
    for each in reversed(missing):
        with suppress(FileExistsError):  # created meanwhile by another process
            each.mkdir(FOLDER_MODE)
    folder.mkdir(exist_ok=True)  # raises if it is not a folder


def protect(folder: Path) -> None:
    """Deny the machine's other accounts access to the data folder and to our files directly inside it.

    Pictures are not changed one by one, since an archive may have a million: a closed folder protects its
    content. A folder that was made for something else keeps its mode; only our own files and folders in it
    are closed. If a mode cannot be changed, it stays as it is, and ``open_to_others`` reports it.
    """
    for place in open_to_others(folder):
        with suppress(OSError):  # owned by somebody else, or a file system without modes
            place.chmod(FOLDER_MODE if place.is_dir() else FILE_MODE)


def open_to_others(folder: Path) -> list[Path]:
    """Return which files and folders of a data folder other accounts may read, the folder itself first."""
    if sys.platform == "win32" or not folder.is_dir():
        return []
    ours = sorted(place for place in _inside(folder) if _is_ours(place) and not place.is_symlink())
    whole = (folder,) if _is_data_folder(folder) else ()
    return [place for place in (*whole, *ours) if may_be_read_by_others(place)]


def may_be_read_by_others(place: Path) -> bool:
    """Return whether another account of this machine may read ``place``; False if it does not exist."""
    if sys.platform == "win32":
        return False
    try:
        return bool(place.stat().st_mode & _OTHERS)
    except OSError:
        return False


def _is_data_folder(folder: Path) -> bool:
    """Return whether ``folder`` is meant for our data alone: it has the database, or only files of ours."""
    try:
        if folder.stat().st_mode & stat.S_ISVTX:  # like /tmp: shared by all accounts
            return False
    except OSError:
        return False
    return (folder / DATABASE).exists() or all(_is_ours(place) for place in _inside(folder))


def _is_ours(place: Path) -> bool:
    return place.name.startswith("kleinbot") or place.name in _FOLDERS


def _inside(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from folder.iterdir()
