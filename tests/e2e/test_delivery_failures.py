"""What goes wrong between an accepted request and its message: nothing is lost, doubled, or told twice."""

import asyncio
import sqlite3

import pytest

from kleinbot.sandbox import ShownMessage
from tests.e2e.running_bot import House, Stage, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0


async def _sent(house: House, way: str, count: int = 1) -> None:
    await house.until(f"SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = '{way}'", count)


def _with_pictures(house: House) -> list[ShownMessage]:
    return [message for message in house.channel.messages if message.pictures]


async def test_a_picture_that_is_done_before_its_first_response_waits_for_it(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        # The client is told to wait, so the picture is long done when the first response gets through.
        house.standin.break_next("POST /interactions/*/callback", status=429, retry_after_s=1.0)
        handle = await house.ada.command(house.channel, "imagine", prompt="a fox")
        done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(house, "reply")
        assert [message.id for message in _with_pictures(house)] == [done.id]
        assert handle.response is not None
        assert handle.response.id == done.id


async def test_a_first_response_cut_off_by_the_network_does_not_lose_the_job(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        house.standin.break_next("POST /interactions/*/callback", drop=True, times=5)
        await house.ada.command(house.channel, "imagine", prompt="a fox")
        late = await house.channel.message_where(has_pictures, timeout_s=QUICK_S)
        assert late.pictures
        await _sent(house, "channel")
        assert await house.number("SELECT -SUM(amount_tenths) FROM ledger") == 10


async def test_two_drains_at_once_tell_each_result_once(stage: Stage) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with stage.house(engine) as house:
        handles = [await house.ada.command(house.channel, "imagine", prompt=f"fox {i}") for i in range(6)]
        for handle in handles:
            await handle.acknowledged(timeout_s=QUICK_S)
        engine.gate.set()
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(house.app.container.delivery.outbox_worker.drain())
        for handle in handles:
            await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(house, "reply", 6)
        assert len(_with_pictures(house)) == 6


async def test_one_slow_delivery_does_not_hold_up_another(stage: Stage) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with stage.house(engine) as house:
        slow = await house.ada.command(house.channel, "imagine", prompt="slow")
        await slow.acknowledged(timeout_s=QUICK_S)
        await engine.started.wait()
        house.standin.break_next("PATCH /webhooks/*", status=429, retry_after_s=3600.0)
        engine.gate.set()
        await house.until("SELECT COUNT(*) FROM outbox", 1)
        await house.standin.exchange_where(lambda exchange: exchange.status == 429, timeout_s=QUICK_S)
        quick = await house.bob.command(house.channel, "imagine", prompt="quick")
        await quick.message_where(has_pictures, timeout_s=QUICK_S)
        assert not any(message.pictures for message in slow.messages)


async def test_what_discord_refuses_for_good_is_kept_and_handed_over(stage: Stage) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with stage.house(engine) as house:
        await house.ada.command(house.channel, "imagine", prompt="a fox")
        await engine.started.wait()
        house.standin.break_next("PATCH /webhooks/*", status=400, code=200000, times=6)
        engine.gate.set()
        for attempts in range(1, 6):
            await house.until("SELECT attempts FROM outbox", attempts)
            house.clock.advance(60)
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        handle = await house.ada.command(house.channel, "queue")
        handed = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert handed.is_ephemeral
        assert house.app.container.metrics is not None
        assert 'kleinbot_deliveries_total{way="kept"} 1.0' in house.app.container.metrics.text().decode()


async def test_a_locked_database_delays_the_work_and_ends_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with stage.house(engine) as house:
        first = await house.ada.command(house.channel, "imagine", prompt="first")
        second = await house.ada.command(house.channel, "imagine", prompt="second")
        await second.acknowledged(timeout_s=QUICK_S)
        await engine.started.wait()
        other = sqlite3.connect(stage.folder / "kleinbot.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        engine.gate.set()
        async with asyncio.timeout(60):
            while "locked" not in caplog.text:
                await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
        other.close()
        house.clock.advance(20)  # past the pause of whoever was refused
        await house.until("SELECT COUNT(*) FROM images WHERE state = 'done'", 2)
        house.clock.advance(40)
        for handle in (first, second):
            await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert await house.number("SELECT -SUM(amount_tenths) FROM ledger") == 20
