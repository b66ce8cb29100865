"""Files in the data folder are readable by their owner alone, old files too."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kleinbot.archive.archive import Archive
from kleinbot.process import private_files
from kleinbot.process.folder_lock import folder_locked
from kleinbot.store.database import Database
from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import ManualClock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@pytest.fixture(autouse=True)
def generous_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(place: Path) -> int:
    return stat.S_IMODE(place.stat().st_mode)


async def test_what_the_bot_makes_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with folder_locked(folder):
        file = folder / "kleinbot.sqlite3"
        migrate(file, load_migrations()[:-1], ManualClock())
        migrate(file, load_migrations(), ManualClock())
        database = await Database.open(file)
        async with database.transaction() as transaction:
            await transaction.change("INSERT INTO servers (server_id, first_seen_ms) VALUES (1, 1)")
        archive = Archive(folder / "archive")
        archive.note_number(1, 1)
        await archive.put(42, "k3x", 0, b"pixels")
        await archive.close()
        made = {place: (place.is_dir(), mode(place)) for place in (folder, *folder.rglob("*"))}
        await database.close()
    names = {place.name for place in made}
    assert {"kleinbot.sqlite3-wal", "kleinbot.sqlite3-shm", "kleinbot.lock", "k3x-0.png"} < names
    assert [name for name in names if name.endswith(".backup")]
    assert set(made.values()) == {(True, 0o700), (False, 0o600)}


def test_the_log_of_a_real_process_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    code = (
        "import logging, sys; from pathlib import Path\n"
        "from kleinbot.process.logging_setup import logging_to\n"
        "with logging_to(Path(sys.argv[1]), logging.INFO): logging.getLogger('x').info('a line')"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, timeout=60, umask=0o022)
    assert (mode(folder), mode(folder / "kleinbot.log")) == (0o700, 0o600)


def test_old_files_are_closed_at_the_next_start_and_pictures_by_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    picture = folder / "archive" / "images" / "42" / "k3x-0.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"pixels")
    names = (
        "kleinbot.sqlite3",
        "kleinbot.sqlite3-wal",
        "kleinbot-v6-20260101T000000000000Z.backup",
        "kleinbot.log.1",
    )
    for name in names:
        (folder / name).write_bytes(b"old")
    (folder / "notes of the host").write_bytes(b"theirs")
    with folder_locked(folder):
        pass
    assert {mode(folder / name) for name in names} == {0o600}
    assert {mode(folder), mode(folder / "archive")} == {0o700}
    assert mode(folder / "notes of the host") == 0o644
    assert private_files.open_to_others(folder) == []


def test_a_folder_that_was_made_for_something_else_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_bytes(b"theirs")
    tmp_path.chmod(0o755)
    with folder_locked(tmp_path):
        assert mode(tmp_path) == 0o755
        assert mode(tmp_path / "kleinbot.lock") == 0o600
    assert mode(tmp_path / "thesis.txt") == 0o644


def test_a_folder_for_everybody_stays_one(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with folder_locked(tmp_path):
        assert mode(tmp_path) == 0o1777


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o755)
    data = tmp_path / "data"
    data.mkdir()
    (data / "archive").symlink_to(theirs)
    private_files.protect(data)
    assert mode(theirs) == 0o755
