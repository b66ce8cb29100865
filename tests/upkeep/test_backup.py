"""What a backup contains and refuses, and what a restore does to the folder it fills."""

import asyncio
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.config.settings import Settings
from kleinbot.domain.errors import Code
from kleinbot.process.folder_lock import folder_locked
from kleinbot.store.migrations import load_migrations
from kleinbot.upkeep import backup as backup_module
from kleinbot.upkeep import restore as restore_module
from kleinbot.upkeep.backup import BackupCommand
from kleinbot.upkeep.backup_files import BEGUN, MANIFEST, BackupStep, one_at_a_time
from kleinbot.upkeep.pairing import Pairing, require_database
from tests.manual_clock import ManualClock
from tests.upkeep.backup_place import FIRST, SECOND, THIRD, BackupPlace, contents, refused, tamper
from tests.upkeep.installation import SERVER


async def test_what_is_restored_belongs_together_and_is_all_there(place: BackupPlace) -> None:
    place.back_up()
    assert place.restore()
    assert place.asked == []
    require_database(place.target.file, place.target.root)
    assert place.target.start() is Pairing.TOGETHER
    assert place.target.numbers() == [1, 2]
    assert place.target.files() == place.source.files()
    await place.target.draw(THIRD)
    assert place.target.sweep().counts.unknown_images == 0


async def test_pictures_that_are_in_the_backup_are_not_copied_again(place: BackupPlace) -> None:
    place.back_up()
    before = {path: path.stat().st_mtime_ns for path in (place.backup / "archive").rglob("*.png")}
    await place.source.draw(THIRD)
    copied: list[BackupStep] = []
    place.back_up(copied.append)
    assert copied.count(BackupStep.PICTURE_COPIED) == 1
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert place.said[-1].startswith(f"The backup in {place.backup} is whole: 3 jobs, 3 pictures (1 new)")


async def test_a_picture_of_the_backup_that_was_cut_is_copied_again(place: BackupPlace) -> None:
    place.back_up()
    picture = next((place.backup / "archive").rglob("*.png"))
    whole = picture.read_bytes()
    picture.write_bytes(whole[:3])
    place.back_up()
    assert picture.read_bytes() == whole
    place.check()


async def test_what_a_member_has_deleted_leaves_the_backup_too(place: BackupPlace) -> None:
    place.back_up()
    with closing(sqlite3.connect(place.source.file)) as connection, connection:
        connection.execute("UPDATE jobs SET deleted_ms = 1 WHERE job_id = ?", (FIRST,))
    stranger = place.backup / "archive" / "images" / str(SERVER) / "holiday.jpg"
    stranger.write_bytes(b"not ours")
    place.back_up()
    left = {path.name for path in (place.backup / "archive").rglob("*.*") if path.is_file()}
    assert left == {f"{SECOND}-0.png", "holiday.jpg"}


