"""Threads: a job is requested and delivered there, also if the thread is archived before it ends."""

from kleinbot.sandbox import InteractionHandle
from tests.e2e.pictures import chosen_in_more, result, said
from tests.e2e.running_bot import WAIT_S, BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine


async def _waiting(bot: RunningBot, handle: InteractionHandle) -> None:
    await handle.acknowledged(timeout_s=WAIT_S)
    await bot.until("SELECT COUNT(*) FROM images WHERE state = 'running'", 1)


async def test_a_thread_is_drawn_in_like_a_channel(environment: BotEnvironment) -> None:
    thread = environment.standin.world.add_thread(environment.channel, "foxes", environment.ada)
    private = environment.standin.world.add_thread(
        environment.channel, "secret", environment.ada, private=True
    )
    async with environment.running_bot(ScriptedEngine()) as bot:
        for place in (thread, private):
            drawn = await result(await bot.ada.command(place, "imagine", prompt="a red fox"))
            assert drawn.channel is place
            again = await bot.ada.press(drawn, label="Reroll")
            assert (await result(again)).channel is place


async def test_a_result_reopens_a_thread_that_was_archived_meanwhile(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    thread = environment.standin.world.add_thread(environment.channel, "foxes", environment.ada)
    async with environment.running_bot(engine) as bot:
        handle = await bot.ada.command(thread, "imagine", prompt="a red fox")
        await _waiting(bot, handle)
        environment.standin.world.set_thread(thread, archived=True)
        engine.gate.set()
        told = await thread.message_where(has_pictures, timeout_s=WAIT_S)
        assert told is not handle.response, "the first response cannot be edited in the archive"
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND refused = 0", 1)
        assert thread.thread is not None
        assert not thread.thread.is_archived
        assert await bot.number("SELECT COUNT(*) FROM ledger WHERE kind = 'settle'") == 1


async def test_a_result_for_a_locked_thread_waits_for_its_members_next_command(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    thread = environment.standin.world.add_thread(environment.channel, "foxes", environment.ada)
    async with environment.running_bot(engine) as bot:
        await _waiting(bot, await bot.ada.command(thread, "imagine", prompt="a red fox"))
        environment.standin.world.set_thread(thread, archived=True, locked=True)
        engine.gate.set()
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        assert [each for each in thread.messages if each.pictures] == []
        next_command = await bot.ada.command(bot.channel, "quota")
        assert (await result(next_command)).is_ephemeral
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)


async def test_a_command_in_a_locked_thread_leaves_no_error_behind(environment: BotEnvironment) -> None:
    thread = environment.standin.world.add_thread(environment.channel, "foxes", environment.ada)
    environment.standin.world.set_thread(thread, archived=True, locked=True)
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.ada.command(thread, "quota")
        await bot.ada.command(thread, "imagine", prompt="a red fox")
        # The job was accepted before Discord refused the answer: it is paid, drawn and stored.
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        assert (await result(await bot.ada.command(bot.channel, "quota"))).is_ephemeral


async def test_a_deleted_picture_goes_also_from_a_thread_that_was_archived(
    environment: BotEnvironment,
) -> None:
    thread = environment.standin.world.add_thread(environment.channel, "foxes", environment.ada)
    async with environment.running_bot(ScriptedEngine()) as bot:
        drawn = await result(await bot.ada.command(thread, "imagine", prompt="a red fox"))
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
        environment.standin.break_next("DELETE /channels/*", status=400)
        asked = await chosen_in_more(bot.ada, drawn, "Delete", "for good?")
        await said(await bot.ada.press(asked, label="Delete for good"), "is deleted.")
        await environment.standin.exchange_where(lambda each: each.method == "DELETE", timeout_s=WAIT_S)
        environment.standin.world.set_thread(thread, archived=True)
        await bot.until("SELECT COUNT(*) FROM removals WHERE attempts = 1", 1)
        bot.clock.advance(10)
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert drawn.is_deleted
