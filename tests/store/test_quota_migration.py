"""A database of version 1 with rows migrates to version 2 without loss."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import START_MS, ManualClock

_JOB = (
    "INSERT INTO jobs (job_id, server_id, member_id, number, kind, prompt, columns, rows, steps, checkpoint,"
    " seed, count, private, price_tenths, lane, locale, channel_id, state, created_ms)"
    " VALUES ('j', 10, 1, 1, 'imagine', 'a fox', 16, 16, 4, 'distilled', 7, 2, 0, 10, 'token', 'en', 5,"
    " 'queued', 1)"
)
_ENTRY = (
    "INSERT INTO ledger (entry_id, server_id, member_id, job_id, position, kind, amount_tenths, counts_ms,"
    " made_ms, reason) VALUES (?, 10, 1, 'j', ?, ?, ?, ?, ?, ?)"
)
_OLD_COLUMNS = (
    "entry_id, server_id, member_id, job_id, position, kind, amount_tenths, counts_ms, made_ms, reason"
)


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations()[:1], ManualClock())
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("INSERT INTO servers (server_id, first_seen_ms, quota_tenths) VALUES (10, 1, 300)")
        connection.execute("INSERT INTO members (server_id, member_id, first_seen_ms) VALUES (10, 1, 1)")
        connection.execute(_JOB)
        for row in (
            (1, 0, "reserve", -10, START_MS, START_MS, ""),
            (2, 1, "reserve", -10, START_MS, START_MS, ""),
            (3, 0, "settle", 0, START_MS, START_MS + 5, ""),
            (4, 1, "refund", 10, START_MS, START_MS + 9, "cancelled"),
        ):
            connection.execute(_ENTRY, row)
        connection.commit()
    return file


def _entries(file: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(f"SELECT {_OLD_COLUMNS} FROM ledger ORDER BY entry_id").fetchall()


def test_every_ledger_entry_is_kept_as_it_was(old_file: Path) -> None:
    before = _entries(old_file)
    migrate(old_file, load_migrations()[:2], ManualClock())
    assert _entries(old_file) == before
    with closing(sqlite3.connect(old_file)) as connection:
        assert connection.execute("SELECT DISTINCT grant_id FROM ledger").fetchall() == [(None,)]
        assert connection.execute("SELECT quota_tenths, most_tenths FROM servers").fetchone() == (300, None)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("statement", ["UPDATE ledger SET reason = 'x'", "DELETE FROM ledger"])
def test_the_rebuilt_ledger_still_only_grows(old_file: Path, statement: str) -> None:
    migrate(old_file, load_migrations()[:2], ManualClock())
    with (
        closing(sqlite3.connect(old_file)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(statement)


def test_an_image_that_ended_before_the_upgrade_cannot_end_again(old_file: Path) -> None:
    migrate(old_file, load_migrations()[:2], ManualClock())
    with closing(sqlite3.connect(old_file)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(_ENTRY, (5, 0, "refund", 10, START_MS, START_MS, ""))


def test_an_upgraded_schema_is_that_of_a_fresh_database(old_file: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.sqlite3"
    migrate(old_file, load_migrations()[:2], ManualClock())
    migrate(fresh, load_migrations()[:2], ManualClock())
    schemas = []
    for file in (old_file, fresh):
        with closing(sqlite3.connect(file)) as connection:
            schemas.append(connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall())
    assert schemas[0] == schemas[1]
