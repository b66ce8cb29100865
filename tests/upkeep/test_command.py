"""The owner's command: it lists, puts aside and removes, and never deletes what is not proven ours."""

import asyncio
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from kleinbot.archive.names import Shelf
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.faults import FaultPoint
from kleinbot.folder_lock import folder_locked
from kleinbot.settings import Settings
from kleinbot.texts import Texts
from kleinbot.upkeep import orphans
from kleinbot.upkeep.bond import Bond
from kleinbot.upkeep.command import LISTED, ArchiveCommand
from tests.upkeep.installation import Installation


class _Owner:
    def __init__(self, installation: Installation, *, agrees: bool = True) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        settings = Settings(data_folder=installation.folder)
        self.command = ArchiveCommand(settings, self.said.append, self._answer)
        self._agrees = agrees

    def _answer(self, question: str) -> bool:
        self.asked.append(question)
        return self._agrees


async def _lost(installation: Installation) -> list[str]:
    """Lose the database of two pictures, and begin a new one; return their names."""
    names = await installation.draw("a" * 24, "b" * 24)
    installation.lose_database()
    assert installation.start() is Bond.OTHER
    return names


async def test_pictures_of_a_lost_database_are_listed(installation: Installation) -> None:
    names = await _lost(installation)
    before = {path: path.stat().st_mtime_ns for path in installation.folder.rglob("*")}
    owner = _Owner(installation)
    owner.command.list(every=False)
    assert {f"its job is not known: {name}" for name in names} <= set(owner.said)
    assert owner.said[-1].startswith(
        "2 pictures belong to another database than this one. Nothing was deleted"
    )
    assert {path: path.stat().st_mtime_ns for path in installation.folder.rglob("*")} == before


async def test_nothing_is_removed_that_the_newer_database_may_keep(installation: Installation) -> None:
    await installation.accept("a" * 24)
    older = installation.copy_database("older")
    drawn = await installation.put("a" * 24)
    await installation.draw("b" * 24)
    installation.put_back(older)
    assert installation.start() is Bond.OLDER
    await installation.cancel("a" * 24)  # which the newer database has as done
    before = installation.files()
    assert drawn in before
    owner = _Owner(installation)
    assert await asyncio.to_thread(owner.command.remove)
    assert owner.said[0].startswith("Nothing can be removed")
    assert owner.asked == []
    assert await orphans.remove(installation.file, installation.root) == (0, 0)
    assert installation.files() == before


async def test_a_long_list_is_cut_unless_all_is_asked_for(installation: Installation) -> None:
    await installation.draw(*(f"{number:024x}" for number in range(LISTED + 3)))
    installation.lose_database()
    installation.start()
    owner = _Owner(installation)
    owner.command.list(every=False)
    assert owner.said[LISTED] == "… and 3 more (`--all` names every file)."
    owner = _Owner(installation)
    owner.command.list(every=True)
    assert len([line for line in owner.said if line.startswith("its job is not known")]) == LISTED + 3


async def test_adopting_puts_aside_what_is_not_known_and_deletes_nothing(installation: Installation) -> None:
    names = await _lost(installation)
    [own] = await installation.draw("c" * 24)
    owner = _Owner(installation)
    assert owner.command.adopt()
    assert len(owner.asked) == 1
    kept = installation.root / orphans.ASIDE
    assert {path.relative_to(next(kept.iterdir())).as_posix() for path in kept.rglob("*.png")} == set(names)
    assert (installation.root / own).is_file()
    assert installation.start() is Bond.TOGETHER
    assert installation.sweep().counts.unknown_images == 0


async def test_without_a_yes_nothing_changes(installation: Installation) -> None:
    await _lost(installation)
    before = installation.files()
    owner = _Owner(installation, agrees=False)
    assert not owner.command.adopt()
    assert installation.files() == before
    assert installation.start() is Bond.OTHER


async def test_what_was_put_aside_comes_back_with_its_database(installation: Installation) -> None:
    names = await installation.draw("a" * 24)
    kept = installation.copy_database("kept")
    installation.lose_database()
    installation.start()
    _Owner(installation).command.adopt()
    installation.lose_database()
    installation.put_back(kept)
    installation.start()
    owner = _Owner(installation)
    owner.command.adopt()
    assert "One file that lay there came back." in owner.said[-1]
    assert installation.files() == set(names)
    assert installation.start() is Bond.TOGETHER


