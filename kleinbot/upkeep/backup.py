"""``bot.py backup``: copies the database and its pictures to a folder, while the bot runs or not."""

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
from kleinbot.upkeep.backup_failures import failures_told, no_room
from kleinbot.upkeep.backup_files import ARCHIVE, BEGUN, MIB, BackupStep, Manifest, UnfitFileError
from kleinbot.upkeep.pairing import Pairing, pairing_of, require_database
from kleinbot.upkeep.progress import Progress
from kleinbot.upkeep.sweep import PAGE_FILES, FileStatus, statuses_of

_LISTED = 20
_USUAL_ON_A_DISK = {"lost+found", "System Volume Information", "$RECYCLE.BIN"}
"""What a file system puts into the top folder of an empty disk."""


@dataclass
class _Pictures:
    """What became of the pictures; ``left_out``: the archive does not have them, or not whole."""

    there: int = 0
    copied: int = 0
    byte_count: int = 0
    left_out: list[str] = field(default_factory=list)


class BackupCommand:
    """Backs up a data folder to ``folder``; ``say`` writes a line. What is there is not copied again.

    ``reached`` is told of each step.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        say: Callable[[str], None],
        clock: Clock | None = None,
        reached: Callable[[BackupStep], None] = backup_files.nothing_happens,
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
        """Make the backup, or bring the one that is there up to date. Raises StartError."""
        self._require_apart()
        if not self._file.exists():
            raise StartError(Code.ARCHIVE_NO_DATABASE, file=str(self._file))
        with (
            backup_files.one_at_a_time(self._data_folder),
            failures_told(self._folder, self._file),
        ):
            identity = self._source_identity()
            self._require_destination(identity)
            self._begin(identity)
            name = self._copy_database(identity)
            pictures = self._copy_pictures(self._folder / name)
            manifest = self._finish(identity, name, pictures)
            self._tidy(manifest)
        self._report(manifest, pictures)

    # --- What may be backed up, and where to

    def _require_apart(self) -> None:
        data, backup = self._data_folder.resolve(), self._folder.resolve()
        if data == backup or data in backup.parents or backup in data.parents:
            raise StartError(Code.BACKUP_INSIDE, folder=str(self._folder), data=str(data))

    def _source_identity(self) -> str:
        """Return whose database this is. Raises StartError where it does not belong to the archive."""
        require_database(self._file, self._root, self._options)
        if inspect(self._file).version != len(load_migrations()):
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
        """Raise StartError where the folder holds anything but a backup of this database, or a newer one."""
        earlier = backup_files.read_manifest(self._folder)
        if earlier is not None:
            if earlier.identity != identity:
                raise StartError(Code.BACKUP_OF_ANOTHER, folder=str(self._folder))
            with picture_rows.reading(self._file) as connection:
                numbers = picture_rows.numbers(connection)
            if any(number > numbers.get(server, 0) for server, number in earlier.numbers.items()):
                raise StartError(Code.BACKUP_NEWER, folder=str(self._folder))
        elif self._begun_by() != identity and self._names_there():
            raise StartError(Code.BACKUP_FOLDER_NOT_OURS, folder=str(self._folder))

    def _names_there(self) -> set[str]:
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
        self._require_room(database_bytes(self._file))
        private_files.make_folder(self._folder)
        private_files.write_durably(self._folder / BEGUN, json.dumps({"identity": identity}).encode())
        private_files.protect(self._folder)
        self._reached(BackupStep.BEGUN)
        in_use = backup_files.read_manifest(self._folder)
        self._remove_databases(None if in_use is None else in_use.database)
        self._require_room(database_bytes(self._file))

    def _copy_database(self, identity: str) -> str:
        """Return the name of a copy that was checked."""
        name = backup_files.new_database_name()
        unfinished = self._folder / f"{name}.tmp"
        self._progress.begin("backup-copies-database")
        copy_database(self._file, unfinished, self._progress.at)
        if (damage := damage_of(unfinished)) is not None:
            raise damaged(self._file, sqlite3.DatabaseError(damage))
        if describe(unfinished).identity != identity:  # it was exchanged meanwhile
            raise StartError(Code.BACKUP_NOT_TOGETHER, folder=str(self._data_folder), options=self._options)
        unfinished.replace(self._folder / name)
        private_files.sync_folder(self._folder)
        self._reached(BackupStep.DATABASE_COPIED)
        return name

    def _copy_pictures(self, database: Path) -> _Pictures:
        """Copy what the rows of ``database`` keep and is not there yet."""
        copies = self._folder / ARCHIVE
        private_files.make_folder(copies)
        wanted, wanted_bytes = self._wanted(database)
        self._require_room(wanted_bytes)
        found = _Pictures()
        self._progress.begin("backup-copies-pictures")
        done = 0
        with picture_rows.reading(database) as connection:
            for kept in picture_rows.kept_files(connection):
                if (size := self._size_there(kept)) is None:
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
        """Return how many pictures are to be copied, and their bytes."""
        self._progress.begin("backup-looks")
        files = byte_count = 0
        with picture_rows.reading(database) as connection:
            for number, kept in enumerate(picture_rows.kept_files(connection)):
                self._progress.at(number, 0)
                if self._size_there(kept) is None and (size := _size(self._root, kept.name)) is not None:
                    files += 1
                    byte_count += size
        return files, byte_count

    def _size_there(self, kept: KeptFile) -> int | None:
        """Return the bytes of a picture that the backup has; it has its name there only once it was whole."""
        size = _size(self._folder / ARCHIVE, kept.name)
        if size is None or _size(self._root, kept.name) not in (None, size):
            return None
        return size

    def _copy_picture(self, kept: KeptFile) -> int | None:
        """Return its bytes; None where the archive does not have it, or not as it was stored."""
        try:
            data = backup_files.read_plain(self._root, checked(kept.name))
        except (FileNotFoundError, UnfitFileError, BadNameError):
            return None
        if hashlib.sha256(data).hexdigest() != kept.sha256:
            return None
        backup_files.put(self._folder / ARCHIVE / kept.name, data)
        self._reached(BackupStep.PICTURE_COPIED)
        return len(data)

    # --- The end of it

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

    def _tidy(self, manifest: Manifest) -> None:
        """Remove what only the backup before had: its database, and what was deleted since."""
        self._remove_databases(manifest.database)
        copies = self._folder / ARCHIVE
        names = chain.from_iterable(names_in(copies, shelf) for shelf in ArchiveFolder)
        while page := list(islice(names, PAGE_FILES)):
            statuses = statuses_of(self._folder / manifest.database, page)
            for name, status in statuses.items():
                if status in (FileStatus.ORPHANED, FileStatus.UNFINISHED) and _size(copies, name) is not None:
                    (copies / name).unlink(missing_ok=True)
        self._reached(BackupStep.TIDIED)
        (self._folder / BEGUN).unlink(missing_ok=True)

    def _remove_databases(self, in_use: str | None) -> None:
        for place in self._folder.iterdir():
            if backup_files.is_database_left(place.name) and place.name != in_use and not place.is_dir():
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

    def _require_room(self, needed_bytes: int) -> None:
        free = free_disk_bytes(self._folder)
        if free is not None and free < needed_bytes + LEAST_BYTES:
            raise no_room(self._folder, needed_bytes + LEAST_BYTES, free)

    def _say(self, message_id: str, **values: Parameter) -> None:
        self._write(self._texts.say(None, message_id, **values))


def _size(root: Path, name: str) -> int | None:
    """Return the bytes of a picture that lies below ``root``; None where it does not, or is none."""
    try:
        return backup_files.plain_file(root, checked(name)).st_size
    except (FileNotFoundError, NotADirectoryError, UnfitFileError, BadNameError):
        return None
