"""Iterates over an archive's names; there may be millions, so they are never all in memory."""

import os
from collections.abc import Iterator
from pathlib import Path

from kleinbot.archive import durable
from kleinbot.archive.names import ArchiveFolder, is_picture, is_temporary


def names_in(
    root: Path,
    top_folder: ArchiveFolder,
    failures: list[OSError] | None = None,
    *,
    removes_empty: bool = False,
) -> Iterator[str]:
    """Yield the names of pictures and of leftovers of interrupted writes in one top folder of an archive.

    Errors are added to ``failures``. ``removes_empty``: folders that are empty by then are removed.
    """
    failures = [] if failures is None else failures
    for folder in _entries(root / top_folder, failures):
        if not folder.is_dir(follow_symlinks=False):
            continue
        for file in _entries(Path(folder.path), failures):
            name = f"{top_folder}/{folder.name}/{file.name}"
            if is_picture(name) or is_temporary(name):
                yield name
        if removes_empty:
            durable.remove_empty_folder(Path(folder.path))


def has_pictures(root: Path) -> bool:
    """Return whether the archive at ``root`` holds any picture."""
    return any(is_picture(name) for top_folder in ArchiveFolder for name in names_in(root, top_folder))


def _entries(folder: Path, failures: list[OSError]) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        failures.append(error)
