"""The gateway: disconnections, resuming, and changes around the bot."""

import asyncio
from pathlib import Path

import aiohttp
import discord
import pytest

from kleinbot.sandbox import FakeDiscord, PersonError, connector_for
from tests.sandbox.conftest import StandInEnv


async def test_a_client_resumes_when_asked_to_reconnect(env: StandInEnv) -> None:
    await env.standin.ask_reconnect()
    await env.standin.resumed(times=1, timeout_s=5)
    handle = await env.ada.command(env.channel, "later")
    assert (await handle.message_where(bool)).text == "working"
    assert len(env.standin.identifies) == 1


async def test_what_was_missed_comes_after_resuming(env: StandInEnv) -> None:
    await env.standin.drop_gateway()
    await env.standin.offline()
    handle = await env.ada.command(env.channel, "later")
    await env.standin.resumed(times=1, timeout_s=5)
    assert (await handle.message_where(bool)).text == "working"
    assert len(env.standin.identifies) == 1


async def test_servers_and_channels_come_and_go(env: StandInEnv) -> None:
    await env.bot.wait_until_ready()
    joined, left, opened = asyncio.Event(), asyncio.Event(), asyncio.Event()
    events = {"on_guild_join": joined, "on_guild_remove": left, "on_guild_channel_create": opened}
    for name, event in events.items():
        setattr(env.bot, name, _note(event))
    server = env.standin.world.add_server("Second")
    async with asyncio.timeout(5):
        await joined.wait()
        channel = env.standin.world.add_channel(server, "new")
        await opened.wait()
        assert env.bot.get_channel(channel.id) is not None
        env.standin.delete_server(server)
        await left.wait()
    assert env.bot.get_guild(server.id) is None


def _note(event: asyncio.Event) -> object:
    async def note(*_: object) -> None:
        event.set()

    return note


async def test_permissions_taken_away_are_known_to_the_client(env: StandInEnv) -> None:
    changed = asyncio.Event()
    env.bot.on_guild_channel_update = _note(changed)  # type: ignore[attr-defined]
    env.standin.deny(env.channel, "send_messages")
    async with asyncio.timeout(5):
        await changed.wait()
    channel = env.bot.get_channel(env.channel.id)
    assert isinstance(channel, discord.TextChannel)
    assert not channel.permissions_for(channel.guild.me).send_messages


async def test_a_revoked_token_ends_the_client(standin: FakeDiscord) -> None:
    async with (
        aiohttp.ClientSession(connector=standin.connector()) as session,
        session.ws_connect("https://gateway.discord.gg/?v=10") as socket,
    ):
        hello = await socket.receive_json(timeout=5)
        assert hello["d"]["heartbeat_interval"] == 41250
        await socket.send_json({"op": 1, "d": None})
        assert (await socket.receive_json(timeout=5))["op"] == 11
        await socket.send_json({"op": 2, "d": {"token": "wrong", "intents": 1}})
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 4004


async def test_an_unknown_session_is_invalid(standin: FakeDiscord) -> None:
    async with (
        aiohttp.ClientSession(connector=standin.connector()) as session,
        session.ws_connect("https://gateway.discord.gg/") as socket,
    ):
        await socket.receive_json(timeout=5)
        await socket.send_json({"op": 6, "d": {"token": standin.token, "session_id": "none", "seq": 1}})
        assert await socket.receive_json(timeout=5) == {"op": 9, "d": False}


async def test_nobody_can_use_a_bot_that_is_not_there(standin: FakeDiscord) -> None:
    server = standin.world.add_server("Studio")
    channel = standin.world.add_channel(server, "pictures")
    ada = standin.world.add_member(server, "ada")
    standin.state.commands[None] = [
        {"id": "1", "type": 1, "name": "x", "nsfw": False, "default_member_permissions": None}
    ]
    with pytest.raises(PersonError, match="not online"):
        await ada.command(channel, "x")


async def test_shards_get_the_events_of_their_servers(standin: FakeDiscord) -> None:
    server = standin.world.add_server("Studio")
    async with aiohttp.ClientSession(connector=standin.connector()) as session:
        for shard in range(2):
            async with session.ws_connect("https://gateway.discord.gg/") as socket:
                await socket.receive_json(timeout=5)
                identify = {"token": standin.token, "intents": 1, "shard": [shard, 2]}
                await socket.send_json({"op": 2, "d": identify})
                ready = await socket.receive_json(timeout=5)
                mine = (server.id >> 22) % 2 == shard
                assert [each["id"] for each in ready["d"]["guilds"]] == [str(server.id)] * mine


async def test_another_process_needs_only_the_address(standin: FakeDiscord, tmp_path: Path) -> None:
    address = standin.address(tmp_path)
    async with discord.Client(intents=discord.Intents.none(), connector=connector_for(address)) as client:
        await client.login(standin.token)
        assert client.application_id == standin.application_id


async def test_a_sharded_client_asks_how_many_shards(standin: FakeDiscord) -> None:
    standin.world.add_server("Studio")
    client = discord.AutoShardedClient(intents=discord.Intents(guilds=True), connector=standin.connector())
    running = asyncio.create_task(client.start(standin.token))
    try:
        await standin.online(timeout_s=5)
        assert [each["shard"] for each in standin.identifies] == [[0, 1]]
        assert standin.exchanges_of("GET", "/gateway/bot")
    finally:
        await client.close()
        await running


def media_of(message: discord.Message) -> list[str]:
    """Return the URLs that a gallery within a container shows."""
    (container,) = message.components
    assert isinstance(container, discord.Container)
    galleries = [each for each in container.children if isinstance(each, discord.MediaGalleryComponent)]
    return [item.media.url for each in galleries for item in each.items]


async def test_file_addresses_expire(env: StandInEnv) -> None:
    handle = await env.ada.command(env.channel, "show")
    done = await handle.message_where(lambda each: each.gallery)
    url = done.gallery[0].url
    assert await env.bot.http.get_from_cdn(url) == done.gallery[0].data
    with pytest.raises(discord.NotFound):
        await env.bot.http.get_from_cdn(url.replace("hm=", "hm=0"))
    env.clock.advance(25 * 3600)
    with pytest.raises(discord.NotFound):
        await env.bot.http.get_from_cdn(url)
    channel = env.bot.get_channel(env.channel.id)
    assert isinstance(channel, discord.TextChannel)
    renewed = await channel.fetch_message(done.id)
    url = media_of(renewed)[0]
    assert await env.bot.http.get_from_cdn(url) == done.gallery[0].data
    assert [each.id async for each in channel.history(limit=5)] == [done.id]
