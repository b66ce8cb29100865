"""What members read about lanes, places and times, and what delays the work: through the real client."""

import asyncio

from kleinbot.domain.errors import FatalEngineError
from kleinbot.domain.work import StageSeconds
from kleinbot.process.supervisor import RESTART_CODE
from kleinbot.sandbox import Person, ShownMessage
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0
SIXTEEN_MINUTES_S = 16 * 60
SLOW = StageSeconds(1.0, 598.0, 1.0)
"""Ten minutes per picture: later than a reply can be promised."""


def _slow_engine() -> ScriptedEngine:
    engine = ScriptedEngine()
    engine.seconds = SLOW
    return engine


async def _asked(bot: RunningBot, person: Person, **options: object) -> ShownMessage:
    handle = await person.command_with(bot.channel, "imagine", {"prompt": "a fox", **options})
    return await handle.message_where(lambda message: bool(message.buttons), timeout_s=QUICK_S)


async def _slow_host(bot: RunningBot, engine: ScriptedEngine) -> None:
    """Let the queue learn how slow this machine is, then block the GPU."""
    await _asked(bot, bot.bob)
    await bot.until("SELECT COUNT(*) FROM jobs WHERE state = 'done'", 1)
    engine.started.clear()
    engine.gate.clear()


async def _host_says(bot: RunningBot, what: str) -> None:
    """Block or unblock the work without a hanging step, which would look like a hanging GPU."""
    owner = bot.standin.world.owner
    host = bot.standin.world.add_member(bot.server, owner.name, permissions=("manage_guild",))
    handle = await host.command(bot.channel, f"host queue {what}")
    await handle.message_where(lambda message: bool(message.text), timeout_s=QUICK_S)


async def test_a_job_that_will_be_late_says_so_at_once_and_in_its_queue(
    environment: BotEnvironment,
) -> None:
    engine = _slow_engine()
    async with environment.running_bot(engine) as bot:
        await _slow_host(bot, engine)
        await _asked(bot, bot.bob)
        await engine.started.wait()
        waiting = await _asked(bot, bot.ada)
        assert "The line is too long for this to be done in time for this reply." in waiting.text
        assert "the result comes as a new one." in waiting.text
        queue = await bot.ada.command(bot.channel, "queue")
        await queue.message_where(
            lambda m: "a fox · next" in m.text and "· the result comes as a new message" in m.text,
            timeout_s=10,
        )
        private = await _asked(bot, bot.ada, private=True)
        assert "you get the result with your next command here." in private.text
        greta = bot.standin.world.add_member(bot.server, "greta", locale="de")
        german = await _asked(bot, greta)
        assert "Die Schlange ist zu lang" in german.text
        assert await bot.number("SELECT COUNT(*) FROM jobs WHERE lane = 'relaxed' AND state = 'queued'") == 3
        engine.gate.set()


async def test_a_relaxed_result_is_an_ordinary_message_and_the_old_one_points_to_it(
    environment: BotEnvironment,
) -> None:
    engine = _slow_engine()
    async with environment.running_bot(engine) as bot:
        await _slow_host(bot, engine)
        waiting = await _asked(bot, bot.ada)
        await engine.started.wait()
        bot.clock.advance(SIXTEEN_MINUTES_S)
        engine.gate.set()
        late = await bot.channel.message_where(
            lambda m: has_pictures(m) and "your pictures are ready" in m.text, timeout_s=QUICK_S
        )
        assert late.id != waiting.id
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        link = f"https://discord.com/channels/{bot.server.id}/{bot.channel.id}/{late.id}"
        pointing = await bot.channel.message_where(lambda m: link in m.text, timeout_s=QUICK_S)
        assert pointing.id == waiting.id
        assert not pointing.buttons
        assert "fox" in late.text
        assert "fox" not in pointing.text, "nobody would find it again when the result is hidden"


async def test_an_old_message_whose_job_was_cancelled_late_says_so(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _host_says(bot, "pause")
        waiting = await _asked(bot, bot.ada)
        bot.clock.advance(SIXTEEN_MINUTES_S)
        cancelled = await bot.ada.press(waiting, label="Cancel")
        await cancelled.message_where(lambda m: "#1 is cancelled." in m.text, timeout_s=QUICK_S)
        ended = await bot.channel.message_where(lambda m: "Cancelled. 1 picture" in m.text, timeout_s=QUICK_S)
        assert ended.id == waiting.id
        assert not ended.buttons


async def test_where_the_history_may_not_be_read_the_result_arrives_all_the_same(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _host_says(bot, "pause")
        waiting = await _asked(bot, bot.ada)
        bot.standin.world.deny(bot.channel, "read_message_history")
        bot.clock.advance(SIXTEEN_MINUTES_S)
        await _host_says(bot, "resume")
        await bot.channel.message_where(has_pictures, timeout_s=QUICK_S)
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = 'channel'", 1)
        assert waiting.buttons


async def test_a_gpu_that_no_longer_answers_is_said_in_the_waiting_messages(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine, exits_with=RESTART_CODE) as bot:
        running = await _asked(bot, bot.ada)
        waiting = await _asked(bot, bot.bob)
        await engine.started.wait()
        engine.failures.append(FatalEngineError("device-side assert"))
        engine.gate.set()
        for message in (running, waiting):
            await _says(message, "The bot is about to restart. Your place is kept.")
        assert await bot.number("SELECT COUNT(*) FROM jobs WHERE ended_ms IS NULL") == 2


async def _says(message: ShownMessage, sentence: str) -> None:
    async with asyncio.timeout(QUICK_S):
        while sentence not in message.text:
            await asyncio.sleep(0.01)
