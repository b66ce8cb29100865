"""One pass over the archive, page by page: finds files without a row and removes those that are ours."""

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


class FileStatus(StrEnum):
    """The status of a file according to the rows."""

    REFERENCED = "kept"
    """A row refers to it, or may do so later because its job has not ended."""
    ORPHANED = "ours"
    """Its job is known and has ended without it: cancelled or deleted."""
    UNKNOWN_IMAGE = "unknown-image"
    """This database never had its job: an image is stored after its job's row, and rows are never deleted."""
    UNKNOWN_REFERENCE = "unknown-reference"
    """Likewise, but an input picture is stored before the row, so its job may never have been accepted."""
    UNFINISHED = "part"
    """A leftover of an interrupted write."""


@dataclass
class Counts:
    """The findings of a pass so far. ``removed_bytes``: the size of the removed files."""

    kept: int = 0
    ours: int = 0
    unknown_images: int = 0
    unknown_references: int = 0
    parts: int = 0
    removed: int = 0
    removed_bytes: int = 0


class Sweep:
    """Visits every file once. ``page`` blocks: call it on a thread and pause between calls.

    ``remover``: the archive that removes files; None: remove nothing. Files unknown to this database are
    never removed, except input pictures if everything else shows that the archive belongs to it:
    ``is_together`` and no unknown image. Therefore images are visited first.
    """

    def __init__(
        self,
        root: Path,
        file: Path,
        *,
        remover: Archive | None = None,
        is_together: bool = False,
        seen: Callable[[str, FileStatus], None] = lambda _name, _status_of: None,
    ) -> None:
        self.counts = Counts()
        self.failures: list[OSError] = []
        self._file = file
        self._remover = remover
        self._is_together = is_together
        self._seen = seen
        self._names = chain.from_iterable(
            names_in(root, top_folder, self.failures, removes_empty=remover is not None)
            for top_folder in (ArchiveFolder.IMAGES, ArchiveFolder.REFERENCES)
        )

    def page(self) -> bool:
        """Process the next files. Returns False once all are done. Raises sqlite3.Error."""
        names = list(islice(self._names, PAGE_FILES))
        if not names:
            return False
        statuses = statuses_of(self._file, names)
        for name, status in statuses.items():
            self._count(status)
            self._seen(name, status)
        if self._remover is not None:
            self._remove(
                self._remover, [name for name, status in statuses.items() if self._may_remove(status)]
            )
        return True

    def _remove(self, remover: Archive, names: Sequence[str]) -> None:
        old = remover.old_files(names, self.failures)
        if not old:
            return
        # Checked again: a file may have got its row meanwhile.
        again = statuses_of(self._file, old)
        files, byte_count = remover.remove_old(
            [name for name in old if self._may_remove(again[name])], self.failures
        )
        self.counts.removed += files
        self.counts.removed_bytes += byte_count

    def _may_remove(self, status: FileStatus) -> bool:
        match status:
            case FileStatus.ORPHANED:
                return True
            case FileStatus.UNFINISHED:
                return self._is_together
            case FileStatus.UNKNOWN_REFERENCE:
                return self._is_together and not self.counts.unknown_images
            case _:
                return False

    def _count(self, status: FileStatus) -> None:
        match status:
            case FileStatus.REFERENCED:
                self.counts.kept += 1
            case FileStatus.ORPHANED:
                self.counts.ours += 1
            case FileStatus.UNKNOWN_IMAGE:
                self.counts.unknown_images += 1
            case FileStatus.UNKNOWN_REFERENCE:
                self.counts.unknown_references += 1
            case FileStatus.UNFINISHED:
                self.counts.parts += 1


def statuses_of(file: Path, names: Sequence[str]) -> dict[str, FileStatus]:
    """Return the status of each of ``names``. Raises sqlite3.Error."""
    found = {name: parts_of(name) for name in names}
    with picture_rows.reading(file) as connection:
        jobs = picture_rows.jobs_of(connection, [parts.job_id for parts in found.values() if parts])
    return {name: _status_of(name, parts, jobs) for name, parts in found.items()}


def _status_of(name: str, parts: ArchivedName | None, jobs: Mapping[str, JobFiles]) -> FileStatus:
    if parts is None:
        return FileStatus.UNFINISHED if is_temporary(name) else FileStatus.REFERENCED
    job = jobs.get(parts.job_id)
    if job is None or job.server_id != parts.server_id:
        is_image = parts.top_folder is ArchiveFolder.IMAGES
        return FileStatus.UNKNOWN_IMAGE if is_image else FileStatus.UNKNOWN_REFERENCE
    return FileStatus.REFERENCED if name in job.kept or not job.has_ended else FileStatus.ORPHANED
