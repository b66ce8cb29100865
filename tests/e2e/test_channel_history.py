"""What was sent is found again, however busy the channel; what only looks like it is not taken for it."""

import asyncio
import logging
import shutil

import pytest

from kleinbot.sandbox import Channel, Person
from kleinbot.store.jobs import deletion
from tests.e2e.running_bot import House, ShiftedClock, Stage, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0
SIXTEEN_MINUTES_S = 16 * 60
BUSY_MESSAGES = 130


def _posts(channel: Channel) -> int:
    return sum(bool(message.pictures) for message in channel.messages)


async def _late(house: House, engine: ScriptedEngine, prompt: str) -> None:
    """Have a job accepted whose result comes after its token has died."""
    engine.gate.clear()
    engine.started.clear()
    await house.ada.command(house.channel, "imagine", prompt=prompt)
    await engine.started.wait()
    house.clock.advance(SIXTEEN_MINUTES_S)


async def _talk(person: Person, channel: Channel, count: int) -> None:
    for number in range(count):
        person.write(channel, f"message {number}")


async def test_a_result_that_was_sent_is_found_behind_a_hundred_messages(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        await _late(house, engine, "a fox")
        house.standin.break_next("POST /channels/*/messages", drop_answer=True, times=1)
        engine.gate.set()
        await house.channel.message_where(has_pictures, timeout_s=QUICK_S)
        await house.until("SELECT attempts FROM outbox", 1)
        await _talk(house.bob, house.channel, BUSY_MESSAGES)
        house.clock.advance(3600)  # Discord has forgotten the nonce
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'channel'", 1)
        assert _posts(house.channel) == 1


async def test_a_channel_that_cannot_be_looked_through_just_now_gets_no_second_message(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        await _late(house, engine, "a fox")
        house.standin.break_next("POST /channels/*/messages", drop_answer=True, times=1)
        engine.gate.set()
        await house.channel.message_where(has_pictures, timeout_s=QUICK_S)
        await house.until("SELECT attempts FROM outbox", 1)
        house.standin.break_next("GET /channels/*/messages*", status=503, times=1)
        house.clock.advance(3600)  # Discord has forgotten the nonce
        await house.until("SELECT attempts FROM outbox", 2)
        house.clock.advance(60)
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'channel'", 1)
        assert _posts(house.channel) == 1


@pytest.mark.parametrize("answer", ["refused", "lost"])
async def test_what_was_deleted_before_it_was_told_is_not_told_any_more(stage: Stage, answer: str) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        await _late(house, engine, "a fox")
        lost = answer == "lost"
        house.standin.break_next("POST /channels/*/messages", status=400, drop_answer=lost, times=1)
        engine.gate.set()
        await house.until("SELECT attempts FROM outbox", 1)
        async with house.app.container.base.database.transaction() as transaction:
            key = str((await transaction.all("SELECT job_id FROM jobs"))[0][0])
            assert await deletion.delete(transaction, key, house.ada.id, house.clock.now_ms()) is not None
        house.clock.advance(60)
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'unneeded'", 1)
        # Nobody is called to what is not there.
        assert len(house.standin.exchanges_of("POST", "/channels/*/messages")) == 1
        async with asyncio.timeout(QUICK_S):
            while not all(message.is_deleted for message in house.channel.log.values()):
                await house.number("SELECT 1")


async def test_after_an_older_database_was_put_back_the_new_result_is_sent(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine):
        pass
    shutil.copytree(stage.folder, stage.folder.with_name("backup"))
    async with stage.house(engine) as house:
        await _late(house, engine, "of the newer database")
        engine.gate.set()
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'channel'", 1)
    shutil.rmtree(stage.folder)
    shutil.copytree(stage.folder.with_name("backup"), stage.folder)
    async with stage.house(engine) as house:
        await _late(house, engine, "of the older database")
        house.standin.break_next("POST /channels/*/messages", drop=True, times=5)
        engine.gate.set()
        await house.until("SELECT attempts FROM outbox", 1)
        house.clock.advance(60)
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'channel'", 1)
        assert await house.number("SELECT number FROM jobs") == 1
        assert _posts(house.channel) == 2


@pytest.mark.parametrize("minutes", [16, -16])
async def test_a_wrong_clock_costs_no_token_and_is_told_to_the_host(
    stage: Stage, caplog: pytest.LogCaptureFixture, minutes: int
) -> None:
    stage.clock = ShiftedClock()  # the stand-in keeps its own
    stage.clock.advance(minutes * 60)
    with caplog.at_level(logging.WARNING):
        async with stage.house(ScriptedEngine()) as house:
            for private in (False, True):
                handle = await house.ada.command(house.channel, "imagine", prompt="a fox", private=private)
                await handle.message_where(has_pictures, timeout_s=QUICK_S)
            await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'reply'", 2)
            assert await house.number("SELECT COUNT(*) FROM jobs WHERE lane = 'token'") == 2
            assert house.app.container.delivery.skew.is_reported
    told = [record.getMessage() for record in caplog.records if "this host's clock" in record.getMessage()]
    assert len(told) == 1
    assert ("ahead of" if minutes > 0 else "behind") in told[0]
