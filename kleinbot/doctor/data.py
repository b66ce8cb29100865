"""Checks the data folder, its disk and its database."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kleinbot.archive.listing import has_pictures, names_in
from kleinbot.archive.names import ArchiveFolder
from kleinbot.doctor.findings import Finding, Topic, Verdict, of_error, ok, problem, warning
from kleinbot.domain.errors import Code, Parameter, StartError
from kleinbot.hardware.facts import GIB
from kleinbot.process import private_files
from kleinbot.process.folder_lock import Holder, lock_problem
from kleinbot.store.inspection import inspect
from kleinbot.store.migrations import load_migrations
from kleinbot.store.results.picture_rows import reading
from kleinbot.upkeep import sweeper
from kleinbot.upkeep.pairing import Pairing, pairing_of, require_database
from kleinbot.upkeep.sweep import Counts, Sweep

FULL_BYTES = GIB // 2
_NAMED_PLACES = 3
LOW_BYTES = 5 * GIB
"""Enough for some thousand pictures."""


def data_folder(
    folder: Path, holder: Holder | None, free_bytes_at: Callable[[Path], int | None]
) -> Iterator[Finding]:
    """Report whether the folder exists, whether a bot runs in it, and the free space on its disk."""
    if holder is not None:
        # As text: a number would be written with separators.
        error = StartError(Code.FOLDER_IN_USE, folder=str(folder), pid=str(holder.pid), since=holder.since)
        yield of_error(Topic.DATA_FOLDER, error)
    elif (lacking := lock_problem(folder)) is not None:
        yield of_error(Topic.DATA_FOLDER, lacking)
    else:
        message = "doctor-data-folder" if folder.is_dir() else "doctor-data-folder-new"
        yield ok(Topic.DATA_FOLDER, message, folder=str(folder.absolute()))
    if exposed := private_files.open_to_others(folder):
        places = ", ".join(str(place) for place in exposed[:_NAMED_PLACES])
        more = len(exposed[_NAMED_PLACES:])
        yield warning(
            Topic.DATA_FOLDER, "doctor-data-folder-open", places=places, more=more, folder=str(folder)
        )
    free_bytes = free_bytes_at(folder)
    if free_bytes is None:
        yield warning(Topic.DISK, "doctor-disk-unknown", folder=str(folder))
        return
    figures: dict[str, Parameter] = {"folder": str(folder), "free": round(free_bytes / GIB, 1)}
    if free_bytes < FULL_BYTES:
        yield problem(Topic.DISK, "doctor-disk-full", **figures)
    elif free_bytes < LOW_BYTES:
        yield warning(Topic.DISK, "doctor-disk-low", **figures)
    else:
        yield ok(Topic.DISK, "doctor-disk", **figures)


def readable_secrets(files: Iterable[Path]) -> Iterator[Finding]:
    """Yield the files with the token that other accounts of this machine may read."""
    for file in files:
        if private_files.may_be_read_by_others(file):
            yield warning(Topic.SETTINGS, "doctor-settings-open", file=str(file))


def database(file: Path, root: Path) -> Finding:
    """Report whether the database is usable as it is, without touching it."""
    known = len(load_migrations())
    try:
        require_database(file, root)
        if not file.exists():
            return ok(Topic.DATABASE, "doctor-database-new")
        state = inspect(file)
    except StartError as error:
        return of_error(Topic.DATABASE, error)
    except (sqlite3.Error, OSError) as error:
        return problem(Topic.DATABASE, "doctor-database-damaged", file=str(file), reason=str(error))
    if state.damage is not None:
        return problem(Topic.DATABASE, "doctor-database-damaged", file=str(file), reason=state.damage)
    if state.version > known:
        newer = StartError(Code.DATABASE_NEWER, file=str(file), found=state.version, known=known)
        return of_error(Topic.DATABASE, newer)
    if state.version < known:
        return ok(Topic.DATABASE, "doctor-database-older", found=state.version, known=known)
    return ok(Topic.DATABASE, "doctor-database", version=state.version)


def archive(file: Path, root: Path) -> Finding:
    """Report whether the archive at ``root`` belongs to the database, without touching either."""
    if not has_pictures(root):
        return ok(Topic.ARCHIVE, "doctor-archive-empty")
    pairing, counts = Pairing.OTHER, Counts()
    if file.exists():
        try:
            with reading(file) as connection:
                pairing = pairing_of(connection, root)
            counts = _counted(file, root) if pairing is not Pairing.TOGETHER else counts
        except (sqlite3.Error, OSError):  # the database's own finding reports it, or its schema is older
            counts = _all(root)
    else:
        counts = _all(root)
    if (found := sweeper.problem(pairing, counts)) is None:
        return ok(Topic.ARCHIVE, "doctor-archive", folder=str(root))
    return of_error(Topic.ARCHIVE, found, Verdict.WARNING)


def _counted(file: Path, root: Path) -> Counts:
    sweep = Sweep(root, file)
    while sweep.page():
        pass
    return sweep.counts


def _all(root: Path) -> Counts:
    return Counts(unknown_images=sum(1 for top_folder in ArchiveFolder for _ in names_in(root, top_folder)))
