"""Backups and restores killed at each step lose nothing, and a partial one never counts as complete."""

import asyncio
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.config.settings import Settings
from kleinbot.domain.errors import Code, StartError
from kleinbot.upkeep.backup import BackupCommand
from kleinbot.upkeep.backup_files import BackupStep
from kleinbot.upkeep.pairing import Pairing, require_database
from kleinbot.upkeep.restore import RestoreCommand
from kleinbot.upkeep.restore_note import NOTE
from tests.processes import finished
from tests.upkeep.installation import Installation

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot end like that there")

FIRST, SECOND, THIRD, OTHERS = "a" * 24, "b" * 24, "c" * 24, "e" * 24
OF_BACKUP = (
    BackupStep.BEGUN,
    BackupStep.DATABASE_COPIED,
    BackupStep.PICTURE_COPIED,
    BackupStep.BEFORE_MANIFEST,
    BackupStep.MANIFEST_WRITTEN,
    BackupStep.TIDIED,
)
BEFORE_SWITCHING = (
    BackupStep.RESTORE_BEGUN,
    BackupStep.DATABASE_STAGED,
    BackupStep.PICTURE_STAGED,
    BackupStep.STAGED,
)
WHILE_SWITCHING = (
    BackupStep.SWITCHING,
    BackupStep.PUT_ASIDE,
    BackupStep.ARCHIVE_IN_PLACE,
    BackupStep.DATABASE_IN_PLACE,
)


def test_every_step_is_among_those_that_are_killed() -> None:
    assert set(BackupStep) == {*OF_BACKUP, *BEFORE_SWITCHING, *WHILE_SWITCHING}


async def _killed(verb: str, data: Path, backup: Path, step: BackupStep, nth: int = 1) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.upkeep.backup_process",
        verb,
        str(data),
        str(backup),
        step,
        str(nth),
    ]
    ended = await asyncio.to_thread(finished, command)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def _back_up(installation: Installation, backup: Path) -> None:
    BackupCommand(Settings(data_folder=installation.folder), backup, lambda _: None).make()


def _restore(backup: Path, data: Path) -> Installation:
    command = RestoreCommand(Settings(data_folder=data), backup, lambda _: None, lambda _: True)
    assert command.restore()
    return Installation(data)


