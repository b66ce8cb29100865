"""The disk and the database."""

import errno
import os
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.doctor import data
from kleinbot.doctor.examination import examine
from kleinbot.doctor.findings import Topic, Verdict
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code
from kleinbot.folder_lock import folder_locked
from kleinbot.store.migrations import load_migrations, migrate
from tests.doctor.examining import instruments, of, settings
from tests.upkeep.installation import Installation


def test_a_full_disk_is_a_problem(tmp_path: Path) -> None:
    tools = replace(instruments(), free_bytes_at=lambda _: 100)
    [finding] = of(examine(settings(tmp_path), instruments=tools), Topic.DISK)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, "doctor-disk-full")


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_a_database_is_looked_at_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    assert data.database(file, tmp_path / "archive").message == "doctor-database-new"
    migrations = load_migrations()
    migrate(file, migrations[:-1], SystemClock())
    before = snapshot(tmp_path)
    assert data.database(file, tmp_path / "archive").message == "doctor-database-older"
    assert snapshot(tmp_path) == before
    migrate(file, migrations, SystemClock())
    assert data.database(file, tmp_path / "archive").message == "doctor-database"


def test_a_database_in_use_is_read_beside_its_log(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations(), SystemClock())
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute(f"PRAGMA user_version = {len(load_migrations()) + 1}")
    assert data.database(file, tmp_path / "archive").message == Code.DATABASE_NEWER
    writer.close()


def test_a_damaged_database_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    file.write_bytes(b"not a database, but long enough to be looked at " * 100)
    finding = data.database(file, tmp_path / "archive")
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, "doctor-database-damaged")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_what_other_accounts_may_read_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settings(tmp_path)
    chosen.data_folder.mkdir(mode=0o755)
    chosen.data_folder.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    dotenv = tmp_path / ".env"
    dotenv.write_text("KLEINBOT_LOCALE=en\n")
    dotenv.chmod(0o640)
    findings = examine(chosen, instruments=instruments())
    said = {finding.message: finding for finding in findings if finding.verdict is Verdict.WARNING}
    assert said["doctor-data-folder-open"].parameters["places"] == str(chosen.data_folder)
    assert said["doctor-settings-open"].parameters["file"] == ".env"
    dotenv.chmod(0o600)
    with folder_locked(chosen.data_folder):
        pass
    messages = {finding.message for finding in examine(chosen, instruments=instruments())}
    assert not messages & {"doctor-data-folder-open", "doctor-settings-open"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs flock")
def test_a_folder_without_locks_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def no_locks(descriptor: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    chosen = settings(tmp_path)
    chosen.data_folder.mkdir(mode=0o700)
    monkeypatch.setattr(fcntl, "flock", no_locks)
    [finding] = of(examine(chosen, instruments=instruments()), Topic.DATA_FOLDER)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.FOLDER_WITHOUT_LOCKS)
    assert list(chosen.data_folder.iterdir()) == []


async def test_the_archive_of_another_database_is_a_warning_and_stays_as_it_is(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    assert data.archive(installation.file, installation.root).message == "doctor-archive-empty"
    installation.start()
    await installation.draw("a" * 24)
    assert data.archive(installation.file, installation.root).message == "doctor-archive"
    installation.lose_database()
    lost = data.archive(installation.file, installation.root)
    assert (lost.verdict, lost.message, lost.parameters) == (
        Verdict.WARNING, Code.ARCHIVE_OF_ANOTHER, {"pictures": 1, "options": ""},
    )  # fmt: skip
    installation.start()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert data.archive(installation.file, installation.root) == lost
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


async def test_an_empty_database_beside_pictures_is_a_problem(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.start()
    await installation.draw("a" * 24)
    installation.lose_database()
    installation.file.touch()
    finding = data.database(installation.file, installation.root)
    assert (finding.verdict, finding.message) == (Verdict.PROBLEM, Code.DATABASE_EMPTY)
