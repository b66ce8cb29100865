"""One pass over the archive, a page at a time: what no row keeps is found, and goes where it is ours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path

from kleinbot.archive.archive import Archive
from kleinbot.archive.listing import names_in
from kleinbot.archive.names import ArchivedName, ArchiveFolder, is_temporary, parts_of
from kleinbot.store.results import picture_rows
from kleinbot.store.results.picture_rows import JobFiles

PAGE_FILES = 100


class Fate(StrEnum):
    """What the rows say of a file."""

    KEPT = "kept"
    """A row keeps it, or may yet: its job has not ended."""
    OURS = "ours"
    """Its job is known and has ended without it: it was cancelled, or deleted."""
    UNKNOWN_IMAGE = "unknown-image"
    """This database never had its job. A picture is stored after its job's row, and no such row ever goes."""
    UNKNOWN_REFERENCE = "unknown-reference"
    """Likewise; but an input picture is stored before the row, so the job may never have come to be."""
    PART = "part"
    """What an interrupted write has left."""


@dataclass
class Counts:
    """What a pass has found so far. ``removed_bytes``: of the files that were removed."""

    kept: int = 0
    ours: int = 0
    unknown_images: int = 0
    unknown_references: int = 0
    parts: int = 0
    removed: int = 0
    removed_bytes: int = 0


class Sweep:
    """Looks at every file once. ``page`` blocks: call it on a thread, and give others a turn in between.

    ``remover``: the archive that removes; None: nothing is removed. What this database does not know is never
    removed, except input pictures where everything else shows that the archive is this database's:
    ``is_together``, and no image is unknown. Images come first for that.
    """

    def __init__(
        self,
        root: Path,
        file: Path,
        *,
        remover: Archive | None = None,
        is_together: bool = False,
        seen: Callable[[str, Fate], None] = lambda _name, _fate: None,
    ) -> None:
        self.counts = Counts()
        self.failures: list[OSError] = []
        self._file = file
        self._remover = remover
        self._is_together = is_together
        self._seen = seen
        self._names = chain.from_iterable(
            names_in(root, shelf, self.failures, tidies=remover is not None)
            for shelf in (ArchiveFolder.IMAGES, ArchiveFolder.REFERENCES)
        )

    def page(self) -> bool:
        """Look at the next files; False once all were seen. Raises sqlite3.Error."""
        names = list(islice(self._names, PAGE_FILES))
        if not names:
            return False
        fates = fates_of(self._file, names)
        for name, fate in fates.items():
            self._count(fate)
            self._seen(name, fate)
        if self._remover is not None:
            self._remove(self._remover, [name for name, fate in fates.items() if self._may_remove(fate)])
        return True

    def _remove(self, remover: Archive, names: Sequence[str]) -> None:
        old = remover.old_among(names, self.failures)
        if not old:
            return
        # Asked again: a file may have got its row since.
        again = fates_of(self._file, old)
        files, byte_count = remover.remove_old(
            [name for name in old if self._may_remove(again[name])], self.failures
        )
        self.counts.removed += files
        self.counts.removed_bytes += byte_count

    def _may_remove(self, fate: Fate) -> bool:
        match fate:
            case Fate.OURS:
                return True
            case Fate.PART:
                return self._is_together
            case Fate.UNKNOWN_REFERENCE:
                return self._is_together and not self.counts.unknown_images
            case _:
                return False

    def _count(self, fate: Fate) -> None:
        match fate:
            case Fate.KEPT:
                self.counts.kept += 1
            case Fate.OURS:
                self.counts.ours += 1
            case Fate.UNKNOWN_IMAGE:
                self.counts.unknown_images += 1
            case Fate.UNKNOWN_REFERENCE:
                self.counts.unknown_references += 1
            case Fate.PART:
                self.counts.parts += 1


def fates_of(file: Path, names: Sequence[str]) -> dict[str, Fate]:
    """Return what the rows say of each of ``names``. Raises sqlite3.Error."""
    found = {name: parts_of(name) for name in names}
    with picture_rows.reading(file) as connection:
        jobs = picture_rows.jobs_of(connection, [parts.job_id for parts in found.values() if parts])
    return {name: _fate(name, parts, jobs) for name, parts in found.items()}


def _fate(name: str, parts: ArchivedName | None, jobs: Mapping[str, JobFiles]) -> Fate:
    if parts is None:
        return Fate.PART if is_temporary(name) else Fate.KEPT
    job = jobs.get(parts.job_id)
    if job is None or job.server_id != parts.server_id:
        return Fate.UNKNOWN_IMAGE if parts.shelf is ArchiveFolder.IMAGES else Fate.UNKNOWN_REFERENCE
    return Fate.KEPT if name in job.kept or not job.has_ended else Fate.OURS
