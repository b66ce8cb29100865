"""/host through the real client: only for the application's owner."""

import asyncio

import pytest

from kleinbot.sandbox import Person
from tests.e2e.pictures import said_alone
from tests.e2e.running_bot import BotEnvironment, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0


def _host(environment: BotEnvironment) -> Person:
    owner = environment.standin.world.owner
    return environment.standin.world.add_member(environment.server, owner.name, permissions=("manage_guild",))


@pytest.mark.parametrize(
    ("command", "values"),
    [
        ("servers", {}),
        ("share", {"server": "1", "share": 2}),
        ("queue pause", {}),
        ("queue resume", {}),
        ("queue drain", {}),
        ("status", {}),
    ],
)
async def test_not_even_a_servers_admin_is_the_owner(
    environment: BotEnvironment, command: str, values: dict[str, object]
) -> None:
    root = environment.standin.world.add_member(environment.server, "root", permissions=("administrator",))
    async with environment.running_bot(ScriptedEngine()) as bot:
        handle = await root.command_with(bot.channel, f"host {command}", values)
        await said_alone(handle, "Only the host of the bot can do that.")
        assert await bot.number("SELECT COUNT(*) FROM audit") == 0
        choices = await root.autocomplete(bot.channel, "host share", "server", "", timeout_s=QUICK_S)
        assert choices == []


async def test_a_pause_holds_the_work_says_so_and_survives_a_restart(environment: BotEnvironment) -> None:
    host = _host(environment)
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await said_alone(await host.command(bot.channel, "host queue pause"), "Paused.")
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await handle.message_where(lambda m: "has paused the drawing" in m.text, timeout_s=QUICK_S)
        assert engine.batches == []
    async with environment.running_bot(engine) as bot:
        status = await said_alone(await host.command(bot.channel, "host status"), "paused")
        assert "1 picture waiting, 0 being drawn" in status.text
        assert engine.batches == []
        await said_alone(await host.command(bot.channel, "host queue resume"), "Working as usual again.")
        await bot.until("SELECT COUNT(*) FROM images WHERE state = 'done'", 1)
        assert await bot.number("SELECT COUNT(*) FROM audit WHERE server_id IS NULL") == 2


async def test_a_running_picture_is_finished_when_the_owner_pauses(environment: BotEnvironment) -> None:
    host = _host(environment)
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await engine.started.wait()
        await said_alone(await host.command(bot.channel, "host queue pause"), "Paused.")
        engine.gate.set()
        await handle.message_where(has_pictures, timeout_s=QUICK_S)


async def test_draining_finishes_the_queue_and_accepts_nothing_new(environment: BotEnvironment) -> None:
    host = _host(environment)
    engine = ScriptedEngine()
    engine.gate.clear()
    async with environment.running_bot(engine) as bot:
        waiting = [await bot.ada.command(bot.channel, "imagine", prompt=f"fox {i}") for i in range(2)]
        for handle in waiting:
            await handle.acknowledged(timeout_s=QUICK_S)
        await said_alone(await host.command(bot.channel, "host queue drain"), "I finish what is in line")
        refused = await bot.bob.command(bot.channel, "imagine", prompt="a cat")
        await said_alone(refused, "takes no new work for now")
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 2
        engine.gate.set()
        await asyncio.gather(*(handle.message_where(has_pictures, timeout_s=QUICK_S) for handle in waiting))
        await said_alone(await host.command(bot.channel, "host queue resume"), "Working as usual")
        again = await bot.bob.command(bot.channel, "imagine", prompt="a cat")
        await again.message_where(has_pictures, timeout_s=QUICK_S)


async def test_the_owner_sees_every_server_and_shares_out_the_gpu(environment: BotEnvironment) -> None:
    host = _host(environment)
    other = environment.standin.world.add_server("Other *place*")
    async with environment.running_bot(ScriptedEngine()) as bot:
        drawn = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        await drawn.message_where(has_pictures, timeout_s=QUICK_S)
        listed = await said_alone(await host.command(bot.channel, "host servers"), "Servers, the busiest")
        assert "**Studio** · 1 picture · 0 jobs in line · share 1 · at most 600" in listed.text
        assert "**Other \\*place\\*** · 0 pictures" in listed.text
        choices = await host.autocomplete(bot.channel, "host share", "server", "other", timeout_s=QUICK_S)
        assert [choice.name for choice in choices] == [f"Other *place* ({other.id})"]
        shared = await host.command(bot.channel, "host share", server=choices[0].value, share=0.5, most=20)
        await said_alone(shared, "share 0.5 · at most 20")
        named = await host.command(bot.channel, "host share", server="other *PLACE*", share=0.5)
        await said_alone(named, "share 0.5 · at most 20")
        environment.standin.world.add_server("Studio")
        twice = await host.command(bot.channel, "host share", server="Studio", share=3)
        await said_alone(twice, "I know no such server.")
        unknown = await host.command(bot.channel, "host share", server="12345", share=2)
        await said_alone(unknown, "I know no such server.")
        assert await bot.number("SELECT COUNT(*) FROM audit") == 2
        assert await bot.number(f"SELECT share * 10 FROM servers WHERE server_id = {other.id}") == 5


async def test_the_owners_limit_bounds_an_admin_at_once(environment: BotEnvironment) -> None:
    host = _host(environment)
    async with environment.running_bot(ScriptedEngine()) as bot:
        shared = await host.command(bot.channel, "host share", server=str(bot.server.id), most=5)
        await said_alone(shared, "at most 5")
        shown = await said_alone(await bot.ada.command(bot.channel, "quota"), "You have 5 of")
        assert "the bot's host allows one member of this server at most 5 in 24 hours" in shown.text
        handle = await host.command(bot.channel, "admin quota set", member=bot.ada, pictures=6)
        await said_alone(handle, "more than the bot's host allows")


async def test_status_says_how_the_bot_is(environment: BotEnvironment) -> None:
    host = _host(environment)
    async with environment.running_bot(ScriptedEngine()) as bot:
        told = await said_alone(await host.command(bot.channel, "host status"), "Engine: ready")
        assert "profile" in told.text
        assert "Line: 0 pictures waiting, 0 being drawn" in told.text
        assert "GiB free" in told.text
        assert "Event loop:" in told.text


async def test_an_old_button_does_nothing_where_the_bot_is_shut_out_now(environment: BotEnvironment) -> None:
    host = _host(environment)
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        await said_alone(await host.command(bot.channel, "host queue pause"), "Paused.")
        handle = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        waiting = await handle.message_where(lambda m: bool(m.buttons), timeout_s=QUICK_S)
    async with environment.running_bot(engine, allowed_servers=(1,)) as bot:
        pressed = await bot.ada.press(waiting, label="Cancel")
        await said_alone(pressed, "My host has not opened me for this server.")
        assert await bot.number("SELECT COUNT(*) FROM jobs WHERE state = 'queued'") == 1