class _Killed(BaseException):
    pass


class _Kill:
    def reach(self, point: FaultPoint) -> None:
        if point is FaultPoint.AFTER_IDENTITY:
            raise _Killed


async def test_adopting_that_was_interrupted_can_be_repeated(installation: Installation) -> None:
    names = await _lost(installation)
    with pytest.raises(_Killed):
        orphans.adopt(installation.file, installation.root, SystemClock(), _Kill())
    _Owner(installation).command.adopt()
    assert len(installation.files()) == len(names)
    assert installation.start() is Bond.TOGETHER


async def test_only_what_is_proven_ours_is_removed(installation: Installation) -> None:
    kept = await installation.draw("a" * 24)
    await installation.accept("b" * 24)
    cancelled = await installation.put("b" * 24)
    await installation.cancel("b" * 24)
    unknown = await installation.put("c" * 24)
    reference = await installation.put("c" * 24, Shelf.REFERENCES)
    owner = _Owner(installation)
    assert await asyncio.to_thread(owner.command.remove)
    asked, done = owner.said
    assert asked == (
        "One left-over file of this database is deleted for good. Those of jobs that it does not know stay,"
        " and so do files younger than an hour."
    )
    assert done == "One file was removed (0 MiB)."
    assert cancelled not in installation.files()
    assert installation.files() == {*kept, unknown, reference}


async def test_nothing_of_another_database_is_ever_removed(installation: Installation) -> None:
    names = await _lost(installation)
    part = installation.root / f"{names[0]}.{'ab' * 8}.tmp"
    part.write_bytes(b"half")
    reference = await installation.put("c" * 24, Shelf.REFERENCES)
    owner = _Owner(installation)
    assert await asyncio.to_thread(owner.command.remove)
    assert owner.asked == []
    assert {*names, reference} < installation.files()
    assert part.exists()


async def test_a_running_bot_keeps_its_archive(installation: Installation) -> None:
    with folder_locked(installation.folder), pytest.raises(StartError) as refused:
        _Owner(installation).command.adopt()
    assert refused.value.code is Code.FOLDER_IN_USE


def test_without_a_database_there_is_nothing_to_adopt(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    command = _Owner(installation).command
    for verb in (partial(command.list, every=True), command.adopt, command.remove):
        with pytest.raises(StartError) as refused:
            verb()
        assert refused.value.code is Code.ARCHIVE_NO_DATABASE
    assert not installation.file.exists()


async def test_the_real_command_asks_and_does_nothing_without_an_answer(installation: Installation) -> None:
    names = await _lost(installation)
    environment = os.environ | {"KLEINBOT_DATA_FOLDER": str(installation.folder), "KLEINBOT_LOCALE": "en"}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", "from kleinbot.cli import main; main()", "archive", *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=99, check=False
        )  # fmt: skip

    asked = await asyncio.to_thread(run, "adopt")
    assert (asked.returncode, installation.files()) == (1, set(names))
    assert "2 files are of jobs that this database does not know." in asked.stdout
    done = await asyncio.to_thread(run, "adopt", "--yes")
    assert done.returncode == 0
    assert done.stdout.endswith(f"2 files were put aside in {installation.root / orphans.ASIDE}.\n")
    assert installation.start() is Bond.TOGETHER


async def test_the_sandboxs_archive_is_told_with_the_sandboxs_command(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path).for_sandbox()
    assert settings.data_folder == tmp_path / "sandbox"
    settings.data_folder.mkdir()
    installation = Installation(settings.data_folder)
    assert installation.start() is Bond.TOGETHER
    await _lost(installation)
    said: list[str] = []
    ArchiveCommand(settings, said.append, lambda _: False).list(every=False)
    assert said[-1].endswith("stop the bot and run `bot.py archive adopt --sandbox`.")

    installation.lose_database()
    installation.file.touch()
    with pytest.raises(StartError) as refused:
        ArchiveCommand(settings, said.append, lambda _: False).list(every=False)
    assert "`bot.py archive list --sandbox`" in Texts().error(refused.value)
