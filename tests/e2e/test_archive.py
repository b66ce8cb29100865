"""The whole bot beside an archive that is not its database's: it serves, and only the sweep stops."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, StartError
from tests.e2e.running_bot import WAIT_S, House, Stage
from tests.scripted_engine import ScriptedEngine

OF_ANOTHER = (
    "2 pictures belong to another database than this one. Nothing was deleted, and nothing is swept. Put that"
    " database back, or stop the bot and run `bot.py archive adopt`."
)
OLDER = (
    "The database is older than the archive: one picture is of a job that it does not know. Nothing was"
    " deleted, and nothing is swept. Put the newer database back, or stop the bot and run `bot.py archive"
    " adopt`."
)


def _pictures(stage: Stage) -> set[Path]:
    return set((stage.folder / "archive").rglob("*.png"))


def _make_old(stage: Stage) -> None:
    for path in _pictures(stage):
        os.utime(path, (1, 1))


async def _draw(house: House, count: int) -> None:
    done = await house.number("SELECT COUNT(*) FROM jobs WHERE state = 'done'")
    await house.ada.command(house.channel, "imagine", prompt="a fox", count=count)
    await house.until("SELECT COUNT(*) FROM jobs WHERE state = 'done'", done + 1)
    await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", done + 1)


async def _told(house: House, sentence: str, caplog: pytest.LogCaptureFixture) -> None:
    async with asyncio.timeout(WAIT_S):
        while house.app.sweeper.problem is None:
            await asyncio.sleep(0.01)
    said = [record.getMessage() for record in caplog.records if record.name == "kleinbot.upkeep.sweeper"]
    assert said == [sentence]


def _lose_database(stage: Stage) -> None:
    for path in stage.folder.glob("kleinbot.sqlite3*"):
        path.unlink()


async def test_a_lost_database_leaves_the_archive_and_the_bot_serves(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.house(ScriptedEngine()) as house:
        await _draw(house, 2)
    before = _pictures(stage)
    assert len(before) == 2
    _make_old(stage)
    shutil.copy(stage.folder / "kleinbot.sqlite3", stage.folder / "right")
    _lose_database(stage)

    async with stage.house(ScriptedEngine()) as house:
        await _told(house, OF_ANOTHER, caplog)
        await _draw(house, 1)
        # The numbers go on where the archive has seen them end.
        assert await house.number("SELECT MAX(number) FROM jobs") == 2
    assert before < _pictures(stage)

    _lose_database(stage)
    shutil.copy(stage.folder / "right", stage.folder / "kleinbot.sqlite3")
    caplog.clear()
    async with stage.house(ScriptedEngine()) as house:
        await _told(house, OLDER, caplog)
    assert before < _pictures(stage)


async def test_the_owner_is_told_by_the_status(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    async with stage.house(ScriptedEngine()) as house:
        await _draw(house, 2)
    _lose_database(stage)
    world = stage.standin.world
    owner = world.add_member(stage.server, world.owner.name, permissions=("manage_guild",))
    async with stage.house(ScriptedEngine()) as house:
        await _told(house, OF_ANOTHER, caplog)
        shown = await owner.command(house.channel, "host status")
        await shown.message_where(lambda message: f"Archive: {OF_ANOTHER}" in message.text, timeout_s=WAIT_S)


async def test_an_empty_database_beside_an_archive_is_refused(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        await _draw(house, 1)
    before = _pictures(stage)
    _lose_database(stage)
    (stage.folder / "kleinbot.sqlite3").touch()
    with pytest.raises(StartError) as refused:
        async with stage.house(ScriptedEngine()):
            pass
    assert refused.value.code is Code.DATABASE_EMPTY
    assert _pictures(stage) == before
    assert (stage.folder / "kleinbot.sqlite3").stat().st_size == 0


async def test_what_belongs_to_the_bot_is_swept_once_it_is_online(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        await _draw(house, 2)
    [kept, cancelled] = sorted(_pictures(stage))
    lost = kept.parent.parent.parent / "references" / kept.parent.name / f"{'f' * 24}-0.png"
    lost.parent.mkdir(parents=True)
    cancelled.rename(cancelled.with_name(f"{cancelled.name}.{'ab' * 8}.tmp"))
    lost.write_bytes(b"orphan")
    for path in (stage.folder / "archive").rglob("*.*"):
        os.utime(path, (1, 1))
    async with stage.house(ScriptedEngine()) as house:
        async with asyncio.timeout(WAIT_S):
            while lost.exists() or cancelled.with_name(f"{cancelled.name}.{'ab' * 8}.tmp").exists():
                await asyncio.sleep(0.01)
        assert house.app.sweeper.problem is None
    assert _pictures(stage) == {kept}


async def test_a_number_that_was_given_before_hides_no_new_result(stage: Stage) -> None:
    """Whoever looks the channel back finds the old picture of the number, and posts the new one even so."""
    async with stage.house(ScriptedEngine()):
        pass
    shutil.copy(stage.folder / "kleinbot.sqlite3", stage.folder / "older")
    async with stage.house(ScriptedEngine()) as house:
        await _draw(house, 1)
    _lose_database(stage)
    shutil.copy(stage.folder / "older", stage.folder / "kleinbot.sqlite3")
    shutil.rmtree(stage.folder / "archive")  # which would have known the number
    engine = ScriptedEngine()
    engine.gate.clear()
    async with stage.house(engine) as house:
        await house.ada.command(house.channel, "imagine", prompt="a fox")
        await engine.started.wait()
        house.clock.advance(16 * 60)
        engine.gate.set()
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
        assert await house.number("SELECT number FROM jobs") == 1
        names = [picture.filename for message in house.channel.messages for picture in message.pictures]
    assert len(names) == len(set(names)) == 2
    assert all(name.startswith("kleinbot-1-") for name in names)
