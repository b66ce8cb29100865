"""``bot.py backup``: copies the database and its pictures to a folder, even while the bot runs."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from kleinbot.archive.listing import names_in
from kleinbot.archive.names import ArchiveFolder, BadNameError, checked
from kleinbot.config.settings import Settings
from kleinbot.domain.clock import Clock, SystemClock
from kleinbot.domain.errors import Code, Parameter, StartError
from kleinbot.process import private_files
from kleinbot.process.disk_space import LEAST_BYTES, free_disk_bytes
from kleinbot.store.damage import damaged
from kleinbot.store.inspection import inspect
from kleinbot.store.migrations import load_migrations
from kleinbot.store.results import picture_rows
from kleinbot.store.results.picture_rows import KeptFile
from kleinbot.store.snapshot import copy_database, damage_of, database_bytes, describe
from kleinbot.texts import Texts
from kleinbot.upkeep import backup_files, orphans
from kleinbot.upkeep.backup_failures import failures_as_start_errors, no_disk_space
from kleinbot.upkeep.backup_files import ARCHIVE, BEGUN, MIB, BackupStep, Manifest, UnfitFileError
from kleinbot.upkeep.pairing import Pairing, pairing_of, require_database
from kleinbot.upkeep.progress import Progress
from kleinbot.upkeep.sweep import PAGE_FILES, FileStatus, statuses_of

_LISTED = 20
_USUAL_ON_A_DISK = {"lost+found", "System Volume Information", "$RECYCLE.BIN"}
"""Entries that a file system creates in the top folder of an empty disk."""


@dataclass
class _Pictures:
    """The outcome for the pictures. ``left_out``: missing or damaged in the archive."""

    there: int = 0
    copied: int = 0
    byte_count: int = 0
    left_out: list[str] = field(default_factory=list)


class BackupCommand:
    """Backs up a data folder to ``folder``, copying only what is new. ``say`` writes a line.

    ``reached`` is called at each step.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        say: Callable[[str], None],
        clock: Clock | None = None,
        reached: Callable[[BackupStep], None] = backup_files.ignore_step,
    ) -> None:
        self._file = settings.database_file
        self._root = settings.archive_folder
        self._data_folder = settings.data_folder
        self._options = settings.archive_options
        self._folder = folder.absolute()
        self._texts = Texts(settings.locale)
        self._write = say
        self._clock = clock or SystemClock()
        self._reached = reached
        self._progress = Progress(self._say, self._clock)

    def make(self) -> None:
        """Make the backup or update an existing one. Raises StartError."""
        self._require_separate_folders()
        if not self._file.exists():
            raise StartError(Code.ARCHIVE_NO_DATABASE, file=str(self._file))
        with (
            backup_files.one_at_a_time(self._data_folder),
            failures_as_start_errors(self._folder, self._file),
        ):
            identity = self._source_identity()
            self._require_destination(identity)
            self._begin(identity)
            name = self._copy_database(identity)
            pictures = self._copy_pictures(self._folder / name)
            manifest = self._finish(identity, name, pictures)
            self._clean_up(manifest)
        self._report(manifest, pictures)

    # --- Source and destination

    def _require_separate_folders(self) -> None:
        data, backup = self._data_folder.resolve(), self._folder.resolve()
        if data == backup or data in backup.parents or backup in data.parents:
            raise StartError(Code.BACKUP_INSIDE, folder=str(self._folder), data=str(data))

    def _source_identity(self) -> str:
        """Return the database's identity. Raises StartError if it does not belong to the archive."""
        require_database(self._file, self._root, self._options)
        # An older one too: who has upgraded may want a backup before the first start migrates.
        if not 0 < inspect(self._file).version <= len(load_migrations()):
            raise StartError(Code.ARCHIVE_NO_DATABASE, file=str(self._file))
        with picture_rows.reading(self._file) as connection:
            identity = picture_rows.identity(connection)
            pairing = pairing_of(connection, self._root)
        if identity is None:
            raise StartError(Code.ARCHIVE_NO_DATABASE, file=str(self._file))
        if pairing is not Pairing.TOGETHER:
            raise StartError(Code.BACKUP_NOT_TOGETHER, folder=str(self._data_folder), options=self._options)
        return identity

    def _require_destination(self, identity: str) -> None:
        """Raise StartError unless the folder is empty or holds a backup of this database, but none newer."""
        earlier = backup_files.read_manifest(self._folder)
        if earlier is not None:
            if earlier.identity != identity:
                raise StartError(Code.BACKUP_OF_ANOTHER, folder=str(self._folder))
            with picture_rows.reading(self._file) as connection:
                numbers = picture_rows.numbers(connection)
            if any(number > numbers.get(server, 0) for server, number in earlier.numbers.items()):
                raise StartError(Code.BACKUP_NEWER, folder=str(self._folder))
        elif self._begun_by() != identity and self._foreign_names():
            raise StartError(Code.BACKUP_FOLDER_NOT_OURS, folder=str(self._folder))

    def _foreign_names(self) -> set[str]:
        there = {path.name for path in self._folder.iterdir()} if self._folder.exists() else set()
        return there - _USUAL_ON_A_DISK - {f"{BEGUN}.part"}

    def _begun_by(self) -> str | None:
        try:
            content = json.loads(backup_files.read_plain(self._folder, BEGUN))
            return str(content["identity"])
        except (OSError, ValueError, KeyError, TypeError, UnfitFileError, RecursionError):
            return None

    # --- Copying

    def _begin(self, identity: str) -> None:
        self._require_disk_space(database_bytes(self._file))
        private_files.make_folder(self._folder)
        private_files.write_durably(self._folder / BEGUN, json.dumps({"identity": identity}).encode())
        private_files.protect(self._folder)
        self._reached(BackupStep.BEGUN)
        in_use = backup_files.read_manifest(self._folder)
        self._remove_databases(None if in_use is None else in_use.database)
        self._require_disk_space(database_bytes(self._file))

    def _copy_database(self, identity: str) -> str:
        """Copy and check the database; return the copy's name."""
        name = backup_files.new_database_name()
        unfinished = self._folder / f"{name}.tmp"
        self._progress.begin("backup-copies-database")
        copy_database(self._file, unfinished, self._progress.at)
        if (damage := damage_of(unfinished)) is not None:
            raise damaged(self._file, sqlite3.DatabaseError(damage))
        if describe(unfinished).identity != identity:  # it was replaced meanwhile
            raise StartError(Code.BACKUP_NOT_TOGETHER, folder=str(self._data_folder), options=self._options)
        unfinished.replace(self._folder / name)
        private_files.sync_folder(self._folder)
        self._reached(BackupStep.DATABASE_COPIED)
        return name

    def _copy_pictures(self, database: Path) -> _Pictures:
        """Copy the pictures of ``database``'s rows that the backup does not hold yet."""
        copies = self._folder / ARCHIVE
        private_files.make_folder(copies)
        wanted, wanted_bytes = self._wanted(database)
        self._require_disk_space(wanted_bytes)
        found = _Pictures()
        self._progress.begin("backup-copies-pictures")
        done = 0
        with picture_rows.reading(database) as connection:
            for kept in picture_rows.kept_files(connection):
                if (size := self._copied_size(kept)) is None:
                    size = self._copy_picture(kept)
                    done += 1
                    self._progress.at(done, wanted)
                    found.copied += size is not None
                if size is None:
                    found.left_out.append(kept.name)
                else:
                    found.there += 1
                    found.byte_count += size
        backup_files.sync_tree(copies)
        return found

    def _wanted(self, database: Path) -> tuple[int, int]:
        """Return the number and bytes of the pictures to copy."""
        self._progress.begin("backup-looks")
        files = byte_count = 0
        with picture_rows.reading(database) as connection:
            for number, kept in enumerate(picture_rows.kept_files(connection)):
                self._progress.at(number, 0)
                if self._copied_size(kept) is None and (size := _size(self._root, kept.name)) is not None:
                    files += 1
                    byte_count += size
        return files, byte_count

    def _copied_size(self, kept: KeptFile) -> int | None:
        """Return the bytes of a picture in the backup, or None; a file gets its name only when complete."""
        size = _size(self._folder / ARCHIVE, kept.name)
        if size is None or _size(self._root, kept.name) not in (None, size):
            return None
        return size

    def _copy_picture(self, kept: KeptFile) -> int | None:
        """Copy a picture and return its bytes; None if it is missing or changed in the archive."""
        try:
            data = backup_files.read_plain(self._root, checked(kept.name))
        except (FileNotFoundError, UnfitFileError, BadNameError):
            return None
        if hashlib.sha256(data).hexdigest() != kept.sha256:
            return None
        backup_files.put(self._folder / ARCHIVE / kept.name, data)
        self._reached(BackupStep.PICTURE_COPIED)
        return len(data)

    # --- Completion

    def _finish(self, identity: str, name: str, pictures: _Pictures) -> Manifest:
        database = self._folder / name
        held = describe(database)
        manifest = Manifest(
            identity=identity,
            schema=held.schema,
            database=name,
            database_bytes=database.stat().st_size,
            database_sha256=backup_files.sha256_of(database),
            jobs=held.jobs,
            pictures=pictures.there,
            picture_bytes=pictures.byte_count,
            left_out=tuple(pictures.left_out),
            numbers=held.numbers,
            made_ms=self._clock.now_ms(),
        )
        self._reached(BackupStep.BEFORE_MANIFEST)
        backup_files.write_manifest(self._folder, manifest)
        self._reached(BackupStep.MANIFEST_WRITTEN)
        return manifest

    def _clean_up(self, manifest: Manifest) -> None:
        """Remove the previous backup's database and the pictures deleted since."""
        self._remove_databases(manifest.database)
        copies = self._folder / ARCHIVE
        names = chain.from_iterable(names_in(copies, top_folder) for top_folder in ArchiveFolder)
        while page := list(islice(names, PAGE_FILES)):
            statuses = statuses_of(self._folder / manifest.database, page)
            for name, status in statuses.items():
                if status in (FileStatus.ORPHANED, FileStatus.UNFINISHED) and _size(copies, name) is not None:
                    (copies / name).unlink(missing_ok=True)
        self._reached(BackupStep.TIDIED)
        (self._folder / BEGUN).unlink(missing_ok=True)

    def _remove_databases(self, in_use: str | None) -> None:
        for place in self._folder.iterdir():
            if backup_files.is_database_copy(place.name) and place.name != in_use and not place.is_dir():
                place.unlink()

    def _report(self, manifest: Manifest, pictures: _Pictures) -> None:
        self._say(
            "backup-made", folder=str(self._folder), jobs=manifest.jobs, pictures=manifest.pictures,
            copied=pictures.copied, size=round((manifest.picture_bytes + manifest.database_bytes) / MIB, 1),
        )  # fmt: skip
        if pictures.left_out:
            self._say("backup-left-out", pictures=len(pictures.left_out))
            for name in pictures.left_out[:_LISTED]:
                self._say("backup-file", file=name)
        if (aside := self._root / orphans.ASIDE).is_dir() and any(aside.iterdir()):
            self._say("backup-without-aside", folder=str(aside))

    def _require_disk_space(self, needed_bytes: int) -> None:
        free = free_disk_bytes(self._folder)
        if free is not None and free < needed_bytes + LEAST_BYTES:
            raise no_disk_space(self._folder, needed_bytes + LEAST_BYTES, free)

    def _say(self, message_id: str, **values: Parameter) -> None:
        self._write(self._texts.say(None, message_id, **values))


def _size(root: Path, name: str) -> int | None:
    """Return the bytes of the picture ``name`` below ``root``; None if it is missing or no plain file."""
    try:
        return backup_files.plain_file(root, checked(name)).st_size
    except (FileNotFoundError, NotADirectoryError, UnfitFileError, BadNameError):
        return None
