"""``bot.py archive``: what no row keeps is listed, and put aside or removed after a yes."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code, Parameter, StartError
from kleinbot.folder_lock import folder_locked
from kleinbot.settings import Settings
from kleinbot.store.damage import damage_told
from kleinbot.store.inspection import inspect
from kleinbot.store.migrations import load_migrations
from kleinbot.texts import Texts
from kleinbot.upkeep import orphans
from kleinbot.upkeep.bond import Bond, require_database
from kleinbot.upkeep.sweep import Counts, Fate
from kleinbot.upkeep.sweeper import problem

LISTED = 20
_MIB = 2**20


class ArchiveCommand:
    """One method for each of its verbs. ``say`` writes a line, ``agrees`` asks a question.

    Each raises StartError where the folder is in use, or the database or the archive cannot be used.
    """

    def __init__(self, settings: Settings, say: Callable[[str], None], agrees: Callable[[str], bool]) -> None:
        self._file = settings.database_file
        self._root = settings.archive_folder
        self._folder = settings.data_folder
        self._archive_options = settings.archive_options
        self._texts = Texts(settings.locale)
        self._write = say
        self._agrees = agrees

    def list(self, *, every: bool) -> None:
        """Say what a sweep would find, with the first names, or ``every`` name."""
        written = 0

        def seen(name: str, fate: Fate) -> None:
            nonlocal written
            if fate is not Fate.KEPT and (every or written < LISTED):
                written += 1
                self._say("archive-file", file=name, fate=fate)

        with self._usable():
            bond, counts = orphans.counted(self._file, self._root, seen)
        orphaned = counts.ours + counts.parts + counts.unknown_images + counts.unknown_references
        if orphaned > written:
            self._say("archive-more", files=orphaned - written)
        self._summary(bond, counts)

    def adopt(self) -> bool:
        """Make the archive this database's; False where the owner does not want that."""
        with self._alone():
            _, counts = orphans.counted(self._file, self._root)
            unknown = counts.unknown_images + counts.unknown_references
            if not self._asks("archive-adopt-asks", files=unknown, folder=str(self._root / orphans.ASIDE)):
                return False
            aside, back = orphans.adopt(self._file, self._root, SystemClock())
        self._say("archive-adopted", aside=aside, back=back, folder=str(self._root / orphans.ASIDE))
        return True

    def remove(self) -> bool:
        """Remove what is proven to be ours; False where the owner does not want that."""
        with self._alone():
            bond, counts = orphans.counted(self._file, self._root)
            removable = orphans.removable(bond, counts)
            if not removable:
                self._say("archive-nothing-to-remove")
                self._summary(bond, counts)
                return True
            if not self._asks("archive-remove-asks", files=removable):
                return False
            files, byte_count = asyncio.run(orphans.remove(self._file, self._root))
        self._say("archive-removed", files=files, size=round(byte_count / _MIB, 1))
        return True

    def _summary(self, bond: Bond, counts: Counts) -> None:
        self._say("archive-counts", kept=counts.kept, ended=counts.ours, parts=counts.parts)
        unknown = counts.unknown_images + counts.unknown_references
        if (found := problem(bond, counts, self._archive_options)) is not None:
            self._write(self._texts.error(found))
        elif unknown:
            self._say("archive-never-accepted", files=unknown)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with folder_locked(self._folder), self._usable():
            yield

    @contextmanager
    def _usable(self) -> Iterator[None]:
        with damage_told(self._file):
            require_database(self._file, self._root, self._archive_options)
            known = len(load_migrations())
            if not self._file.exists() or inspect(self._file).version != known:
                raise StartError(Code.ARCHIVE_NO_DATABASE, file=str(self._file))
            try:
                yield
            except OSError as error:
                raise _unusable(self._root, error) from error
            except sqlite3.OperationalError as error:
                raise _unusable(self._file, error) from error

    def _asks(self, message_id: str, **values: Parameter) -> bool:
        self._say(message_id, **values)
        return self._agrees(self._texts.say(None, "archive-go-on"))

    def _say(self, message_id: str, **values: Parameter) -> None:
        self._write(self._texts.say(None, message_id, **values))


def _unusable(place: Path, error: Exception) -> StartError:
    return StartError(Code.FOLDER_UNUSABLE, folder=str(place), reason=str(error))
