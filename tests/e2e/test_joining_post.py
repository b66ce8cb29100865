"""The bot introduces itself in a server that invites it: once, where members write, whatever breaks."""

import sqlite3
from contextlib import closing

import pytest

from kleinbot.sandbox import Channel, Guild
from tests.e2e.pictures import said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

HELLO = "**Hello, I am kleinbot.**"
QUICK_S = 10.0


@pytest.fixture(autouse=True)
def soon_ready(environment: BotEnvironment) -> None:
    environment.ready_after_s = 0.1


def _greets(channel: Channel) -> int:
    return sum("I am kleinbot" in each.text or "ich bin kleinbot" in each.text for each in channel.messages)


def _server(environment: BotEnvironment, name: str, *channels: str, locale: str = "en-US") -> Guild:
    """Return a server that has yet to invite the bot; the last of its channels is the system channel."""
    world = environment.standin.world
    server = world.add_server(name, locale=locale, invites=False)
    for channel in channels:
        world.set_system_channel(server, world.add_channel(server, channel))
    return server


def _channel(server: Guild, name: str) -> Channel:
    return next(each for each in server.channels.values() if each.name == name)


async def _settled(bot: RunningBot, number: int) -> None:
    await bot.until("SELECT COUNT(*) FROM joining_posts WHERE state != 'posting'", number)


async def test_one_post_in_the_system_channel_in_the_servers_language(environment: BotEnvironment) -> None:
    world, german = environment.standin.world, _server(environment, "Haus", "regeln", "plausch", locale="de")
    async with environment.running_bot(ScriptedEngine(), joining_post=True) as bot:
        here = await bot.channel.message_where(lambda m: HELLO in m.text, timeout_s=QUICK_S)
        assert "Try it here: `/imagine prompt: a red circle`" in here.text
        assert "Everybody may draw 60 pictures in 24 hours" in here.text
        world.invite(german)
        there = await _channel(german, "plausch").message_where(bool, timeout_s=QUICK_S)
        assert "**Hallo, ich bin kleinbot.**" in there.text
        assert [button.label for button in there.buttons] == ["Einrichten"]
        assert _greets(_channel(german, "regeln")) == 0
        await _settled(bot, 2)
    environment.standin.misbehaviour.servers_unavailable = True
    async with environment.running_bot(ScriptedEngine(), joining_post=True) as bot:
        environment.standin.servers_arrive()
        world.remove_server(german)
        world.invite(german)
        late = _server(environment, "Late", "general")
        world.invite(late)
        await _channel(late, "general").message_where(lambda m: HELLO in m.text, timeout_s=QUICK_S)
        assert (_greets(bot.channel), _greets(_channel(german, "plausch"))) == (1, 1)


async def test_where_it_may_not_write_it_says_so_to_an_admin_once(environment: BotEnvironment) -> None:
    world = environment.standin.world
    other, silent = _server(environment, "Other", "open", "closed"), _server(environment, "Silent", "closed")
    root = world.add_member(silent, "root", permissions=("administrator",))
    for server in (other, silent):
        world.deny(_channel(server, "closed"), "send_messages")
        world.invite(server)
    async with environment.running_bot(ScriptedEngine(), joining_post=True) as bot:
        await _channel(other, "open").message_where(lambda m: HELLO in m.text, timeout_s=QUICK_S)
        await _settled(bot, 3)
        closed = _channel(silent, "closed")
        asked = await root.command(closed, "admin doctor")
        await said_alone(asked, "In <#")
        await said_alone(asked, "so I have not introduced myself")
        await bot.until("SELECT COUNT(*) FROM notices_read", 1)
        again = await root.command(closed, "admin doctor")
        await said_alone(again, "I may not: **Send Messages**")
        third = await root.command(closed, "admin doctor")
        await said_alone(third, "I may not")
        assert [len(each.interaction.messages) for each in (asked, again)] == [2, 1]
        assert closed.messages == []


async def test_a_process_that_ended_while_it_posted_posts_no_second_time(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine(), joining_post=True) as bot:
        await bot.channel.message_where(lambda m: HELLO in m.text, timeout_s=QUICK_S)
        await _settled(bot, 1)
    # As if the process had been killed between Discord's answer and its transaction.
    with closing(sqlite3.connect(environment.folder / "kleinbot.sqlite3")) as connection, connection:
        connection.execute("UPDATE joining_posts SET state = 'posting'")
    environment.clock.advance(3600)  # Discord has forgotten the nonce
    async with environment.running_bot(ScriptedEngine(), joining_post=True) as bot:
        await _settled(bot, 1)
        assert _greets(bot.channel) == 1


async def test_servers_that_knew_the_bot_before_get_no_post(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()):
        pass
    # A database of the version before, which had been online: in "Quiet" nobody had used the bot.
    environment.standin.world.add_channel(environment.standin.world.add_server("Quiet"), "general")
    with closing(sqlite3.connect(environment.folder / "kleinbot.sqlite3")) as connection, connection:
        connection.execute("INSERT INTO facts VALUES ('joining_posts', 'after-next-session')")
    async with environment.running_bot(ScriptedEngine(), joining_post=True) as bot:
        await _settled(bot, 2)
        new = _server(environment, "New", "general")
        environment.standin.world.invite(new)
        await _channel(new, "general").message_where(lambda m: HELLO in m.text, timeout_s=QUICK_S)
        for server in environment.standin.world.servers:
            assert sum(map(_greets, server.channels.values())) == (server is new)


async def test_a_server_that_is_not_served_gets_none(environment: BotEnvironment) -> None:
    other = _server(environment, "Other", "general")
    environment.standin.world.invite(other)
    served = (environment.server.id,)
    async with environment.running_bot(ScriptedEngine(), joining_post=True, allowed_servers=served) as bot:
        await bot.channel.message_where(lambda m: HELLO in m.text, timeout_s=QUICK_S)
        await _settled(bot, 1)
        assert _greets(_channel(other, "general")) == 0
