"""The owner stops serving a server, and leaves lines that admins read: through the real client."""

import asyncio
import gc

import pytest

from kleinbot.sandbox import Person
from tests.e2e.pictures import said, said_alone
from tests.e2e.running_bot import BotEnvironment, has_pictures
from tests.scripted_engine import ScriptedEngine

BANNED = "does not serve this server any more"
ONLY_THE_HOST = "Only the host of the bot can do that."


@pytest.fixture
def host(environment: BotEnvironment) -> Person:
    owner = environment.standin.world.owner
    return environment.standin.world.add_member(environment.server, owner.name, permissions=("manage_guild",))


async def test_a_banned_servers_jobs_end_and_it_is_answered_with_one_sentence(
    environment: BotEnvironment, host: Person
) -> None:
    world = environment.standin.world
    other = world.add_server("Other")
    place = world.add_channel(other, "place")
    carl = world.add_member(other, "carl")
    root = world.add_member(other, "root", permissions=("administrator",))
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        made = await carl.command(place, "imagine", prompt="a cat")
        shown = await made.message_where(has_pictures)
        engine.gate.clear()
        engine.started.clear()
        running = await carl.command(place, "imagine", prompt="a fox")
        await engine.started.wait()
        waiting = await carl.command(place, "imagine", prompt="a fox", count=4)
        elsewhere = await bot.ada.command(bot.channel, "imagine", prompt="a fox")
        for handle in (waiting, elsewhere):
            await handle.message_where(lambda m: bool(m.buttons))
        banned = await host.command(bot.channel, "host ban", server="Other", reason="too *loud*")
        await said_alone(banned, "**Other** is not served any more")
        for handle in (running, waiting):
            await said(handle, BANNED)
        engine.gate.set()
        await elsewhere.message_where(has_pictures)
        refunded = "SELECT SUM(amount_tenths) FROM ledger WHERE kind = 'refund'"
        assert await bot.number(refunded) == 50
        await said_alone(await carl.command(place, "imagine", prompt="a fox"), BANNED)
        await said_alone(await carl.press(shown, label="Reroll"), BANNED)
        await said_alone(await root.command(place, "admin setup"), BANNED)
        # What concerns their own data, members keep.
        await said_alone(await carl.command(place, "privacy policy"), "What I hold about you")
        await said_alone(await carl.command(place, "settings"), "pictures")
        menu = await carl.menu(shown, "Remove what was made from it")
        await said_alone(menu, "Nobody else has made anything")
        asked = await carl.command(place, "privacy delete")
        question = await said_alone(asked, "Delete everything that I hold about you")
        await said_alone(await carl.press(question, label="Keep everything"), "Nothing was deleted.")
        listed = await said_alone(await host.command(bot.channel, "host servers"), "**Other**")
        assert "· **banned** too \\*loud\\*" in listed.text
        again = await host.command(bot.channel, "host ban", server=str(other.id))
        await said_alone(again, "That server is banned already")
    async with environment.running_bot(engine) as bot:
        await said_alone(await carl.command(place, "queue"), BANNED)
        world.add_member(other, host.name, permissions=("manage_guild",))
        lifted = await host.command(place, "host unban", server=str(other.id))
        await said_alone(lifted, "**Other** is served again.")
        drawn = await carl.command(place, "imagine", prompt="a fox")
        await drawn.message_where(has_pictures)
        history = await said_alone(await root.command(place, "admin quota history"), "host stopped serving")
        assert "loud" not in history.text


async def _failing() -> None:
    raise RuntimeError("closed")


async def test_each_admin_reads_the_owners_line_once(environment: BotEnvironment, host: Person) -> None:
    world = environment.standin.world
    other = world.add_server("Other")
    place = world.add_channel(other, "place")
    there = world.add_member(other, "there", permissions=("manage_guild",))
    root = world.add_member(environment.server, "root", permissions=("manage_guild",))
    async with environment.running_bot(ScriptedEngine()) as bot:
        for_one = await host.command(
            bot.channel, "host line", text="Please draw less\nat night.", server="Other"
        )
        await said_alone(for_one, "Every admin of **Other** reads this once")
        for_all = await host.command(bot.channel, "host line", text="New card on Monday.")
        await said_alone(for_all, "Every admin of every server reads this once")
        # Two commands at once: the second comes before it is recorded that the first has shown the lines.
        async with bot.app.container.base.database.transaction():
            first = await there.command(place, "admin doctor")
            read = await said_alone(first, "**From this bot's host:** Please draw less at night.")
            meanwhile = await there.command(place, "admin doctor")
            await meanwhile.message_where(lambda m: bool(m.text), timeout_s=10)
        assert "**From this bot's host:** New card on Monday." in read.text
        await bot.until("SELECT COUNT(*) FROM notices_read", 2)
        handles = [
            await there.command(place, "admin doctor"),
            await root.command(bot.channel, "admin doctor"),
        ]
        only = await said_alone(handles[1], "New card on Monday.")
        assert "at night" not in only.text
        await bot.until("SELECT COUNT(*) FROM notices_read", 3)
        await said_alone(await host.command(bot.channel, "host line"), "for all servers is taken back")
        assert len(handles[0].interaction.messages) == 1
        assert len(meanwhile.interaction.messages) == 1
        nothing = await host.command(bot.channel, "host line")
        await said_alone(nothing, "There is no line to take back")
    # A session that begins while the bot ends starts nothing that its closed database would fail.
    unheard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    bot.app.container.discord.client._begin(_failing())
    await asyncio.sleep(0)
    gc.collect()
    assert unheard == []


async def test_nobody_but_the_owner(environment: BotEnvironment) -> None:
    root = environment.standin.world.add_member(environment.server, "root", permissions=("administrator",))
    environment.standin.world.add_server("Other")
    async with environment.running_bot(ScriptedEngine()) as bot:
        refused = await asyncio.gather(
            root.command(bot.channel, "host ban", server="Other"),
            root.command(bot.channel, "host ban", server="no such server"),
            root.command(bot.channel, "host unban", server="Other"),
            root.command(bot.channel, "host share", server="no such server", share=2.0),
            root.command(bot.channel, "host line", text="hello"),
        )
        for handle in refused:
            await said_alone(handle, ONLY_THE_HOST)
        assert await bot.number("SELECT COUNT(*) FROM audit") == 0
        assert await root.autocomplete(bot.channel, "host ban", "server", "") == []
