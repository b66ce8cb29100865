import errno
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.store.migrations import Migration, load_migrations, migrate
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new

FIRST = Migration(1, "0001_a.sql", "CREATE TABLE a (x TEXT);\nINSERT INTO a VALUES ('kept; whole');")
SECOND = Migration(2, "0002_b.sql", "ALTER TABLE a ADD COLUMN y TEXT;")
BROKEN = Migration(2, "0002_b.sql", "ALTER TABLE a ADD COLUMN y TEXT;\nINSERT INTO nowhere VALUES (1);")


def _schema(file: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_a_fresh_database_gets_every_migration(tmp_path: Path) -> None:
    file = tmp_path / "db"
    migrate(file, load_migrations(), ManualClock())
    names = {row[1] for row in _schema(file)}
    assert {"servers", "members", "jobs", "images", "job_references", "ledger", "outbox", "attempts"} <= names
    assert list(tmp_path.glob("*.backup")) == []


def test_what_the_tests_begin_with_is_what_a_first_start_makes(tmp_path: Path) -> None:
    made, copied = tmp_path / "made.db", tmp_path / "copied.db"
    migrate(made, load_migrations(), ManualClock())
    make_new(copied)
    before = copied.read_bytes()
    migrate(copied, load_migrations(), ManualClock())
    assert before == copied.read_bytes()
    assert _schema(copied) == _schema(made)
    assert copied.stat().st_mode == made.stat().st_mode


def test_an_upgraded_database_has_the_schema_of_a_fresh_one_and_keeps_its_rows(tmp_path: Path) -> None:
    old, fresh = tmp_path / "old.db", tmp_path / "fresh.db"
    migrate(old, [FIRST], ManualClock())
    migrate(old, [FIRST, SECOND], ManualClock())
    migrate(fresh, [FIRST, SECOND], ManualClock())
    assert _schema(old) == _schema(fresh)
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT x, y FROM a").fetchall() == [("kept; whole", None)]


def test_an_old_database_is_backed_up_before_it_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    migrate(file, [FIRST], ManualClock())
    migrate(file, [FIRST, SECOND], ManualClock())
    (backup,) = tmp_path.glob("*.backup")
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT x FROM a").fetchall() == [("kept; whole",)]


def test_a_backup_that_fails_leaves_nothing_and_takes_no_others_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "old.db"
    migrate(file, [FIRST], ManualClock())
    whole = [tmp_path / f"old-v1-2026010{day}T000000000000Z.backup" for day in range(1, 5)]
    for backup in whole:
        backup.write_bytes(b"whole")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        for _ in range(5):
            with pytest.raises(StartError) as caught:
                migrate(file, [FIRST, SECOND], ManualClock())
            assert caught.value.code is Code.MIGRATION_FAILED
    assert sorted(tmp_path.glob("*.backup*")) == whole
    migrate(file, [FIRST, SECOND], ManualClock())
    # One more, and of the others the newest.
    assert whole[-1] in (left := sorted(tmp_path.glob("*.backup")))
    assert len(left) == 2


def test_old_backups_give_way_where_the_disk_has_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "old.db"
    migrate(file, [FIRST], ManualClock())
    whole = [tmp_path / f"old-v1-2026010{day}T000000000000Z.backup" for day in range(1, 4)]
    for day, backup in enumerate(whole):
        backup.write_bytes(b"whole")
        os.utime(backup, (day, day))
    usage = shutil.disk_usage(tmp_path)
    seen: list[list[Path]] = []

    def full(folder: Path) -> object:
        seen.append(sorted(folder.glob("*.backup")))
        return usage._replace(free=1)

    monkeypatch.setattr(shutil, "disk_usage", full)
    migrate(file, [FIRST, SECOND], ManualClock())
    assert seen == [whole, whole[1:]]
    assert len(list(tmp_path.glob("*.backup"))) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit for the size of files")
def test_a_backup_for_which_there_is_no_room_leaves_nothing(tmp_path: Path) -> None:
    import resource

    file = tmp_path / "old.db"
    migrate(file, [FIRST], ManualClock())
    limits, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(StartError) as caught:
            migrate(file, [FIRST, SECOND], ManualClock())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert caught.value.parameters["migration"] == "the backup"
    assert list(tmp_path.glob("*.backup*")) == []


def test_what_failed_backups_have_left_is_removed_by_the_next(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    migrate(file, [FIRST], ManualClock())
    interrupted = tmp_path / "old-v1-20260101T000000000000Z.backup.tmp"
    interrupted.write_bytes(b"half")
    empty = tmp_path / "old-v1-20260102T000000000000Z.backup"
    empty.touch()
    migrate(file, [FIRST, SECOND], ManualClock())
    assert not interrupted.exists()
    assert not empty.exists()
    assert len(list(tmp_path.glob("*.backup*"))) == 1


def test_a_broken_migration_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "db"
    migrate(file, [FIRST], ManualClock())
    before = _schema(file)
    with pytest.raises(StartError) as caught:
        migrate(file, [FIRST, BROKEN], ManualClock())
    assert caught.value.code is Code.MIGRATION_FAILED
    assert _schema(file) == before
    migrate(file, [FIRST, SECOND], ManualClock(START_MS + 1))


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "db"
    migrate(file, [FIRST, SECOND], ManualClock())
    with pytest.raises(StartError) as caught:
        migrate(file, [FIRST], ManualClock())
    assert caught.value.code is Code.DATABASE_NEWER
    assert caught.value.parameters["found"] == 2


def test_a_gap_in_the_numbers_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SELECT 1;")
    (tmp_path / "0003_c.sql").write_text("SELECT 1;")
    with pytest.raises(ValueError, match="gap"):
        load_migrations(tmp_path)


def test_a_trigger_with_semicolons_is_one_statement(tmp_path: Path) -> None:
    trigger = Migration(
        1,
        "0001_t.sql",
        "CREATE TABLE t (x TEXT);\nCREATE TRIGGER no BEFORE DELETE ON t\n"
        "BEGIN\n SELECT RAISE(ABORT, 'no;');\nEND;",
    )
    migrate(tmp_path / "db", [trigger], ManualClock())
    with closing(sqlite3.connect(tmp_path / "db")) as connection:
        connection.execute("INSERT INTO t VALUES ('x')")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("DELETE FROM t")


REFERRING = Migration(
    1,
    "0001_a.sql",
    "CREATE TABLE parents (x INTEGER PRIMARY KEY);\n"
    "CREATE TABLE children (x INTEGER REFERENCES parents (x));\n"
    "INSERT INTO parents VALUES (1);\nINSERT INTO children VALUES (1);",
)
ORPHANING = Migration(2, "0002_b.sql", "-- Why: none.\nDELETE FROM parents;")
WIDENING = Migration(2, "0002_b.sql", "ALTER TABLE children ADD COLUMN y TEXT;\nUPDATE children SET y = 'a';")


def test_a_migration_that_orphans_rows_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "db"
    migrate(file, [REFERRING], ManualClock())
    with pytest.raises(StartError) as caught:
        migrate(file, [REFERRING, ORPHANING], ManualClock())
    assert caught.value.code is Code.MIGRATION_FAILED
    assert "a row of children lost its parents" in str(caught.value.parameters["reason"])
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT x FROM parents").fetchall() == [(1,)]


def test_a_migration_that_moves_no_rows_does_not_go_through_all_of_them(tmp_path: Path) -> None:
    """That takes minutes with a million jobs. An orphan from before shows that none was looked at."""
    file = tmp_path / "db"
    migrate(file, [REFERRING], ManualClock())
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM parents")
        connection.commit()
    migrate(file, [REFERRING, WIDENING], ManualClock())
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT x, y FROM children").fetchall() == [(1, "a")]
