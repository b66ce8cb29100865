"""A damaged database is distinguished from one that is only in use."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.store.damage import damage_as_start_error, is_damage
from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import ManualClock

PAGE_BYTES = 4096


def overwrite(file: Path, first_byte: int) -> None:
    """Overwrite a database with nonsense from ``first_byte`` on."""
    whole = file.read_bytes()
    file.write_bytes(whole[:first_byte] + b"\x5a" * (len(whole) - first_byte))


@pytest.mark.parametrize("first_byte", [0, 100, PAGE_BYTES])
def test_a_file_that_is_no_whole_database_is_told_so(database_file: Path, first_byte: int) -> None:
    overwrite(database_file, first_byte)
    with pytest.raises(StartError) as caught, damage_as_start_error(database_file):
        migrate(database_file, load_migrations(), ManualClock())
        with closing(sqlite3.connect(database_file)) as connection:
            connection.execute("SELECT * FROM jobs")
    assert caught.value.code is Code.DATABASE_DAMAGED
    assert caught.value.parameters["file"] == str(database_file)


def test_damage_that_a_backup_or_a_migration_finds_is_no_failed_migration(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations()[:2], ManualClock())
    overwrite(file, 2 * PAGE_BYTES)
    with pytest.raises(StartError) as caught:
        migrate(file, load_migrations(), ManualClock())
    assert caught.value.code is Code.DATABASE_DAMAGED
    assert list(tmp_path.glob("*.backup*")) == []


def test_text_that_cannot_be_read_is_damage(database_file: Path) -> None:
    with closing(sqlite3.connect(database_file)) as connection:
        connection.execute("INSERT INTO facts VALUES ('a', CAST(X'FF' AS TEXT))")
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute("SELECT value FROM facts").fetchall()
    assert is_damage(caught.value)


def test_a_database_in_use_or_read_only_or_without_a_table_is_not_damaged(database_file: Path) -> None:
    with closing(sqlite3.connect(database_file, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with (
            closing(sqlite3.connect(database_file, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked") as locked,
        ):
            other.execute("BEGIN IMMEDIATE")
        holder.execute("ROLLBACK")
        with pytest.raises(sqlite3.OperationalError, match="no such table") as without_table:
            holder.execute("SELECT 1 FROM nowhere")
        holder.execute("PRAGMA query_only = ON")
        with pytest.raises(sqlite3.OperationalError, match="readonly") as read_only:
            holder.execute("DELETE FROM facts")
    assert not any(is_damage(caught.value) for caught in (locked, without_table, read_only))


def test_what_is_no_damage_passes_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="locked"), damage_as_start_error(tmp_path):
        raise sqlite3.OperationalError("database is locked")
