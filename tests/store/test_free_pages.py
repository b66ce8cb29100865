"""What versions before ``secure_delete`` deleted is cleared once, at a start."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.store.free_pages import clear_free_pages

SECRET = b"a violet zeppelin over Samarkand"


def _delete_as_before(file: Path, *, has_jobs: bool = True) -> None:
    """Fill pages with SECRET, delete it without overwriting, and have a job's row."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("CREATE TABLE old (words TEXT)")
        connection.executemany("INSERT INTO old VALUES (?)", [(SECRET.decode() * 9,) for _ in range(500)])
        if has_jobs:
            names = [
                row[1] for row in connection.execute("PRAGMA table_info(jobs)") if row[3] and row[4] is None
            ]
            connection.execute("PRAGMA ignore_check_constraints = ON")
            values = ", ".join("1" for _ in names)
            connection.execute(f"INSERT INTO jobs ({', '.join(names)}) VALUES ({values})")
        connection.execute("DROP TABLE old")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _is_there(file: Path) -> bool:
    return any(SECRET in each.read_bytes() for each in file.parent.iterdir() if each.is_file())


def test_what_was_deleted_before_is_nowhere_in_the_file_and_its_log(database_file: Path) -> None:
    _delete_as_before(database_file)
    assert _is_there(database_file)
    clear_free_pages(database_file)
    assert not _is_there(database_file)


@pytest.mark.parametrize("has_jobs", [False, True])
def test_it_is_done_once_and_not_for_a_new_database(database_file: Path, has_jobs: bool) -> None:
    _delete_as_before(database_file, has_jobs=has_jobs)
    clear_free_pages(database_file)
    assert _is_there(database_file) is not has_jobs
    with closing(sqlite3.connect(database_file)) as connection:
        [before] = connection.execute("PRAGMA schema_version").fetchone()
        clear_free_pages(database_file)
        assert connection.execute("PRAGMA schema_version").fetchone() == (before,)


def test_of_a_large_database_the_log_names_a_command_that_does_it(
    database_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _delete_as_before(database_file)
    with caplog.at_level(logging.WARNING):
        clear_free_pages(database_file, most_bytes=4096)
    assert _is_there(database_file)
    statements = caplog.messages[0].rsplit('" "', 1)[1].rstrip('"')
    with closing(sqlite3.connect(database_file, isolation_level=None)) as connection:
        for statement in statements.split(";"):
            connection.execute(statement)
    assert not _is_there(database_file)
    caplog.clear()
    clear_free_pages(database_file, most_bytes=4096)
    assert caplog.messages == []


def test_a_database_in_use_is_left_for_the_next_start(
    database_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kleinbot.store.free_pages._TIMEOUT_S", 0.01)
    _delete_as_before(database_file)
    with closing(sqlite3.connect(database_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        clear_free_pages(database_file)
        assert _is_there(database_file)
        other.execute("ROLLBACK")
    clear_free_pages(database_file)
    assert not _is_there(database_file)
