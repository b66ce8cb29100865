"""A copy restored beside a leftover log is not corrupted by it; tested with real killed processes."""

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import FaultPoint, NoFaults
from kleinbot.store.database import Database
from kleinbot.store.log_owner import NOTE, claim, require_own_log
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.upkeep.pairing import settle
from kleinbot.upkeep.sweep import Sweep, statuses_of
from tests.manual_clock import ManualClock

RUN = """
import os, signal, sqlite3, sys
from pathlib import Path
from kleinbot.store.log_owner import claim, require_own_log
from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import ManualClock

class Kill:
    def reach(self, point):
        if point == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)

file = Path(sys.argv[1])
require_own_log(file)
migrate(file, load_migrations(), ManualClock())
claim(file, Kill())
connection = sqlite3.connect(file, isolation_level=None)
for number in range(60):
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO facts VALUES (?, ?)", [(f"{sys.argv[3]}-{number}-{i}", "x" * 400) for i in range(40)]
    )
    connection.execute("COMMIT")
os.kill(os.getpid(), signal.SIGKILL)
"""
ROWS = 60 * 40


def _killed(file: Path, name: str, point: str = "none") -> None:
    """Run a process that writes rows of ``name`` to ``file`` and is killed at a fault point or at its end."""
    done = subprocess.run([sys.executable, "-c", RUN, str(file), point, name], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL


def _log(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def _rows(file: Path, name: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = connection.execute("SELECT COUNT(*) FROM facts WHERE name LIKE ?", (f"{name}-%",)).fetchone()
    return int(found[0])


def _closed(file: Path) -> None:
    """Open and close it as a clean stop does, which leaves nothing beside it."""
    _rows(file, "")
    assert not _log(file).exists()


def _plain_copy(file: Path, copy: Path) -> None:
    _closed(file)
    shutil.copy(file, copy)


def _vacuumed(file: Path, copy: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))


def _backed_up(file: Path, copy: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, closing(sqlite3.connect(copy)) as target:
        connection.backup(target)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kleinbot.sqlite3"


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("copied", [_plain_copy, _vacuumed, _backed_up])
@pytest.mark.parametrize("replaced_by", [shutil.copy, shutil.move])
def test_a_copy_put_back_beside_a_leftover_log_is_refused_and_starts_without_it(
    file: Path, copied: Callable[[Path, Path], None], replaced_by: Callable[[Path, Path], Path]
) -> None:
    _killed(file, "first")
    require_own_log(file)
    copy = file.with_name("copy")
    copied(file, copy)
    _killed(file, "second")
    assert _log(file).stat().st_size > 100_000
    replaced_by(copy, file)
    before = {path: path.read_bytes() for path in file.parent.iterdir()}
    with pytest.raises(StartError) as refused:
        require_own_log(file)
    assert refused.value.code is Code.DATABASE_FOREIGN_LOG
    assert {path: path.read_bytes() for path in file.parent.iterdir()} == before
    # As the sentence advises.
    for end in ("-wal", "-shm"):
        file.with_name(f"{file.name}{end}").unlink()
    require_own_log(file)
    claim(file, NoFaults())
    assert (_rows(file, "first"), _rows(file, "second")) == (ROWS, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("copied", [_vacuumed, _backed_up])
def test_a_copy_that_sqlite_makes_of_a_running_database_is_told_from_it(
    file: Path, copied: Callable[[Path, Path], None]
) -> None:
    """It holds the token of the running process."""
    _killed(file, "first")
    assert _log(file).exists()
    copied(file, file.with_name("copy"))
    shutil.copy(file, kept := file.with_name("kept"))
    shutil.copy(file.with_name("copy"), file)
    if not _log(file).exists() or not _log(file).stat().st_size:
        _log(file).write_bytes(b"x" * 5000)
    with pytest.raises(StartError):
        require_own_log(file)
    shutil.copy(kept, file)
    require_own_log(file)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("point", ["none", FaultPoint.LOG_NOTED, FaultPoint.LOG_CLAIMED])
def test_a_log_that_a_kill_leaves_is_its_own_wherever_it_came(file: Path, point: str) -> None:
    _killed(file, "first")
    _killed(file, "second", point)
    _killed(file, "third", point)
    require_own_log(file)
    claim(file, NoFaults())
    assert _rows(file, "first") == ROWS
    assert _rows(file, "second") == (ROWS if point == "none" else 0)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("is_empty", [False, True])
def test_a_log_without_its_database_is_not_thrown_away(file: Path, is_empty: bool) -> None:
    _killed(file, "first")
    shutil.move(file, kept := file.with_name("kept"))
    if is_empty:
        file.touch()
    with pytest.raises(StartError) as refused:
        require_own_log(file)
    assert refused.value.code is Code.DATABASE_FOREIGN_LOG
    shutil.move(kept, file)
    require_own_log(file)
    assert _rows(file, "first") == ROWS


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_log_from_before_there_were_notes_is_taken(file: Path) -> None:
    _killed(file, "first")
    file.with_name(NOTE).unlink()
    require_own_log(file)
    for content in (b"", b"{", b"[]", b'{"tokens": "x", "schema": 1}'):
        file.with_name(NOTE).write_bytes(content)
        require_own_log(file)
    claim(file, NoFaults())
    assert _rows(file, "first") == ROWS


def test_a_copy_of_the_whole_folder_starts(file: Path) -> None:
    migrate(file, load_migrations(), ManualClock())
    claim(file, NoFaults())
    shutil.copytree(file.parent, other := file.parent.with_name(f"{file.parent.name}-copy"))
    require_own_log(other / file.name)


def test_a_token_is_new_each_time_also_while_somebody_reads(file: Path) -> None:
    migrate(file, load_migrations(), ManualClock())
    claim(file, NoFaults())
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM facts").fetchall()
        for _ in range(5):
            claim(file, NoFaults())
            require_own_log(file)
    claim(file, NoFaults())
    note = file.with_name(NOTE).read_text()
    assert note.count(",") == 1, note


def test_a_schema_that_changes_while_the_bot_runs_is_no_other_database(file: Path) -> None:
    migrate(file, load_migrations(), ManualClock())
    claim(file, NoFaults())
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("ANALYZE")
        connection.execute("CREATE INDEX facts_by_value ON facts (value)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("INSERT INTO facts VALUES ('a', 'b')")
        require_own_log(file)


OPENED_AND_CLOSED = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT COUNT(*) FROM facts").fetchall()
connection.close()
"""


async def test_what_runs_beside_an_open_database_keeps_its_locks(file: Path) -> None:
    """Otherwise the next program that opens it believes it is the last one and removes the log in use."""
    migrate(file, load_migrations(), ManualClock())
    claim(file, NoFaults())
    settle(file, file.parent / "archive", ManualClock(), NoFaults())
    database = await Database.open(file)
    async with database.transaction() as transaction:
        await transaction.change("INSERT INTO facts VALUES ('a', 'b')")
    log = _log(file).stat()
    claim(file, NoFaults())
    Sweep(file.parent / "archive", file).page()
    statuses_of(file, ["images/1/a-0.png"])
    command = [sys.executable, "-c", OPENED_AND_CLOSED, str(file)]
    await asyncio.to_thread(subprocess.run, command, timeout=60, check=True)
    assert _log(file).stat().st_ino == log.st_ino
    async with database.transaction() as transaction:
        await transaction.change("INSERT INTO facts VALUES ('c', 'd')")
    assert await database.read.number("SELECT COUNT(*) FROM facts WHERE name IN ('a', 'c')") == 2
    await database.close()
