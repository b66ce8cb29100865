"""Results arrive once, whatever was deleted meanwhile."""

import pytest

from kleinbot.sandbox import InteractionHandle, ShownMessage
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0
SIXTEEN_MINUTES_S = 16 * 60


async def _held(
    bot: RunningBot, engine: ScriptedEngine, **options: object
) -> tuple[InteractionHandle, ShownMessage]:
    """Have a job accepted that is not drawn before the test allows it."""
    engine.gate.clear()
    handle = await bot.ada.command(bot.channel, "imagine", **options)
    waiting = await handle.message_where(lambda m: bool(m.text), timeout_s=QUICK_S)
    await engine.started.wait()
    return handle, waiting


async def _sent(bot: RunningBot, way: str) -> None:
    await bot.until(f"SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND way = '{way}'", 1)


async def test_shortly_before_the_token_dies_it_is_no_longer_relied_on(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        _, waiting = await _held(bot, engine, prompt="a fox")
        bot.clock.advance(14.5 * 60)
        engine.gate.set()
        late = await bot.channel.message_where(has_pictures, timeout_s=QUICK_S)
        assert late.id != waiting.id
        await _sent(bot, "channel")


async def test_after_the_token_has_died_the_result_is_a_channel_message(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        _, waiting = await _held(bot, engine, prompt="a fox", count=2)
        bot.clock.advance(SIXTEEN_MINUTES_S)
        engine.gate.set()
        late = await bot.channel.message_where(has_pictures, timeout_s=QUICK_S)
        assert late.id != waiting.id
        assert f"<@{bot.ada.id}>, your pictures are ready." in late.text
        assert len(late.pictures) == 2
        await _sent(bot, "channel")
        (post,) = bot.standin.exchanges_of("POST", "/channels/*/messages")
        assert post.body["allowed_mentions"]["users"] == [bot.ada.id]
        assert post.body["enforce_nonce"] is True


async def test_a_message_that_was_deleted_meanwhile_is_replaced_by_a_channel_message(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        _, waiting = await _held(bot, engine, prompt="a fox")
        bot.standin.delete_message(waiting)
        engine.gate.set()
        late = await bot.channel.message_where(has_pictures, timeout_s=QUICK_S)
        assert late.id != waiting.id
        await _sent(bot, "channel")


@pytest.mark.parametrize("how", ["deleted", "denied"])
async def test_where_no_way_is_open_the_result_is_handed_over_at_the_next_command(
    environment: BotEnvironment, how: str
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        elsewhere = bot.standin.world.add_channel(bot.server, "elsewhere")
        await _held(bot, engine, prompt="a fox")
        bot.clock.advance(SIXTEEN_MINUTES_S)
        if how == "deleted":
            bot.standin.delete_channel(bot.channel)
        else:
            bot.standin.deny(bot.channel, "send_messages")
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        handle = await bot.ada.command(elsewhere, "queue")
        handed = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert handed.is_ephemeral
        await _sent(bot, "handed_over")
        again = await bot.ada.command(elsewhere, "queue")
        await again.message_where(lambda m: "nothing in line" in m.text, timeout_s=QUICK_S)
        assert not any(message.pictures for message in again.messages)


async def test_a_private_result_never_goes_to_the_channel(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await _held(bot, engine, prompt="a secret", private=True)
        bot.clock.advance(SIXTEEN_MINUTES_S)
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        assert bot.channel.messages == []
        other = await bot.bob.command(bot.channel, "queue")
        await other.message_where(lambda m: "nothing in line" in m.text, timeout_s=QUICK_S)
        assert not any(message.pictures for message in other.messages)
        mine = await bot.ada.command(bot.channel, "queue")
        handed = await mine.message_where(has_pictures, timeout_s=QUICK_S)
        assert handed.is_ephemeral


def _shown(bot: RunningBot) -> int:
    """Return how many messages visible to everybody show pictures."""
    return sum(bool(message.pictures) for message in bot.channel.log.values())


async def _kept_secret(bot: RunningBot, engine: ScriptedEngine) -> None:
    """Make a private result that no route can deliver."""
    await _held(bot, engine, prompt="a secret", private=True, count=2)
    bot.clock.advance(SIXTEEN_MINUTES_S)
    engine.gate.set()
    await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)


@pytest.mark.parametrize("is_done", [True, False])
async def test_a_hand_over_whose_answer_is_lost_shows_its_pictures_once(
    environment: BotEnvironment, is_done: bool
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await _kept_secret(bot, engine)
        bot.standin.hang_next_upload(0.0, is_done=is_done)
        await bot.ada.command(bot.channel, "queue")
        await _sent(bot, "handed_over")
        assert _shown(bot) == 1
        assert await bot.number("SELECT COUNT(*) FROM hand_overs") == 0
        assert await bot.number("SELECT COUNT(*) FROM posted_images") == 2


async def test_what_a_process_handed_over_just_before_its_end_is_found_by_the_next_one(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await _kept_secret(bot, engine)
        bot.standin.hang_next_upload(QUICK_S, is_done=True)
        handle = await bot.ada.command(bot.channel, "queue")
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert await bot.number("SELECT COUNT(*) FROM outbox WHERE state = 'kept'") == 1
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _sent(bot, "handed_over")
        assert _shown(bot) == 1
        assert await bot.number("SELECT COUNT(*) FROM posted_images") == 2


async def test_where_nobody_can_tell_any_more_whether_it_was_shown_it_is_shown_again(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await _kept_secret(bot, engine)
        for _ in range(2):
            bot.standin.hang_next_upload(0.0, is_done=False)
        await bot.ada.command(bot.channel, "queue")
        await bot.until("SELECT attempts FROM outbox WHERE state = 'kept'", 1)
        bot.clock.advance(SIXTEEN_MINUTES_S)  # the token of that command has expired, too
        handle = await bot.ada.command(bot.channel, "queue")
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(bot, "handed_over")


async def test_an_error_of_discord_is_tried_again(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        handle, _ = await _held(bot, engine, prompt="a fox")
        bot.standin.break_next("PATCH /webhooks/*", status=400, code=0, times=2)
        engine.gate.set()
        await bot.until("SELECT attempts FROM outbox", 1)
        bot.clock.advance(5)
        await bot.until("SELECT attempts FROM outbox", 2)
        bot.clock.advance(10)
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(bot, "reply")
        assert bot.channel.messages[-1].pictures


async def test_a_message_whose_answer_was_lost_is_not_posted_twice(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await _held(bot, engine, prompt="a fox")
        bot.clock.advance(SIXTEEN_MINUTES_S)
        bot.standin.break_next("POST /channels/*/messages", drop_answer=True, times=1)
        engine.gate.set()
        await bot.channel.message_where(has_pictures, timeout_s=QUICK_S)
        bot.clock.advance(60)
        await _sent(bot, "channel")
        assert sum(bool(message.pictures) for message in bot.channel.messages) == 1


async def test_a_file_that_has_gone_is_said_and_the_rest_is_delivered(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        handle, _ = await _held(bot, engine, prompt="a fox", count=2)
        bot.standin.break_next("PATCH /webhooks/*", status=400, code=0, times=1)
        engine.gate.set()
        await bot.until("SELECT attempts FROM outbox", 1)
        (row,) = await bot.app.container.base.database.read.all("SELECT file FROM images WHERE position = 0")
        (environment.folder / "archive" / row[0]).unlink()
        bot.clock.advance(5)
        done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert len(done.pictures) == 1
        assert "Picture 1 is no longer in the archive." in done.text
