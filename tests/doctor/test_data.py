"""The disk and the database."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from kleinbot.doctor import data
from kleinbot.doctor.examination import examine
from kleinbot.doctor.findings import Topic, Verdict
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code
from kleinbot.store.migrations import load_migrations, migrate
from tests.doctor.examining import instruments, of, settings


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