def _keys(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {row[0] for row in connection.execute("SELECT job_id FROM jobs")}


def _assert_holds(installation: Installation, *job_ids: str) -> None:
    require_database(installation.file, installation.root)
    assert installation.start() is Pairing.TOGETHER
    assert _keys(installation.file) == set(job_ids)
    assert installation.files() == {f"images/10/{job_id}-0.png" for job_id in job_ids}


async def _grown(installation: Installation) -> None:
    """Delete the first of two jobs' pictures for good, and store a third."""
    with closing(sqlite3.connect(installation.file)) as connection, connection:
        connection.execute("UPDATE jobs SET deleted_ms = 1 WHERE job_id = ?", (FIRST,))
    (installation.root / f"images/10/{FIRST}-0.png").unlink()
    await installation.draw(THIRD)


@pytest.mark.parametrize("step", OF_BACKUP)
async def test_a_first_backup_that_is_killed_is_none_until_it_is_finished(
    installation: Installation, tmp_path: Path, step: BackupStep
) -> None:
    await installation.draw(FIRST, SECOND)
    backup = tmp_path.with_name(f"{tmp_path.name}-backup")
    await _killed("backup", installation.folder, backup, step)
    is_whole = step in (BackupStep.MANIFEST_WRITTEN, BackupStep.TIDIED)
    other = tmp_path.with_name(f"{tmp_path.name}-other")
    if not is_whole:
        with pytest.raises(StartError) as refused:
            _restore(backup, other)
        assert refused.value.code is Code.BACKUP_MISSING
        assert not other.exists()
    _back_up(installation, backup)
    _assert_holds(_restore(backup, other), FIRST, SECOND)


@pytest.mark.parametrize("step", OF_BACKUP)
async def test_a_later_backup_that_is_killed_leaves_the_one_before_or_is_whole(
    installation: Installation, tmp_path: Path, step: BackupStep
) -> None:
    await installation.draw(FIRST, SECOND)
    backup = tmp_path.with_name(f"{tmp_path.name}-backup")
    _back_up(installation, backup)
    await _grown(installation)
    await _killed("backup", installation.folder, backup, step)
    one = _restore(backup, tmp_path.with_name(f"{tmp_path.name}-one"))
    if step in (BackupStep.MANIFEST_WRITTEN, BackupStep.TIDIED):
        assert _keys(one.file) == {FIRST, SECOND, THIRD}
    else:
        _assert_holds(one, FIRST, SECOND)
    _back_up(installation, backup)
    other = _restore(backup, tmp_path.with_name(f"{tmp_path.name}-two"))
    assert _keys(other.file) == {FIRST, SECOND, THIRD}
    assert other.files() == {f"images/10/{job_id}-0.png" for job_id in (SECOND, THIRD)}
    names = {path.name for path in backup.rglob("*") if path.is_file()}
    assert len(names) == 4, names  # the killed run has left nothing
    assert {path.name for path in (backup / "archive").rglob("*.png*")} == {
        f"{SECOND}-0.png",
        f"{THIRD}-0.png",
    }


async def _two(tmp_path: Path) -> tuple[Path, Installation]:
    """Return the backup of one installation, and another installation with its own job."""
    source = Installation(tmp_path / "source")
    source.folder.mkdir()
    source.start()
    await source.draw(FIRST, SECOND)
    _back_up(source, tmp_path / "backup")
    target = Installation(tmp_path / "data")
    target.folder.mkdir()
    target.start()
    await target.draw(OTHERS)
    return tmp_path / "backup", target


@pytest.mark.parametrize("step", BEFORE_SWITCHING)
async def test_a_restore_that_is_killed_early_has_replaced_nothing(tmp_path: Path, step: BackupStep) -> None:
    backup, target = await _two(tmp_path)
    await _killed("restore", target.folder, backup, step)
    _assert_holds(target, OTHERS)
    _assert_holds(_restore(backup, target.folder), FIRST, SECOND)
    assert not (target.folder / NOTE).exists()
    assert list(target.folder.glob("kleinbot-restoring-*")) == []
    _assert_aside(target)


@pytest.mark.parametrize("step", WHILE_SWITCHING)
async def test_a_restore_that_is_killed_later_is_finished_before_the_bot_starts(
    tmp_path: Path, step: BackupStep
) -> None:
    backup, target = await _two(tmp_path)
    await _killed("restore", target.folder, backup, step)
    with pytest.raises(StartError) as refused:
        require_database(target.file, target.root)
    assert refused.value.code is Code.RESTORE_UNFINISHED
    # The backup's disk may be disconnected by now.
    backup.rename(tmp_path / "away")
    _assert_holds(_restore(backup, target.folder), FIRST, SECOND)
    assert not (target.folder / NOTE).exists()
    assert list(target.folder.glob("kleinbot-restoring-*")) == []
    _assert_aside(target)


def _assert_aside(target: Installation) -> None:
    """The replaced installation is complete in its folder and usable."""
    [aside] = target.folder.glob("kleinbot-replaced-*")
    _assert_holds(Installation(aside), OTHERS)


@pytest.mark.parametrize("step", [*BEFORE_SWITCHING, *WHILE_SWITCHING])
async def test_the_bot_does_not_begin_anew_beside_a_restore_that_was_killed(
    tmp_path: Path, step: BackupStep
) -> None:
    backup, _ = await _two(tmp_path)
    target = Installation(tmp_path / "empty")
    await _killed("restore", target.folder, backup, step)
    with pytest.raises(StartError) as refused:
        require_database(target.file, target.root)
    assert refused.value.code is Code.RESTORE_UNFINISHED
    _assert_holds(_restore(backup, target.folder), FIRST, SECOND)
    assert list(target.folder.glob("kleinbot-re*")) == []
