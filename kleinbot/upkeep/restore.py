"""``bot.py restore``: restores a backup into the data folder, completely or not at all."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from kleinbot.archive.listing import names_in
from kleinbot.archive.mark import Mark, higher, read_mark, write_mark
from kleinbot.archive.names import ArchiveFolder, BadNameError, checked, is_temporary
from kleinbot.config.settings import Settings
from kleinbot.domain.clock import MS_PER_S, Clock, SystemClock
from kleinbot.domain.errors import Code, Parameter, StartError
from kleinbot.process import folder_lock, private_files
from kleinbot.process.disk_space import LEAST_BYTES, free_disk_bytes
from kleinbot.process.folder_lock import folder_locked, unusable
from kleinbot.store.migrations import load_migrations
from kleinbot.store.results import picture_rows
from kleinbot.store.results.picture_rows import KeptFile
from kleinbot.store.snapshot import damage_of, describe
from kleinbot.texts import Texts
from kleinbot.upkeep import backup_files
from kleinbot.upkeep.backup_failures import damaged_backup, failures_as_start_errors, no_disk_space
from kleinbot.upkeep.backup_files import ARCHIVE, LOCK_FILE, BackupStep, Manifest, UnfitFileError
from kleinbot.upkeep.progress import Progress
from kleinbot.upkeep.restore_note import (
    NOTE,
    RestoreNote,
    RestorePhase,
    new_names,
    read_note,
    remove_note,
    write_note,
)

_LISTED = 20
_IGNORED = {folder_lock.LOCK_FILE, folder_lock.OWNER_FILE, LOCK_FILE, NOTE, f"{NOTE}.part"}


class RestoreCommand:
    """Restores the backup in ``backup``. ``say`` writes a line, ``agrees`` asks for confirmation.

    ``reached`` is called at each step.
    """

    def __init__(
        self,
        settings: Settings,
        backup: Path,
        say: Callable[[str], None],
        agrees: Callable[[str], bool],
        clock: Clock | None = None,
        reached: Callable[[BackupStep], None] = backup_files.ignore_step,
    ) -> None:
        self._file = settings.database_file
        self._data_folder = settings.data_folder
        self._backup = backup.absolute()
        self._texts = Texts(settings.locale)
        self._write = say
        self._agrees = agrees
        self._clock = clock or SystemClock()
        self._reached = reached
        self._progress = Progress(self._say, self._clock)

    def check(self) -> None:
        """Read and verify the whole backup. Raises StartError if it is damaged."""
        with failures_as_start_errors(self._data_folder, self._file):
            manifest = self._manifest()
            self._check_database(manifest, backup_files.sha256_of(self._backup / manifest.database))
            damaged = self._each_picture(manifest, self._backup / manifest.database, None)
        self._require_whole(damaged, accepted=False)
        self._say("restore-checked", folder=str(self._backup), jobs=manifest.jobs, pictures=manifest.pictures)

    def restore(self, *, without_damaged: bool = False) -> bool:
        """Restore the backup. Returns False if the owner declines. Raises StartError.

        ``without_damaged``: restore even if some pictures are damaged, and leave those out.
        """
        with failures_as_start_errors(self._data_folder, self._file):
            note = read_note(self._data_folder)
            if note is not None and note.phase is RestorePhase.SWITCHING:
                return self._finish_earlier(note)
            manifest = self._manifest()
            with folder_locked(self._data_folder), backup_files.one_at_a_time(self._data_folder):
                note = self._note_for(manifest)
                if not self._may_replace(manifest, note):
                    return False
                self._begin(manifest, note)
                damaged = self._stage(manifest, note)
                self._require_whole(damaged, accepted=without_damaged)
                note = replace(note, phase=RestorePhase.SWITCHING)
                write_note(self._data_folder, note)
                self._reached(BackupStep.SWITCHING)
                self._switch(note)
        self._report(note, manifest)
        return True

    # --- Verification

    def _manifest(self) -> Manifest:
        manifest = backup_files.read_manifest(self._backup)
        if manifest is None:
            raise StartError(Code.BACKUP_MISSING, folder=str(self._backup))
        file = self._backup / manifest.database
        if manifest.schema > (known := len(load_migrations())):
            raise StartError(Code.DATABASE_NEWER, file=str(file), found=manifest.schema, known=known)
        try:
            size = backup_files.plain_file(self._backup, manifest.database).st_size
        except FileNotFoundError:
            raise damaged_backup(file, "it is not there") from None
        except UnfitFileError as error:
            raise damaged_backup(file, error.reason) from error
        for end in ("-wal", "-journal"):
            if file.with_name(f"{file.name}{end}").exists():  # SQLite would replay it
                raise damaged_backup(file, f"a file on {end} lies beside it")
        if size != manifest.database_bytes:
            raise damaged_backup(file, f"{size} bytes, not {manifest.database_bytes}")
        return manifest

    def _check_database(self, manifest: Manifest, sha256: str, copy: Path | None = None) -> None:
        named = self._backup / manifest.database
        if sha256 != manifest.database_sha256:
            raise damaged_backup(named, "it is not what was backed up")
        file = copy or named
        try:
            if (damage := damage_of(file)) is not None:
                raise damaged_backup(named, damage)
            held = describe(file)
        except sqlite3.DatabaseError as error:
            raise damaged_backup(named, str(error)) from error
        if (held.identity, held.schema) != (manifest.identity, manifest.schema):
            raise damaged_backup(named, "it is another database than the manifest names")

    def _require_whole(self, damaged: list[str], *, accepted: bool) -> None:
        for name in damaged[:_LISTED]:
            self._say("backup-file", file=name)
        if damaged and not accepted:
            raise StartError(Code.BACKUP_PICTURES_DAMAGED, folder=str(self._backup), pictures=len(damaged))

    # --- The present installation

    def _note_for(self, manifest: Manifest) -> RestoreNote:
        """Return the note of an earlier try with this backup, or a new one. Removes other leftovers."""
        note = read_note(self._data_folder)
        if note is not None and note.sha256 == manifest.database_sha256:
            return replace(note, backup=str(self._backup))
        if note is not None:
            self._remove_stage(note)
            remove_note(self._data_folder)
        moment = datetime.fromtimestamp(self._clock.now_ms() // MS_PER_S, UTC)
        stage, aside = new_names(f"{moment:%Y%m%dT%H%M%SZ}")
        return RestoreNote(str(self._backup), manifest.database_sha256, stage, aside, RestorePhase.COPYING)

    def _may_replace(self, manifest: Manifest, note: RestoreNote) -> bool:
        there = sorted(
            path.name
            for path in self._data_folder.iterdir()
            if path.name not in _IGNORED and path.name != note.stage
        )
        if not there:
            return True
        listed = ", ".join(there[:_LISTED]) + (" …" if len(there) > _LISTED else "")
        self._say("restore-there", folder=str(self._data_folder), names=listed)
        with suppress(sqlite3.Error, OSError):
            if self._file.exists():
                self._say("restore-there-jobs", jobs=describe(self._file).jobs)
        made = datetime.fromtimestamp(manifest.made_ms // MS_PER_S, UTC)
        self._say(
            "restore-asks", aside=str(self._data_folder / note.aside), jobs=manifest.jobs,
            pictures=manifest.pictures, made=f"{made:%Y-%m-%d %H:%M} UTC",
        )  # fmt: skip
        return self._agrees(self._texts.say(None, "archive-go-on"))

    # --- Copying

    def _begin(self, manifest: Manifest, note: RestoreNote) -> None:
        needed = manifest.database_bytes + manifest.picture_bytes + LEAST_BYTES
        stage = self._data_folder / note.stage
        if stage.exists():
            needed -= sum(path.stat().st_size for path in stage.rglob("*") if path.is_file())
        free = free_disk_bytes(self._data_folder)
        if free is not None and free < needed:
            raise no_disk_space(self._data_folder, needed, free)
        write_note(self._data_folder, note)
        private_files.make_folder(stage / ARCHIVE)
        self._reached(BackupStep.RESTORE_BEGUN)

    def _stage(self, manifest: Manifest, note: RestoreNote) -> list[str]:
        """Copy everything into the stage; return the names of damaged pictures."""
        stage = self._data_folder / note.stage
        file = stage / self._file.name
        file.unlink(missing_ok=True)
        sha256 = backup_files.copy_hashed(self._backup / manifest.database, file)
        self._check_database(manifest, sha256, file)
        self._reached(BackupStep.DATABASE_STAGED)
        damaged = self._each_picture(manifest, file, stage / ARCHIVE)
        self._raise_next_numbers(manifest, file, stage / ARCHIVE)
        self._remove_unfinished(stage / ARCHIVE)
        backup_files.sync_tree(stage)
        private_files.sync_folder(self._data_folder)
        self._reached(BackupStep.STAGED)
        return damaged

    def _each_picture(self, manifest: Manifest, database: Path, to: Path | None) -> list[str]:
        """Check each picture, copy it to ``to`` unless None, and return the names of damaged ones."""
        self._progress.begin("restore-copies-pictures" if to else "restore-checks-pictures")
        left_out, damaged = set(manifest.left_out), list[str]()
        total = manifest.pictures + len(left_out)
        with picture_rows.reading(database) as connection:
            for done, kept in enumerate(picture_rows.kept_files(connection)):
                self._progress.at(done, total)
                if kept.name in left_out:
                    continue
                if (data := self._picture(kept)) is None:
                    damaged.append(kept.name)
                elif to is not None and not _has(to / kept.name, len(data)):
                    backup_files.put(to / kept.name, data)
                    self._reached(BackupStep.PICTURE_STAGED)
        return damaged

    def _picture(self, kept: KeptFile) -> bytes | None:
        try:
            data = backup_files.read_plain(self._backup / ARCHIVE, checked(kept.name))
        except (FileNotFoundError, NotADirectoryError, UnfitFileError, BadNameError):
            return None
        return data if hashlib.sha256(data).hexdigest() == kept.sha256 else None

    def _remove_unfinished(self, archive: Path) -> None:
        """Remove partial files of an earlier try."""
        for top_folder in ArchiveFolder:
            for name in names_in(archive, top_folder):
                if is_temporary(name):
                    (archive / name).unlink()

    def _raise_next_numbers(self, manifest: Manifest, file: Path, archive: Path) -> None:
        """Write the archive's mark, and do not reuse job numbers that this installation has issued since."""
        earlier = read_mark(self._data_folder / ARCHIVE)
        is_own = earlier is not None and earlier.database == manifest.identity
        given = earlier.numbers if earlier is not None and is_own else {}
        with picture_rows.writing(file) as connection:
            picture_rows.raise_next_numbers(connection, given, self._clock.now_ms())
            numbers = picture_rows.numbers(connection)
        write_mark(archive, Mark(manifest.identity, higher(numbers, {})))

    # --- Switching

    def _finish_earlier(self, note: RestoreNote) -> bool:
        with folder_locked(self._data_folder), backup_files.one_at_a_time(self._data_folder):
            self._switch(note)
        self._say("restore-finished", folder=str(self._data_folder), backup=note.backup)
        return True

    def _switch(self, note: RestoreNote) -> None:
        """Move the installation aside and the stage into place. Safe to repeat after any interruption.

        A part that is still in the stage has not been switched, so its namesake outside is the old one.
        """
        stage, aside = self._data_folder / note.stage, self._data_folder / note.aside
        is_untouched = (stage / self._file.name).exists() and (stage / ARCHIVE).exists()
        try:
            if (stage / ARCHIVE).exists():
                self._put_aside([self._data_folder / ARCHIVE], aside)
            if (stage / self._file.name).exists():
                self._put_aside(self._database_files(), aside)
        except (OSError, StartError):
            if is_untouched:
                self._put_back(note, aside)
            raise
        self._reached(BackupStep.PUT_ASIDE)
        for name, step in (
            (ARCHIVE, BackupStep.ARCHIVE_IN_PLACE),
            (self._file.name, BackupStep.DATABASE_IN_PLACE),
        ):
            if (stage / name).exists():
                (stage / name).rename(self._data_folder / name)
                private_files.sync_folder(self._data_folder)
            self._reached(step)
        if stage.exists():
            private_files.sync_folder(stage)
            stage.rmdir()
        remove_note(self._data_folder)

    def _put_aside(self, places: list[Path], aside: Path) -> None:
        for place in places:
            if place.exists() or place.is_symlink():
                private_files.make_folder(aside)
                if (aside / place.name).exists():
                    raise unusable(aside, FileExistsError(0, f"{place.name} is there already"))
                place.rename(aside / place.name)
        if aside.exists():
            private_files.sync_folder(aside)
            private_files.sync_folder(self._data_folder)

    def _put_back(self, note: RestoreNote, aside: Path) -> None:
        """Undo ``_put_aside``, so that the bot can start again with what was there. Raises OSError.

        An archive that is a mount cannot be moved, nor on Windows a file that another program has open.
        """
        for place in aside.iterdir() if aside.exists() else ():
            if not (self._data_folder / place.name).exists():
                place.rename(self._data_folder / place.name)
        with suppress(OSError):
            aside.rmdir()
        private_files.sync_folder(self._data_folder)
        write_note(self._data_folder, replace(note, phase=RestorePhase.COPYING))

    def _database_files(self) -> list[Path]:
        """Return the present database and the files that belong only to it."""
        beside = ("-wal", "-shm", "-journal")
        own = [self._file, *(self._file.with_name(f"{self._file.name}{end}") for end in beside)]
        marks = [self._data_folder / name for name in ("kleinbot.log-owner.json", "kleinbot.running")]
        return [*own, *marks, *sorted(self._data_folder.glob(f"{self._file.stem}-v*.backup"))]

    def _remove_stage(self, note: RestoreNote) -> None:
        """Remove the unused copies of another backup's restore."""
        if (stage := self._data_folder / note.stage).is_dir():
            shutil.rmtree(stage)

    def _report(self, note: RestoreNote, manifest: Manifest) -> None:
        self._say(
            "restore-done", folder=str(self._data_folder), jobs=manifest.jobs, pictures=manifest.pictures
        )
        if (aside := self._data_folder / note.aside).exists():
            self._say("restore-aside", folder=str(aside))

    def _say(self, message_id: str, **values: Parameter) -> None:
        self._write(self._texts.say(None, message_id, **values))


def _has(file: Path, byte_count: int) -> bool:
    try:
        return file.stat().st_size == byte_count
    except FileNotFoundError:
        return False
