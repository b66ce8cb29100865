"""Threads: a job is asked for and told there, also where the thread is closed before the picture is ready."""

from kleinbot.sandbox import InteractionHandle
from tests.e2e.house import WAIT_S, House, Stage, has_pictures
from tests.e2e.pictures import result, said
from tests.scripted_engine import ScriptedEngine


async def _waiting(house: House, handle: InteractionHandle) -> None:
    await handle.acknowledged(timeout_s=WAIT_S)
    await house.until("SELECT COUNT(*) FROM images WHERE state = 'running'", 1)


async def test_a_thread_is_drawn_in_like_a_channel(stage: Stage) -> None:
    thread = stage.standin.world.add_thread(stage.channel, "foxes", stage.ada)
    private = stage.standin.world.add_thread(stage.channel, "secret", stage.ada, private=True)
    async with stage.house(ScriptedEngine()) as house:
        for place in (thread, private):
            drawn = await result(await house.ada.command(place, "imagine", prompt="a red fox"))
            assert drawn.channel is place
            again = await house.ada.press(drawn, label="Reroll")
            assert (await result(again)).channel is place


async def test_a_result_reopens_a_thread_that_was_archived_meanwhile(stage: Stage) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    thread = stage.standin.world.add_thread(stage.channel, "foxes", stage.ada)
    async with stage.house(engine) as house:
        handle = await house.ada.command(thread, "imagine", prompt="a red fox")
        await _waiting(house, handle)
        stage.standin.world.set_thread(thread, archived=True)
        engine.gate.set()
        told = await thread.message_where(has_pictures, timeout_s=WAIT_S)
        assert told is not handle.response, "the first response cannot be edited in the archive"
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent' AND refused = 0", 1)
        assert thread.thread is not None
        assert not thread.thread.is_archived
        assert await house.number("SELECT COUNT(*) FROM ledger WHERE kind = 'settle'") == 1


async def test_a_result_for_a_locked_thread_waits_for_its_members_next_command(stage: Stage) -> None:
    engine = ScriptedEngine()
    engine.gate.clear()
    thread = stage.standin.world.add_thread(stage.channel, "foxes", stage.ada)
    async with stage.house(engine) as house:
        await _waiting(house, await house.ada.command(thread, "imagine", prompt="a red fox"))
        stage.standin.world.set_thread(thread, archived=True, locked=True)
        engine.gate.set()
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        assert [each for each in thread.messages if each.pictures] == []
        next_command = await house.ada.command(house.channel, "quota")
        assert (await result(next_command)).is_ephemeral
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)


async def test_a_command_in_a_locked_thread_leaves_no_error_behind(stage: Stage) -> None:
    thread = stage.standin.world.add_thread(stage.channel, "foxes", stage.ada)
    stage.standin.world.set_thread(thread, archived=True, locked=True)
    async with stage.house(ScriptedEngine()) as house:
        await house.ada.command(thread, "quota")
        await house.ada.command(thread, "imagine", prompt="a red fox")
        # The job was accepted before Discord refused the answer: it is paid, drawn and kept.
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'kept'", 1)
        assert (await result(await house.ada.command(house.channel, "quota"))).is_ephemeral


async def test_a_deleted_picture_goes_also_from_a_thread_that_was_archived(stage: Stage) -> None:
    thread = stage.standin.world.add_thread(stage.channel, "foxes", stage.ada)
    async with stage.house(ScriptedEngine()) as house:
        drawn = await result(await house.ada.command(thread, "imagine", prompt="a red fox"))
        await house.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
        stage.standin.break_next("DELETE /channels/*", status=400)
        asked = await said(await house.ada.press(drawn, label="Delete"), "for good?")
        await said(await house.ada.press(asked, label="Delete for good"), "is deleted.")
        await stage.standin.exchange_where(lambda each: each.method == "DELETE", timeout_s=WAIT_S)
        stage.standin.world.set_thread(thread, archived=True)
        await house.until("SELECT COUNT(*) FROM removals WHERE attempts = 1", 1)
        house.clock.advance(10)
        await house.until("SELECT COUNT(*) FROM removals", 0)
        assert drawn.is_deleted
