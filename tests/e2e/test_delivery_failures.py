"""Failures between an accepted request and its message: nothing is lost, duplicated or reported twice."""

import asyncio
import inspect
import sqlite3

import pytest

from kleinbot.sandbox import ShownMessage
from kleinbot.store.database import Database
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0


async def _sent(bot: RunningBot, way: str, count: int = 1) -> None:
    await bot.until(f"SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = '{way}'", count)


def _with_pictures(bot: RunningBot) -> list[ShownMessage]:
    return [message for message in bot.channel.messages if message.pictures]


async def test_a_picture_that_is_done_before_its_first_response_waits_for_it(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        # The client must wait, so the picture is long finished when the first response gets through.
        bot.standin.break_next("POST /interactions/*/callback", status=429, retry_after_s=1.0)
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(bot, "reply")
        assert [message.id for message in _with_pictures(bot)] == [done.id]
        assert handle.response is not None
        assert handle.response.id == done.id


async def test_a_first_response_cut_off_by_the_network_does_not_lose_the_job(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        bot.standin.break_next("POST /interactions/*/callback", drop=True, times=5)
        await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        late = await bot.channel.message_where(has_pictures, timeout_s=QUICK_S)
        assert late.pictures
        await _sent(bot, "channel")
        assert await bot.number("SELECT -SUM(amount_tenths) FROM ledger") == 10


async def test_two_drains_at_once_tell_each_result_once(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        handles = [await bot.ada.command(bot.channel, "imagine", prompt=f"fox {i}") for i in range(6)]
        for handle in handles:
            await handle.acknowledged(timeout_s=QUICK_S)
        engine.gate.set()
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(bot.app.container.delivery.outbox_worker.drain())
        for handle in handles:
            await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(bot, "reply", 6)
        assert len(_with_pictures(bot)) == 6


async def test_one_slow_delivery_does_not_hold_up_another(
    environment: BotEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kleinbot.app.lifecycle._CLOSING_S", 0.5)  # the slow one is still held at the stop
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        slow = await bot.ada.command(bot.channel, "imagine", prompt="slow")
        await slow.acknowledged(timeout_s=QUICK_S)
        await engine.started.wait()
        bot.standin.break_next("PATCH /webhooks/*", status=429, retry_after_s=3600.0)
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox", 1)
        await bot.standin.exchange_where(lambda exchange: exchange.status == 429, timeout_s=QUICK_S)
        quick = await bot.bob.command(bot.channel, "imagine", prompt="quick")
        await quick.message_where(has_pictures, timeout_s=QUICK_S)
        assert not any(message.pictures for message in slow.messages)


async def test_what_discord_refuses_for_good_is_kept_and_handed_over(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await engine.started.wait()
        bot.standin.break_next("PATCH /webhooks/*", status=400, code=200000, times=6)
        engine.gate.set()
        for attempts in range(1, 6):
            await bot.until("SELECT attempts FROM outbox", attempts)
            bot.clock.advance(60)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        handle = await bot.ada.command(bot.channel, "queue")
        handed = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert handed.is_ephemeral
        assert bot.app.container.metrics is not None
        assert 'kleinbot_deliveries_total{way="kept"} 1.0' in bot.app.container.metrics.text().decode()


async def test_a_locked_database_delays_the_work_and_ends_nothing(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Background work gives up its turn after half a second, not five.
    monkeypatch.setattr(inspect.unwrap(Database.transaction), "__defaults__", (0.5,))
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        first = await bot.ada.command(bot.channel, "imagine", prompt="first")
        second = await bot.ada.command(bot.channel, "imagine", prompt="second")
        await second.acknowledged(timeout_s=QUICK_S)
        await engine.started.wait()
        other = sqlite3.connect(environment.folder / "kleinbot.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        engine.gate.set()
        async with asyncio.timeout(60):
            while "locked" not in caplog.text:
                await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
        other.close()
        bot.clock.advance(20)  # past the pause after a refusal
        await bot.until("SELECT COUNT(*) FROM images WHERE state = 'done'", 2)
        bot.clock.advance(40)
        for handle in (first, second):
            await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert await bot.number("SELECT -SUM(amount_tenths) FROM ledger") == 20
