"""What the owner may do with pictures that no row keeps: count them, put them aside, remove them."""

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
from kleinbot.upkeep.sweep import Counts, Fate, Sweep, fates_of

ASIDE = "kept"
"""The folder in the archive where files lie that the database does not know. Only ``adopt`` looks there."""


def counted(
    file: Path, root: Path, seen: Callable[[str, Fate], None] | None = None
) -> tuple[Pairing, Counts]:
    """Return how database and archive stand, and what a sweep would find; changes nothing.

    Raises OSError, sqlite3.Error.
    """
    with picture_rows.reading(file) as connection:
        found = pairing.judged(connection, root)
    sweep = _passed(Sweep(root, file, seen=seen or (lambda _name, _fate: None)))
    if sweep.failures:
        raise sweep.failures[0]
    return found, sweep.counts


def adopt(file: Path, root: Path, clock: Clock, faults: Faults | None = None) -> tuple[int, int]:
    """Make the archive this database's; put aside what it does not know, bring back what it knows.

    Returns how many files were put aside and how many came back. May be repeated where it was interrupted.
    Raises OSError, sqlite3.Error.
    """
    back = sum(_brought_back(file, root, place) for place in _asides(root))
    moment = datetime.fromtimestamp(clock.now_ms() // MS_PER_S, UTC)
    place = root / ASIDE / f"{moment:%Y%m%dT%H%M%SZ}"
    unknown: list[str] = []

    def note(name: str, fate: Fate) -> None:
        if fate in (Fate.UNKNOWN_IMAGE, Fate.UNKNOWN_REFERENCE):
            unknown.append(name)

    counted(file, root, note)
    for name in unknown:
        _move(root / name, place / name)
    pairing.bind(file, root, clock, faults or NoFaults())
    return len(unknown), back


def removable(found: Pairing, counts: Counts) -> int:
    """Return how many files ``remove`` would remove at most: it leaves what is younger than an hour.

    Nothing for an older database: a job that has ended without a picture here may have one by the newer.
    """
    if found is Pairing.OLDER:
        return 0
    if found is not Pairing.TOGETHER:
        return counts.ours
    references = 0 if counts.unknown_images else counts.unknown_references
    return counts.ours + counts.parts + references


async def remove(file: Path, root: Path) -> tuple[int, int]:
    """Remove what is proven to be ours and has no row any more; return how many files, and their bytes.

    Raises OSError, sqlite3.Error.
    """
    with picture_rows.reading(file) as connection:
        found = pairing.judged(connection, root)
    if found is Pairing.OLDER:
        return 0, 0
    archive = Archive(root)
    sweep = _passed(Sweep(root, file, remover=archive, is_together=found is Pairing.TOGETHER))
    await archive.close()
    if sweep.failures:
        raise sweep.failures[0]
    return sweep.counts.removed, sweep.counts.removed_bytes


def _passed(sweep: Sweep) -> Sweep:
    while sweep.page():
        pass
    return sweep


def _asides(root: Path) -> Iterator[Path]:
    aside = root / ASIDE
    yield from sorted(aside.iterdir()) if aside.is_dir() else ()


def _brought_back(file: Path, root: Path, place: Path) -> int:
    back = 0
    for shelf in ArchiveFolder:
        for name in list(names_in(place, shelf)):
            if fates_of(file, [name])[name] is Fate.KEPT and not (root / name).exists():
                _move(place / name, root / name)
                back += 1
    return back


def _move(source: Path, target: Path) -> None:
    private_files.make_folder(target.parent)
    source.rename(target)
