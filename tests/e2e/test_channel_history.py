"""A sent message is found again in a busy channel, and one that only looks like it is not mistaken for it."""

import asyncio
import logging
import shutil

import pytest

from kleinbot.sandbox import Channel, Person
from kleinbot.store.jobs import deletion
from tests.e2e.running_bot import BotEnvironment, RunningBot, ShiftedClock, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0
SIXTEEN_MINUTES_S = 16 * 60
BUSY_MESSAGES = 130


def _posts(channel: Channel) -> int:
    return sum(bool(message.pictures) for message in channel.messages)


async def _late(bot: RunningBot, engine: ScriptedEngine, prompt: str) -> None:
    """Have a job accepted whose result comes after its token has expired."""
    engine.gate.clear()
    engine.started.clear()
    await bot.ada.command(bot.channel, "imagine", prompt=prompt)
    await engine.started.wait()
    bot.clock.advance(SIXTEEN_MINUTES_S)


async def _talk(person: Person, channel: Channel, count: int) -> None:
    for number in range(count):
        person.write(channel, f"message {number}")


async def test_a_result_that_was_sent_is_found_behind_a_hundred_messages(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await _late(bot, engine, "a fox")
        bot.standin.break_next("POST /channels/*/messages", drop_answer=True, times=1)
        engine.gate.set()
        await bot.channel.message_where(has_pictures, timeout_s=QUICK_S)
        await bot.until("SELECT attempts FROM outbox", 1)
        await _talk(bot.bob, bot.channel, BUSY_MESSAGES)
        bot.clock.advance(3600)  # Discord has forgotten the nonce
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'channel'", 1)
        assert _posts(bot.channel) == 1


async def test_a_channel_that_cannot_be_looked_through_just_now_gets_no_second_message(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await _late(bot, engine, "a fox")
        bot.standin.break_next("POST /channels/*/messages", drop_answer=True, times=1)
        engine.gate.set()
        await bot.channel.message_where(has_pictures, timeout_s=QUICK_S)
        await bot.until("SELECT attempts FROM outbox", 1)
        bot.standin.break_next("GET /channels/*/messages*", status=503, times=1)
        bot.clock.advance(3600)  # Discord has forgotten the nonce
        await bot.until("SELECT attempts FROM outbox", 2)
        bot.clock.advance(60)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'channel'", 1)
        assert _posts(bot.channel) == 1


@pytest.mark.parametrize("answer", ["refused", "lost"])
async def test_a_result_deleted_before_delivery_is_not_delivered(
    environment: BotEnvironment, answer: str
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await _late(bot, engine, "a fox")
        lost = answer == "lost"
        bot.standin.break_next("POST /channels/*/messages", status=400, drop_answer=lost, times=1)
        engine.gate.set()
        await bot.until("SELECT attempts FROM outbox", 1)
        async with bot.app.container.base.database.transaction() as transaction:
            key = str((await transaction.all("SELECT job_id FROM jobs"))[0][0])
            assert await deletion.delete(transaction, key, bot.ada.id, bot.clock.now_ms()) is not None
        bot.clock.advance(60)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'unneeded'", 1)
        # Nobody is mentioned for a message that is not there.
        assert len(bot.standin.exchanges_of("POST", "/channels/*/messages")) == 1
        async with asyncio.timeout(QUICK_S):
            while not all(message.is_deleted for message in bot.channel.log.values()):
                await bot.number("SELECT 1")


@pytest.mark.usefixtures("quick_retries")
async def test_after_an_older_database_was_put_back_the_new_result_is_sent(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine):
        pass
    shutil.copytree(environment.folder, environment.folder.with_name("backup"))
    async with environment.running_bot(engine) as bot:
        await _late(bot, engine, "of the newer database")
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'channel'", 1)
    shutil.rmtree(environment.folder)
    shutil.copytree(environment.folder.with_name("backup"), environment.folder)
    async with environment.running_bot(engine) as bot:
        await _late(bot, engine, "of the older database")
        bot.standin.break_next("POST /channels/*/messages", drop=True, times=5)
        engine.gate.set()
        for attempts in range(1, 6):
            await bot.until("SELECT attempts FROM outbox", attempts)
            bot.clock.advance(60)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'channel'", 1)
        assert await bot.number("SELECT number FROM jobs") == 1
        assert _posts(bot.channel) == 2


@pytest.mark.parametrize("minutes", [16, -16])
async def test_a_wrong_clock_costs_no_token_and_is_reported_to_the_owner(
    environment: BotEnvironment, caplog: pytest.LogCaptureFixture, minutes: int
) -> None:
    environment.clock = ShiftedClock()  # the stand-in keeps its own
    environment.clock.advance(minutes * 60)
    with caplog.at_level(logging.WARNING):
        async with environment.running_bot(ScriptedEngine()) as bot:
            for private in (False, True):
                handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox", private=private)
                await handle.message_where(has_pictures, timeout_s=QUICK_S)
            await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'reply'", 2)
            assert await bot.number("SELECT COUNT(*) FROM jobs WHERE lane = 'token'") == 2
            assert bot.app.container.delivery.skew.is_reported
    told = [record.getMessage() for record in caplog.records if "this host's clock" in record.getMessage()]
    assert len(told) == 1
    assert ("ahead of" if minutes > 0 else "behind") in told[0]
