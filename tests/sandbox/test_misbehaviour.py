"""Discord's possible misbehaviour, on the stand-in, with the real client."""

import asyncio
import json
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import Route

from kleinbot.sandbox import FakeDiscord
from tests.sandbox.conftest import StandInEnv
from tests.sandbox.test_refusals import refused


async def send(env: StandInEnv, text: str) -> discord.Message:
    return await env.bot.get_partial_messageable(env.channel.id).send(text)


async def statuses(env: StandInEnv) -> list[int]:
    return [each.status for each in env.standin.exchanges_of("POST", "/channels/*/messages")]


async def test_a_routes_bucket_is_told_in_headers_that_the_client_keeps_to(
    env: StandInEnv,
) -> None:
    env.standin.rate_limit("POST /channels/*/messages", 2, 0.2)
    for number in range(5):
        await send(env, str(number))
    assert await statuses(env) == [200] * 5  # it waits by itself, before Discord has to tell it to


async def test_a_limit_that_others_have_used_up_is_told_as_shared(env: StandInEnv) -> None:
    env.standin.rate_limit("POST /channels/*/messages", 1, 0.1, scope="shared")
    await asyncio.gather(*(send(env, str(number)) for number in range(3)))
    assert (await statuses(env)).count(200) == 3


async def test_the_global_limit_stops_everything_but_interactions(env: StandInEnv) -> None:
    env.standin.limits.global_per_s = 1
    await asyncio.gather(*(send(env, str(number)) for number in range(2)))
    limited = [each.answer for each in env.standin.exchanges if each.status == 429]
    assert all(each["global"] for each in limited)
    handle = await env.ada.command(env.channel, "show")
    await handle.acknowledged()


async def test_too_many_invalid_requests_are_a_ban_by_a_page(env: StandInEnv) -> None:
    env.standin.limits.invalid_requests = 3
    env.standin.deny(env.channel, "send_messages")
    for _ in range(3):
        assert await refused(send(env, "x")) == (403, 50013)
    assert await refused(send(env, "x")) == (429, 0)
    env.standin.allow(env.channel, "send_messages")
    env.clock.advance(601)
    await send(env, "again")


async def test_lists_and_nonces_have_their_bounds(env: StandInEnv) -> None:
    route = Route("GET", "/channels/{channel_id}/messages", channel_id=env.channel.id)
    for limit in ("0", "101", "x"):
        assert await refused(env.bot.http.request(route, params={"limit": limit})) == (400, 50035)
    channel = env.bot.get_partial_messageable(env.channel.id)
    await channel.send("x", nonce="n" * 25)
    assert await refused(channel.send("x", nonce="n" * 26)) == (400, 50035)


async def test_new_commands_are_bounded_in_a_day(env: StandInEnv) -> None:
    env.standin.limits.created_commands_a_day = len(env.bot.tree.get_commands())
    await env.bot.tree.sync()  # known commands do not count as new
    env.bot.tree.remove_command("act")
    await env.bot.tree.sync()
    again = env.bot.tree.command(name="other", description="x")

    @again
    async def other(interaction: discord.Interaction) -> None:
        del interaction

    env.standin.limits.created_commands_a_day = 0
    with pytest.raises(discord.HTTPException) as caught:
        await env.bot.tree.sync()
    assert caught.value.code == 30034


async def test_the_newest_messages_may_not_be_listed_yet(env: StandInEnv) -> None:
    for number in range(3):
        await send(env, str(number))
    env.standin.misbehaviour.unlisted_messages = 2
    channel = env.bot.get_partial_messageable(env.channel.id)
    assert [each.content async for each in channel.history()] == ["0"]


async def test_heavy_components_can_be_answered_with_500(env: StandInEnv) -> None:
    env.standin.limits.components_bytes = 100
    route = Route("POST", "/channels/{channel_id}/messages", channel_id=env.channel.id)
    body = {"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 200}]}
    sending = asyncio.create_task(env.bot.http.request(route, json=body))
    await env.standin.exchange_where(lambda each: each.status == 500)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_a_dead_connection_is_left_and_resumed(standin: FakeDiscord) -> None:
    standin.limits.heartbeat_ms = 100
    standin.misbehaviour.unanswered_heartbeats = True
    client = discord.Client(
        intents=discord.Intents.none(),
        connector=standin.connector(),
        heartbeat_timeout=0.3,
        max_messages=None,
    )
    running = asyncio.create_task(client.start(standin.token))
    try:
        await standin.online()
        await standin.resumed(timeout_s=20)
    finally:
        await client.close()
        await running


async def test_every_event_may_come_twice(env: StandInEnv) -> None:
    env.standin.misbehaviour.events_twice = True
    await env.ada.command(env.channel, "act")
    first, second = await env.bot.keeps(), await env.bot.keeps()
    assert first.id == second.id


async def test_optional_fields_may_be_missing(env: StandInEnv) -> None:
    env.standin.misbehaviour.bare_payloads = True
    handle = await env.ada.command(env.channel, "imagine", prompt="a fox", friend=env.bob)
    await handle.message_where(lambda each: each.pictures)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([{"op": 99, "d": None}], 4001),
        (["{"], 4002),
        ([{"op": 1, "d": "x" * 5000}], 4002),
        ([{"op": 3, "d": {}}], 4003),
        ([{"op": 2, "d": {"token": "sandbox", "intents": 1}}] * 2, 4005),
        ([{"op": 1, "d": None}] * 130, 4008),
        ([{"op": 2, "d": {"token": "sandbox", "intents": 1, "shard": [1, 1]}}], 4010),
        ([{"op": 2, "d": {"token": "sandbox", "intents": 1 << 30}}], 4013),
        ([{"op": 2, "d": {"token": "sandbox", "intents": 1 << 15}}], 4014),
    ],
)
async def test_the_gateway_closes_on_what_discord_closes_on(
    standin: FakeDiscord, frames: list[object], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kleinbot.sandbox.server.gateway._ACK_AFTER_S", 0.0)  # nobody measures it here
    async with (
        aiohttp.ClientSession(connector=standin.connector()) as session,
        session.ws_connect("wss://gateway.discord.gg/?v=10") as socket,
    ):
        for frame in frames:
            if not socket.closed:
                await socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        async with asyncio.timeout(20):
            while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert socket.close_code == code


async def test_another_version_of_the_gateway_and_a_sequence_from_the_future_are_refused(
    standin: FakeDiscord,
) -> None:
    async with aiohttp.ClientSession(connector=standin.connector()) as session:
        async with session.ws_connect("wss://gateway.discord.gg/?v=6") as socket:
            await socket.receive()
            assert socket.close_code == 4012
        async with session.ws_connect("wss://gateway.discord.gg/?v=10") as socket:
            await socket.send_json({"op": 2, "d": {"token": standin.token, "intents": 1}})
            ready: dict[str, Any] = {}
            while ready.get("t") != "READY":
                ready = await socket.receive_json()
            await socket.close(code=4000)
        async with session.ws_connect("wss://gateway.discord.gg/?v=10") as socket:
            seen = {"token": standin.token, "session_id": ready["d"]["session_id"], "seq": 1000}
            await socket.send_json({"op": 6, "d": seen})
            while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
            assert socket.close_code == 4007
