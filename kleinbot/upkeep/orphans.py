"""Counts pictures without a row, sets them aside or removes them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from kleinbot.archive.archive import Archive
from kleinbot.archive.listing import names_in
from kleinbot.archive.names import ArchiveFolder
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.faults import Faults, NoFaults
from kleinbot.process import private_files
from kleinbot.store.results import picture_rows
from kleinbot.upkeep import pairing
from kleinbot.upkeep.pairing import Pairing
from kleinbot.upkeep.sweep import Counts, FileStatus, Sweep, statuses_of

ASIDE = "kept"
"""The archive's folder of files that the database does not know. Only ``adopt`` reads it."""


def count_files(
    file: Path, root: Path, seen: Callable[[str, FileStatus], None] | None = None
) -> tuple[Pairing, Counts]:
    """Return the pairing and what a sweep would find, without changing anything.

    Raises OSError, sqlite3.Error.
    """
    with picture_rows.reading(file) as connection:
        found = pairing.pairing_of(connection, root)
    sweep = _completed(Sweep(root, file, seen=seen or (lambda _name, _status_of: None)))
    if sweep.failures:
        raise sweep.failures[0]
    return found, sweep.counts


def adopt(file: Path, root: Path, clock: Clock, faults: Faults | None = None) -> tuple[int, int]:
    """Bind the archive to this database, set unknown files aside and restore known ones.

    Returns how many files were set aside and how many were restored. Safe to repeat after an interruption.
    Raises OSError, sqlite3.Error.
    """
    back = sum(_restore_known(file, root, place) for place in _set_aside_folders(root))
    moment = datetime.fromtimestamp(clock.now_ms() // MS_PER_S, UTC)
    place = root / ASIDE / f"{moment:%Y%m%dT%H%M%SZ}"
    unknown: list[str] = []

    def note(name: str, status: FileStatus) -> None:
        if status in (FileStatus.UNKNOWN_IMAGE, FileStatus.UNKNOWN_REFERENCE):
            unknown.append(name)

    count_files(file, root, note)
    for name in unknown:
        _move(root / name, place / name)
    pairing.bind(file, root, clock, faults or NoFaults())
    return len(unknown), back


def removable(found: Pairing, counts: Counts) -> int:
    """Return how many files ``remove`` would remove at most; it keeps files younger than an hour.

    Returns 0 for an older database: a job that ended without a picture here may have one in the newer copy.
    """
    if found is Pairing.OLDER:
        return 0
    if found is not Pairing.TOGETHER:
        return counts.ours
    references = 0 if counts.unknown_images else counts.unknown_references
    return counts.ours + counts.parts + references


async def remove(file: Path, root: Path) -> tuple[int, int]:
    """Remove files that are proven to be ours and have no row; return their number and bytes.

    Raises OSError, sqlite3.Error.
    """
    with picture_rows.reading(file) as connection:
        found = pairing.pairing_of(connection, root)
    if found is Pairing.OLDER:
        return 0, 0
    archive = Archive(root)
    sweep = _completed(Sweep(root, file, remover=archive, is_together=found is Pairing.TOGETHER))
    await archive.close()
    if sweep.failures:
        raise sweep.failures[0]
    return sweep.counts.removed, sweep.counts.removed_bytes


def _completed(sweep: Sweep) -> Sweep:
    while sweep.page():
        pass
    return sweep


def _set_aside_folders(root: Path) -> Iterator[Path]:
    aside = root / ASIDE
    yield from sorted(aside.iterdir()) if aside.is_dir() else ()


def _restore_known(file: Path, root: Path, place: Path) -> int:
    back = 0
    for top_folder in ArchiveFolder:
        for name in list(names_in(place, top_folder)):
            if statuses_of(file, [name])[name] is FileStatus.REFERENCED and not (root / name).exists():
                _move(place / name, root / name)
                back += 1
    return back


def _move(source: Path, target: Path) -> None:
    private_files.make_folder(target.parent)
    source.rename(target)
