"""A data folder with a real database and a real archive, as stopped bots leave them."""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kleinbot.archive.archive import Archive
from kleinbot.archive.names import Shelf
from kleinbot.domain.faults import Faults, NoFaults
from kleinbot.domain.job import JobState
from kleinbot.domain.work import ImageKey
from kleinbot.store import jobs
from kleinbot.store.database import Database
from kleinbot.store.ledger import Owner
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.upkeep.bond import Bond, settle
from kleinbot.upkeep.sweep import Sweep
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.store.rows import finished, new_job, store

SERVER = 10
TWO_HOURS_S = 7200.0


@dataclass
class Installation:
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "kleinbot.sqlite3"

    @property
    def root(self) -> Path:
        return self.folder / "archive"

    def start(self, faults: Faults | None = None) -> Bond:
        """Do with the folder what a start does."""
        if not self.file.exists():
            make_new(self.file)
        migrate(self.file, load_migrations(), ManualClock())
        return settle(self.file, self.root, ManualClock(), faults or NoFaults())

    async def draw(self, *job_ids: str, server_id: int = SERVER) -> list[str]:
        """Make a job of one picture of each key; return the pictures' names."""
        names = []
        database, archive = await Database.open(self.file), Archive(self.root)
        for job_id in job_ids:
            job = new_job(job_id, owner=Owner(server_id, 1))
            archive.note_number(server_id, await store(database, job))
            stored = await archive.put(server_id, job_id, 0, job_id.encode())
            key = ImageKey(job_id, 0)
            async with database.transaction() as transaction:
                await jobs.claim(transaction, key, "batch", START_MS)
                await jobs.finish_image(transaction, finished(key), START_MS)
                await transaction.change("UPDATE images SET file = ? WHERE job_id = ?", stored.path, job_id)
            names.append(stored.path)
        await archive.close()
        await database.close()
        self.make_old()
        return names

    async def accept(self, job_id: str) -> None:
        """Make a job that waits."""
        database, archive = await Database.open(self.file), Archive(self.root)
        archive.note_number(SERVER, await store(database, new_job(job_id)))
        await archive.close()
        await database.close()

    async def cancel(self, job_id: str) -> None:
        database = await Database.open(self.file)
        async with database.transaction() as transaction:
            await jobs.stop(transaction, job_id, JobState.CANCELLED, START_MS)
        await database.close()

    async def put(self, job_id: str, shelf: Shelf = Shelf.IMAGES) -> str:
        """Put a picture that no row knows; return its name."""
        archive = Archive(self.root)
        stored = await archive.put(SERVER, job_id, 0, b"orphan", shelf)
        await archive.close()
        self.make_old()
        return stored.path

    def make_old(self) -> None:
        for path in self.root.rglob("*.png*"):
            changed_s = path.stat().st_mtime - TWO_HOURS_S
            os.utime(path, (changed_s, changed_s))

    def sweep(self, *, together: bool = True, removes: bool = True) -> Sweep:
        """Make one pass, as a process that has put nothing itself."""
        remover = Archive(self.root) if removes else None
        return passed(Sweep(self.root, self.file, remover=remover, is_together=together))

    def sweep_all(self) -> None:
        self.make_old()
        self.sweep()

    def files(self) -> set[str]:
        return {path.relative_to(self.root).as_posix() for path in self.root.rglob("*.png*")}

    def numbers(self) -> list[int]:
        with closing(sqlite3.connect(self.file)) as connection:
            return [row[0] for row in connection.execute("SELECT number FROM jobs ORDER BY number")]

    def copy_database(self, name: str) -> Path:
        """Copy the database of a stopped bot."""
        return Path(shutil.copy2(self.file, self.folder / name))

    def put_back(self, copy: Path) -> None:
        shutil.copy2(copy, self.file)

    def lose_database(self) -> None:
        for path in self.folder.glob("kleinbot.sqlite3*"):
            path.unlink()


def passed(sweep: Sweep) -> Sweep:
    while sweep.page():
        pass
    return sweep