async def test_scratch_logs_and_locks_are_left_out(place: BackupPlace) -> None:
    for name in ("scratch/quantised/big.safetensors", "kleinbot.log", "kleinbot.running", "sandbox/x"):
        (place.source.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (place.source.folder / name).write_bytes(b"x")
    place.back_up()
    names = set(contents(place.backup))
    assert names == {
        MANIFEST, place.database.name, *(f"archive/{name}" for name in place.source.files())
    }  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
async def test_backup_and_restored_folder_are_the_owners_alone(place: BackupPlace) -> None:
    place.back_up()
    place.restore()
    for folder in (place.backup, place.target.folder):
        assert {
            (path.name, path.stat().st_mode & 0o777)
            for path in (folder, *folder.rglob("*"))
            if path.stat().st_mode & 0o077
        } == set()


async def test_a_picture_that_the_archive_has_lost_is_named_and_does_not_stop_the_rest(
    place: BackupPlace,
) -> None:
    lost = f"images/{SERVER}/{FIRST}-0.png"
    (place.source.root / lost).unlink()
    place.back_up()
    *_, told, named = place.said
    assert told == (
        "One picture that the database knows is not in it, because the archive did not have it, or not whole:"
    )
    assert named == lost
    assert place.restore()
    assert place.target.files() == {f"images/{SERVER}/{SECOND}-0.png"}


async def test_what_the_archive_has_lost_stays_in_the_backup(place: BackupPlace) -> None:
    place.back_up()
    (place.source.root / f"images/{SERVER}/{FIRST}-0.png").unlink()
    place.back_up()
    assert place.restore()
    assert len(place.target.files()) == 2


async def test_a_damaged_picture_of_the_archive_never_replaces_the_whole_one(place: BackupPlace) -> None:
    place.back_up()
    picture = place.source.root / f"images/{SERVER}/{FIRST}-0.png"
    whole = picture.read_bytes()
    picture.write_bytes(b"damaged")
    place.back_up()
    assert (place.backup / "archive" / f"images/{SERVER}/{FIRST}-0.png").read_bytes() == whole


# --- Mismatched databases and archives


async def test_a_folder_with_other_things_is_left_alone(place: BackupPlace) -> None:
    place.backup.mkdir()
    (place.backup / "thesis.txt").write_text("years")
    before = (contents(place.backup), place.backup.stat().st_mode)
    assert refused(place.back_up).code is Code.BACKUP_FOLDER_NOT_OURS
    assert (contents(place.backup), place.backup.stat().st_mode) == before


async def test_the_backup_of_another_database_is_left_alone(place: BackupPlace) -> None:
    place.back_up()
    before = contents(place.backup)
    place.source.lose_database()
    shutil.rmtree(place.source.root)
    assert place.source.start() is Pairing.TOGETHER
    await place.source.draw(THIRD)
    assert refused(place.back_up).code is Code.BACKUP_OF_ANOTHER
    assert contents(place.backup) == before


async def test_an_older_database_does_not_take_the_place_of_a_newer_backup(place: BackupPlace) -> None:
    place.back_up()
    assert place.restore()
    await place.source.draw(THIRD)
    place.back_up()
    before = contents(place.backup)
    place.source = place.target
    assert refused(place.back_up).code is Code.BACKUP_NEWER
    assert contents(place.backup) == before


async def test_database_and_archive_that_do_not_belong_together_are_not_backed_up(place: BackupPlace) -> None:
    place.source.lose_database()
    assert place.source.start() is Pairing.OTHER
    assert refused(place.back_up).code is Code.BACKUP_NOT_TOGETHER
    assert not place.backup.exists()


@pytest.mark.parametrize("where", ["data", "data/archive/backup", "."])
async def test_a_backup_cannot_lie_in_the_data_folder_or_around_it(place: BackupPlace, where: str) -> None:
    place.backup = place.root / where
    before = contents(place.root)
    assert refused(place.back_up).code is Code.BACKUP_INSIDE
    assert contents(place.root) == before


async def test_without_a_database_nothing_is_made(tmp_path: Path) -> None:
    command = BackupCommand(Settings(data_folder=tmp_path / "data"), tmp_path / "backup", lambda _: None)
    assert refused(command.make).code is Code.ARCHIVE_NO_DATABASE
    assert list(tmp_path.iterdir()) == []


async def test_one_backup_at_a_time(place: BackupPlace) -> None:
    with one_at_a_time(place.source.folder):
        assert refused(place.back_up).code is Code.BACKUP_RUNNING


async def test_a_backup_runs_beside_a_bot_and_a_restore_does_not(place: BackupPlace) -> None:
    with folder_locked(place.source.folder):
        place.back_up()
        place.target = place.source
        assert refused(place.restore).code is Code.FOLDER_IN_USE


async def test_a_newer_kleinbots_backup_is_not_restored(place: BackupPlace) -> None:
    place.back_up()
    tamper(place, schema=len(load_migrations()) + 1)
    assert refused(place.restore).code is Code.DATABASE_NEWER
    assert not place.target.folder.exists()


# --- Into a folder that is not empty


async def test_a_folder_that_is_not_empty_is_told_and_stays_without_a_yes(place: BackupPlace) -> None:
    place.back_up()
    place.target.folder.mkdir()
    place.target.start()
    await place.target.draw(THIRD)
    before = {name: data for name, data in contents(place.target.folder).items() if ".lock" not in name}
    assert not place.restore()
    assert place.said[-3] == f"{place.target.folder} is not empty: archive, kleinbot.sqlite3."
    assert place.said[-2] == "The database there knows one job."
    assert f"are moved to {place.target.folder}" in place.said[-1]
    after = {name: data for name, data in contents(place.target.folder).items() if ".lock" not in name}
    assert after == before


async def test_what_was_there_is_moved_aside_and_deleted_nowhere(place: BackupPlace) -> None:
    place.back_up()
    place.target.folder.mkdir()
    place.target.start()
    await place.target.draw(THIRD)
    (place.target.folder / "kleinbot.sqlite3-wal").write_bytes(b"of the old one")
    (place.target.folder / "notes.txt").write_text("mine")
    before = contents(place.target.folder)
    assert place.restore(agrees=True)
    assert place.target.start() is Pairing.TOGETHER
    assert place.target.files() == place.source.files()
    [aside] = place.target.folder.glob("kleinbot-replaced-*")
    moved = contents(aside)
    moved.pop("kleinbot.sqlite3-shm", None)  # SQLite's index of the log, created by readers
    assert {name: data for name, data in before.items() if name != "notes.txt"} == moved
    assert (place.target.folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("fixed", ["archive", "kleinbot.sqlite3"])
async def test_what_cannot_be_moved_aside_stays_and_so_does_everything_else(
    place: BackupPlace, monkeypatch: pytest.MonkeyPatch, fixed: str
) -> None:
    """A mounted archive, or on Windows a database that another program has open."""
    place.back_up()
    place.target.folder.mkdir()
    place.target.start()
    await place.target.draw(THIRD)
    rename = Path.rename

    def fail_for_fixed(self: Path, target: Path) -> Path:
        if self == place.target.folder / fixed:
            raise OSError(errno.EBUSY, "Device or resource busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_fixed)
    assert refused(lambda: place.restore(agrees=True)).code is Code.FOLDER_UNUSABLE
    monkeypatch.undo()
    require_database(place.target.file, place.target.root)
    assert place.target.start() is Pairing.TOGETHER
    assert place.target.numbers() == [1]
    assert place.target.files() == {f"images/{SERVER}/{THIRD}-0.png"}
    assert list(place.target.folder.glob("kleinbot-replaced-*")) == []
    assert place.restore(agrees=True)
    assert place.target.numbers() == [1, 2]


async def test_job_numbers_go_on_above_those_that_were_given_since_the_backup(place: BackupPlace) -> None:
    place.back_up()
    await place.source.draw(THIRD, "d" * 24)
    place.target = place.source
    assert place.restore(agrees=True)
    assert place.target.start() is Pairing.TOGETHER
    await place.target.draw("f" * 24)
    assert place.target.numbers() == [1, 2, 5]


# --- Disk space and progress


async def test_without_room_nothing_is_begun(place: BackupPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_module, "free_disk_bytes", lambda _: 2**20)
    assert refused(place.back_up).code is Code.BACKUP_NO_ROOM
    assert not place.backup.exists()
    monkeypatch.undo()
    place.back_up()
    monkeypatch.setattr(restore_module, "free_disk_bytes", lambda _: 2**20)
    error = refused(place.restore)
    assert error.code is Code.BACKUP_NO_ROOM
    assert not place.target.file.exists()


async def test_room_for_the_database_alone_leaves_a_begun_backup_that_is_none(
    place: BackupPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [10**9, 10**9, 0]
    monkeypatch.setattr(backup_module, "free_disk_bytes", lambda _: free.pop(0))
    assert refused(place.back_up).code is Code.BACKUP_NO_ROOM
    monkeypatch.undo()
    assert (place.backup / BEGUN).exists()
    assert refused(place.restore).code is Code.BACKUP_MISSING
    place.back_up()
    assert not (place.backup / BEGUN).exists()
    assert place.restore()


async def test_progress_is_told_after_two_seconds_and_then_every_five(place: BackupPlace) -> None:
    await place.source.draw(*(f"{number:024x}" for number in range(8)))
    clock = ManualClock()

    def each_takes_a_second(step: BackupStep) -> None:
        if step is BackupStep.PICTURE_COPIED:
            clock.advance(1)

    BackupCommand(
        Settings(data_folder=place.source.folder, locale="de"), place.backup, place.said.append, clock,
        each_takes_a_second,
    ).make()  # fmt: skip
    assert place.said[:2] == [
        "Bilder werden kopiert: 2 von 10 (20 %) …",
        "Bilder werden kopiert: 7 von 10 (70 %) …",
    ]
    assert len(place.said) == 3


async def test_the_real_commands_back_up_and_restore(place: BackupPlace) -> None:
    def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"KLEINBOT_DATA_FOLDER": str(folder), "KLEINBOT_LOCALE": "en"}
        return subprocess.run(
            [sys.executable, "-c", "from kleinbot.cli import main; main()", *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=99, check=False
        )  # fmt: skip

    made = await asyncio.to_thread(run, place.source.folder, "backup", str(place.backup))
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith(f"The backup in {place.backup} is whole: 2 jobs, 2 pictures (2 new)")
    checked = await asyncio.to_thread(run, place.target.folder, "restore", "--check", str(place.backup))
    assert checked.returncode == 0, checked.stderr
    assert not place.target.folder.exists()
    refused = await asyncio.to_thread(run, place.source.folder, "restore", str(place.backup))
    assert refused.returncode == 1
    assert "is not empty" in refused.stdout
    done = await asyncio.to_thread(run, place.target.folder, "restore", str(place.backup))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Restored into {place.target.folder}: 2 jobs and 2 pictures. Start the bot.\n"
    missing = await asyncio.to_thread(run, place.target.folder, "restore", str(place.root))
    assert missing.returncode == 1
    assert "holds no whole backup" in missing.stderr
