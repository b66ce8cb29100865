"""What lies in an archive, name by name: there may be millions, so nothing is ever listed whole."""

import os
from collections.abc import Iterator
from pathlib import Path

from kleinbot.archive import durable
from kleinbot.archive.names import ArchiveFolder, is_picture, is_temporary


def names_in(
    root: Path, shelf: ArchiveFolder, failures: list[OSError] | None = None, *, tidies: bool = False
) -> Iterator[str]:
    """Yield the names of pictures, and of what interrupted writes left, on one shelf of an archive.

    What cannot be looked at is added to ``failures``. ``tidies``: folders that are empty by then are removed.
    """
    failures = [] if failures is None else failures
    for folder in _entries(root / shelf, failures):
        if not folder.is_dir(follow_symlinks=False):
            continue
        for file in _entries(Path(folder.path), failures):
            name = f"{shelf}/{folder.name}/{file.name}"
            if is_picture(name) or is_temporary(name):
                yield name
        if tidies:
            durable.remove_empty_folder(Path(folder.path))


def has_pictures(root: Path) -> bool:
    """Tell whether the archive at ``root`` holds any picture."""
    return any(is_picture(name) for shelf in ArchiveFolder for name in names_in(root, shelf))


def _entries(folder: Path, failures: list[OSError]) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        failures.append(error)
