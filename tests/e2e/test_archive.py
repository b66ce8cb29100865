"""The whole bot with an archive of another database: it serves, and only the sweep stops."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, StartError
from tests.e2e.running_bot import WAIT_S, BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

OF_ANOTHER = (
    "2 pictures belong to another database than this one. Nothing was deleted, and nothing is swept. Put that"
    " database back, or stop the bot and run `python bot.py archive adopt`."
)
OLDER = (
    "The database is older than the archive: one picture is of a job that it does not know. Nothing was"
    " deleted, and nothing is swept. Put the newer database back, or stop the bot and run"
    " `python bot.py archive adopt`."
)


def _pictures(environment: BotEnvironment) -> set[Path]:
    return set((environment.folder / "archive").rglob("*.png"))


def _make_old(environment: BotEnvironment) -> None:
    for path in _pictures(environment):
        os.utime(path, (1, 1))


async def _draw(bot: RunningBot, count: int) -> None:
    done = await bot.number("SELECT COUNT(*) FROM jobs WHERE state = 'done'")
    await bot.ada.command(bot.channel, "imagine", prompt="a fox", count=count)
    await bot.until("SELECT COUNT(*) FROM jobs WHERE state = 'done'", done + 1)
    await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", done + 1)


async def _told(bot: RunningBot, sentence: str, caplog: pytest.LogCaptureFixture) -> None:
    async with asyncio.timeout(WAIT_S):
        while bot.app.sweeper.problem is None:
            await asyncio.sleep(0.01)
    said = [record.getMessage() for record in caplog.records if record.name == "kleinbot.upkeep.sweeper"]
    assert said == [sentence]


def _lose_database(environment: BotEnvironment) -> None:
    for path in environment.folder.glob("kleinbot.sqlite3*"):
        path.unlink()


async def test_a_lost_database_leaves_the_archive_and_the_bot_serves(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _draw(bot, 2)
    before = _pictures(environment)
    assert len(before) == 2
    _make_old(environment)
    shutil.copy(environment.folder / "kleinbot.sqlite3", environment.folder / "right")
    _lose_database(environment)

    async with environment.running_bot(ScriptedEngine()) as bot:
        await _told(bot, OF_ANOTHER, caplog)
        await _draw(bot, 1)
        # The numbers continue after those that the archive has seen used.
        assert await bot.number("SELECT MAX(number) FROM jobs") == 2
    assert before < _pictures(environment)

    _lose_database(environment)
    shutil.copy(environment.folder / "right", environment.folder / "kleinbot.sqlite3")
    caplog.clear()
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _told(bot, OLDER, caplog)
    assert before < _pictures(environment)


async def test_the_status_tells_the_owner(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _draw(bot, 2)
    _lose_database(environment)
    world = environment.standin.world
    owner = world.add_member(environment.server, world.owner.name, permissions=("manage_guild",))
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _told(bot, OF_ANOTHER, caplog)
        shown = await owner.command(bot.channel, "host status")
        await shown.message_where(lambda message: f"Archive: {OF_ANOTHER}" in message.text, timeout_s=WAIT_S)


async def test_an_empty_database_beside_an_archive_is_refused(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _draw(bot, 1)
    before = _pictures(environment)
    _lose_database(environment)
    (environment.folder / "kleinbot.sqlite3").touch()
    with pytest.raises(StartError) as refused:
        async with environment.running_bot(ScriptedEngine()):
            pass
    assert refused.value.code is Code.DATABASE_EMPTY
    assert _pictures(environment) == before
    assert (environment.folder / "kleinbot.sqlite3").stat().st_size == 0


async def test_what_belongs_to_the_bot_is_swept_once_it_is_online(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _draw(bot, 2)
    [kept, cancelled] = sorted(_pictures(environment))
    lost = kept.parent.parent.parent / "references" / kept.parent.name / f"{'f' * 24}-0.png"
    lost.parent.mkdir(parents=True)
    cancelled.rename(cancelled.with_name(f"{cancelled.name}.{'ab' * 8}.tmp"))
    lost.write_bytes(b"orphan")
    for path in (environment.folder / "archive").rglob("*.*"):
        os.utime(path, (1, 1))
    async with environment.running_bot(ScriptedEngine()) as bot:
        async with asyncio.timeout(WAIT_S):
            while lost.exists() or cancelled.with_name(f"{cancelled.name}.{'ab' * 8}.tmp").exists():
                await asyncio.sleep(0.01)
        assert bot.app.sweeper.problem is None
    assert _pictures(environment) == {kept}


async def test_a_number_that_was_given_before_hides_no_new_result(environment: BotEnvironment) -> None:
    """A look-back in the channel finds the old picture of the number; the new one is posted anyway."""
    async with environment.running_bot(ScriptedEngine()):
        pass
    shutil.copy(environment.folder / "kleinbot.sqlite3", environment.folder / "older")
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _draw(bot, 1)
    _lose_database(environment)
    shutil.copy(environment.folder / "older", environment.folder / "kleinbot.sqlite3")
    shutil.rmtree(environment.folder / "archive")  # the archive that would have known the number
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await engine.started.wait()
        bot.clock.advance(16 * 60)
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
        assert await bot.number("SELECT number FROM jobs") == 1
        names = [picture.filename for message in bot.channel.messages for picture in message.pictures]
    assert len(names) == len(set(names)) == 2
    assert all(name.startswith("kleinbot-1-") for name in names)
