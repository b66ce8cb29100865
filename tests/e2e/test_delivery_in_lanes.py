"""A result that cannot be read, sent or handed over delays nobody else's, and its attempts end."""

import pytest

from kleinbot.sandbox import ShownMessage
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 15.0
SIXTEEN_MINUTES_S = 16 * 60


def _unreadable(environment: BotEnvironment, file: str) -> None:
    """Make reading ``file`` fail with an operating system error, such as EIO or EACCES."""
    path = environment.folder / "archive" / file
    path.unlink()
    path.mkdir()


async def _files(bot: RunningBot) -> list[str]:
    rows = await bot.app.container.base.database.read.all(
        "SELECT file FROM images JOIN jobs USING (job_id) ORDER BY number, position"
    )
    return [row[0] for row in rows]


async def _kept(bot: RunningBot) -> None:
    """Return every result to the undelivered state: delivered messages are stored for their member again."""
    async with bot.app.container.base.database.transaction() as transaction:
        await transaction.change("UPDATE outbox SET state = 'kept', attempts = 0")
        await transaction.change("DELETE FROM posted_images")


async def _sent(bot: RunningBot, count: int) -> None:
    await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", count)


async def test_of_four_pictures_the_three_readable_ones_arrive_and_the_fourth_is_reported(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox", count=4)
        await engine.started.wait()
        bot.standin.break_next("PATCH /webhooks/*", status=400, code=0, times=1)
        engine.gate.set()
        await bot.until("SELECT attempts FROM outbox", 1)
        _unreadable(environment, (await _files(bot))[1])
        bot.clock.advance(5)
        done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert len(done.pictures) == 3
        assert "Picture 2 could not be read from the archive just now. Nothing is lost by that:" in done.text
        assert "try /show #1 later." in done.text
        await _sent(bot, 1)


async def test_a_kept_result_that_cannot_be_read_does_not_block_the_next_one(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        for count in (1, 2):
            await bot.ada.command(bot.channel, "imagine", prompt=f"fox {count}")
            await _sent(bot, count)
        _unreadable(environment, (await _files(bot))[0])
        await _kept(bot)
        handle = await bot.ada.command(bot.channel, "queue")
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await handle.message_where(lambda m: "Picture 1 could not be read" in m.text, timeout_s=QUICK_S)
        await _sent(bot, 2)
        listed = await bot.ada.command(bot.channel, "history")
        page = await listed.message_where(lambda m: "fox 2" in m.text, timeout_s=QUICK_S)
        assert "fox 1" in page.text
        assert len(page.pictures) == 1


async def test_a_kept_result_that_discord_refuses_comes_last_at_the_next_command(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        for count in range(1, 5):
            await bot.ada.command(bot.channel, "imagine", prompt=f"fox {count}")
            await _sent(bot, count)
        await _kept(bot)
        bot.standin.break_next("POST /webhooks/*", status=400, code=0, times=3)
        await bot.ada.command(bot.channel, "queue")
        await bot.until("SELECT SUM(attempts) FROM outbox WHERE state = 'kept'", 3)
        handle = await bot.ada.command(bot.channel, "queue")
        await handle.message_where(lambda m: "fox 4" in m.text and bool(m.pictures), timeout_s=QUICK_S)
        await _sent(bot, 3)
        await bot.ada.command(bot.channel, "queue")
        await _sent(bot, 4)


@pytest.mark.parametrize("status", [400, 503])
async def test_what_discord_never_takes_is_kept_after_a_while_and_handed_over(
    environment: BotEnvironment, status: int
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await engine.started.wait()
        bot.standin.break_next("POST /channels/*/messages", status=status, code=0, times=10_000)
        async with (
            bot.app.container.base.database.transaction() as transaction
        ):  # as after an hour of attempts
            await transaction.change(
                "CREATE TRIGGER old AFTER INSERT ON outbox BEGIN"
                " UPDATE outbox SET refused = ? WHERE outbox_id = NEW.outbox_id; END".replace(
                    "?", "20" if status == 503 else "5"
                )
            )
        bot.clock.advance(SIXTEEN_MINUTES_S)
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        assert await bot.number("SELECT -SUM(amount_tenths) FROM ledger") == 10
        handle = await bot.ada.command(bot.channel, "queue")
        handed = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert "This could not be delivered earlier:" in handed.text
        assert await bot.number("SELECT -SUM(amount_tenths) FROM ledger") == 10


async def test_hanging_uploads_of_one_channel_hold_up_no_other(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        elsewhere = bot.standin.world.add_channel(bot.server, "elsewhere")
        hanging = [await bot.ada.command(bot.channel, "imagine", prompt=f"slow {i}") for i in range(4)]
        for handle in hanging:
            await handle.acknowledged(timeout_s=QUICK_S)
        await engine.started.wait()
        # The client waits as long as the rate limit says, like on a connection that accepts no bytes any
        # more.
        bot.standin.break_next("PATCH /webhooks/*", status=429, retry_after_s=3600.0, times=4)
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox", 4)
        for _ in range(4):
            await bot.standin.exchange_where(lambda exchange: exchange.status == 429, timeout_s=QUICK_S)
        quick = await bot.bob.command(elsewhere, "imagine", prompt="quick")
        await quick.message_where(has_pictures, timeout_s=QUICK_S)
        same = await bot.bob.command(bot.channel, "imagine", prompt="same channel")
        await bot.until("SELECT COUNT(*) FROM outbox", 6)
        bot.clock.advance(6)  # the four are slow from here on
        await same.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(bot, 2)
        bot.clock.advance(181)
        await bot.until("SELECT SUM(attempts) FROM outbox", 4)


async def test_an_attempt_that_never_ends_is_cut_off_and_made_again(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="slow")
        await engine.started.wait()
        bot.standin.break_next("PATCH /webhooks/*", status=429, retry_after_s=3600.0, times=1)
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox", 1)
        await bot.standin.exchange_where(lambda exchange: exchange.status == 429, timeout_s=QUICK_S)
        bot.clock.advance(181)
        await bot.until("SELECT attempts FROM outbox", 1)
        assert await bot.number("SELECT refused FROM outbox") == 0
        bot.clock.advance(2)
        await handle.message_where(has_pictures, timeout_s=QUICK_S)
        await _sent(bot, 1)


async def test_a_message_with_what_was_deleted_meanwhile_goes_at_once(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await engine.started.wait()

        def gone(message: ShownMessage) -> bool:
            return message.id not in {each.id for each in bot.channel.messages}

        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change(
                "CREATE TRIGGER deleted AFTER INSERT ON outbox BEGIN"
                " UPDATE jobs SET deleted_ms = 1, deleted_by = 1 WHERE job_id = NEW.job_id; END"
            )
        engine.gate.set()
        done = await handle.message_where(lambda m: bool(m.text), timeout_s=QUICK_S)
        await _sent(bot, 1)
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        await bot.standin.exchange_where(
            lambda exchange: exchange.method == "DELETE" and exchange.path.endswith(f"/{done.id}"),
            timeout_s=QUICK_S,
        )
        assert gone(done)
