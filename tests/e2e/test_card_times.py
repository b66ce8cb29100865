"""Quiet hours through the running bot, and a model that leaves an idle card while commands come."""

import asyncio
import calendar
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kleinbot.domain.card import LetGoReason
from kleinbot.domain.work import EnginePhase
from kleinbot.sandbox import InteractionHandle, Person
from tests.e2e.accounts import assert_accounted_for, record
from tests.e2e.running_bot import LOOKS_EVERY_S, WAIT_S, BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _evening_before_summer_time(now: datetime) -> datetime:
    """Return 23:29 on the next evening after which clocks go forward, at 02:00."""
    for year in (now.year, now.year + 1):
        last = max(week[calendar.SUNDAY] for week in calendar.monthcalendar(year, 3))
        evening = datetime(year, 3, last, 23, 29, tzinfo=BERLIN) - timedelta(days=1)
        if evening > now:
            return evening
    raise AssertionError


async def _until(bot: RunningBot, engine: ScriptedEngine, phase: EnginePhase) -> None:
    """Wait for a phase, and for what it means to the scheduler."""
    scheduler = bot.app.container.scheduling.scheduler
    async with asyncio.timeout(WAIT_S):
        while engine.state.phase is not phase or (scheduler.let_go is None) != (phase is EnginePhase.READY):
            await asyncio.sleep(LOOKS_EVERY_S)


@pytest.mark.skipif(sys.platform == "win32", reason="needs tzset")
@pytest.mark.usefixtures("in_berlin")
async def test_quiet_hours_over_midnight_and_a_change_of_clocks(environment: BotEnvironment) -> None:
    clock, engine = environment.clock, ScriptedEngine()
    evening = _evening_before_summer_time(datetime.now(UTC))
    clock.advance(evening.timestamp() - clock.unix_s())
    record(environment.folder)
    async with environment.running_bot(engine, quiet_hours="23:30-03:30") as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await handle.message_where(has_pictures, timeout_s=WAIT_S)
        clock.advance(60)
        await _until(bot, engine, EnginePhase.UNLOADED)
        waits = await bot.bob.command(bot.channel, "imagine", prompt="a cat")
        ends = round((evening + timedelta(hours=4, minutes=1)).replace(tzinfo=BERLIN).timestamp())
        sentence = f"My host needs the graphics card until <t:{ends}:t>"
        await waits.message_where(lambda message: sentence in message.text, timeout_s=WAIT_S)
        assert ends - clock.unix_s() <= 3 * 3600, "the night has an hour less"
        for to_s in (ends - 2.5 * 3600, ends - 3600, ends - 300):
            clock.advance(to_s - clock.unix_s())
            await _looked(bot)
            let_go = bot.app.container.scheduling.scheduler.let_go
            assert let_go is not None
            assert let_go.reason is LetGoReason.QUIET_HOURS
            assert engine.starts == 1
        clock.advance(ends + 1 - clock.unix_s())
        await _until(bot, engine, EnginePhase.READY)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 2)
        assert (engine.unloads, engine.starts) == (1, 2)
    assert_accounted_for(environment.folder, [environment.channel])


async def _looked(bot: RunningBot) -> None:
    """Let the card be looked at once more."""
    before = bot.app.card.looks
    async with asyncio.timeout(WAIT_S):
        while bot.app.card.looks < before + 2:
            bot.clock.advance(2.5)
            await asyncio.sleep(LOOKS_EVERY_S)


async def test_commands_that_race_with_a_model_that_leaves_are_drawn_once(
    environment: BotEnvironment,
) -> None:
    """A command comes while the model leaves, when it is gone, and while it is loaded for another one."""
    engine = ScriptedEngine()
    record(environment.folder)
    async with environment.running_bot(engine, unload_idle_minutes=1) as bot:
        for number, moment in enumerate(("leaving", "gone", "loading"), 1):
            await _until(bot, engine, EnginePhase.READY)
            engine.unload_gate.clear()
            engine.load_gate.clear()
            bot.clock.advance(70)
            await _until(bot, engine, EnginePhase.UNLOADING)
            if moment != "leaving":
                engine.unload_gate.set()
                await _until(bot, engine, EnginePhase.UNLOADED)
            handles = [await _asked(bot, bot.ada, moment)]
            engine.unload_gate.set()
            await _until(bot, engine, EnginePhase.LOADING)
            if moment == "loading":
                handles.append(await _asked(bot, bot.bob, "as well"))
            engine.load_gate.set()
            for handle in handles:
                await handle.message_where(has_pictures, timeout_s=WAIT_S)
            assert (engine.unloads, engine.starts) == (number, number + 1)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 4)
        drawn = [task.spec.prompt for batch in engine.batches for task in batch]
        assert sorted(drawn) == ["as well", "gone", "leaving", "loading"]
    assert_accounted_for(environment.folder, [environment.channel])


async def _asked(bot: RunningBot, who: Person, prompt: str) -> InteractionHandle:
    handle = await who.command(bot.channel, "imagine", prompt=prompt)
    await handle.message_where(lambda message: bool(message.buttons), timeout_s=WAIT_S)
    return handle
