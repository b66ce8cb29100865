"""Discord's refusals, as the real client receives them."""

from collections.abc import Awaitable
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import Route

from kleinbot.sandbox import InteractionHandle, WaitTimeoutError
from tests.sandbox.conftest import StandInEnv
from tests.sandbox.demo_bot import PNG, gallery, picture

Json = dict[str, Any]
ROW = {"type": 1, "components": [{"type": 2, "style": 1, "label": "A", "custom_id": "a"}]}


async def refused(work: Awaitable[object]) -> tuple[int, int]:
    with pytest.raises(discord.HTTPException) as caught:
        await work
    return caught.value.status, caught.value.code


async def post(env: StandInEnv, body: Json) -> Any:
    route = Route("POST", "/channels/{channel_id}/messages", channel_id=env.channel.id)
    return await env.bot.http.request(route, json=body)


async def patch(env: StandInEnv, message_id: object, body: Json) -> Any:
    path = "/channels/{channel_id}/messages/{message_id}"
    route = Route("PATCH", path, channel_id=env.channel.id, message_id=message_id)
    return await env.bot.http.request(route, json=body)


async def held(env: StandInEnv, name: str) -> tuple[InteractionHandle, discord.Interaction]:
    """Send a command whose interaction the bot keeps for the test."""
    handle = await env.ada.command(env.channel, name)
    if name == "later":
        await handle.acknowledged()
    return handle, await env.bot.keeps()


async def test_an_answer_after_three_seconds_finds_no_interaction(env: StandInEnv) -> None:
    handle, interaction = await held(env, "act")
    env.clock.advance(3.1)
    assert handle.has_failed
    assert await refused(interaction.response.send_message("late")) == (404, 10062)
    with pytest.raises(WaitTimeoutError):
        await handle.acknowledged(timeout_s=0.01)


async def test_an_answer_within_three_seconds_is_taken(env: StandInEnv) -> None:
    handle, interaction = await held(env, "act")
    env.clock.advance(2.5)
    await interaction.response.send_message("in time")
    assert (await handle.message_where(bool)).text == "in time"
    assert not handle.has_failed


async def test_the_second_answer_is_one_too_many(env: StandInEnv) -> None:
    _, interaction = await held(env, "later")
    interaction.response._response_type = None
    assert await refused(interaction.response.send_message("again")) == (400, 40060)


async def test_a_token_dies_after_a_quarter_of_an_hour(env: StandInEnv) -> None:
    _, interaction = await held(env, "later")
    env.clock.advance(14 * 60)
    await interaction.edit_original_response(content="still")
    env.clock.advance(61)
    assert await refused(interaction.edit_original_response(content="dead")) == (401, 50027)
    assert await refused(interaction.followup.send("dead")) == (401, 50027)
    assert [each.text for each in env.channel.messages] == ["still"]


async def test_nothing_can_follow_before_the_answer(env: StandInEnv) -> None:
    _, interaction = await held(env, "act")
    assert await refused(interaction.edit_original_response(content="early")) == (404, 10015)


async def test_a_file_or_a_request_can_be_too_large(env: StandInEnv) -> None:
    _, interaction = await held(env, "later")
    env.standin.limits.file_bytes = len(PNG) - 1
    assert await refused(interaction.edit_original_response(attachments=[picture()])) == (413, 40005)
    env.standin.limits.file_bytes = len(PNG)
    env.standin.limits.request_bytes = 2 * len(PNG)
    two = [picture("a.png"), picture("b.png")]
    assert await refused(interaction.edit_original_response(attachments=two)) == (413, 40005)
    await interaction.edit_original_response(attachments=[picture()])
    assert len(env.channel.messages[0].attachments) == 1


async def test_boosted_servers_take_larger_files(env: StandInEnv) -> None:
    server = env.standin.world.add_server("Boosted", boost_tier=2)
    channel = env.standin.world.add_channel(server, "big")
    env.standin.world.add_member(server, "ada")
    await env.ada.command(channel, "act")
    interaction = await env.bot.keeps()
    assert interaction.filesize_limit == 50 * 1024 * 1024
    env.standin.limits.file_bytes = len(PNG) - 1
    await interaction.response.send_message("big", file=picture())


async def test_twenty_six_choices_are_too_many(env: StandInEnv) -> None:
    many = [discord.app_commands.Choice(name=str(n), value=str(n)) for n in range(26)]
    command = env.bot.tree.get_command("imagine")
    assert isinstance(command, discord.app_commands.Command)

    async def complete(
        _interaction: discord.Interaction, _typed: str
    ) -> list[discord.app_commands.Choice[str]]:
        return many

    command.autocomplete("prompt")(complete)
    with pytest.raises(WaitTimeoutError):
        await env.ada.autocomplete(env.channel, "imagine", "prompt", "x", timeout_s=0.2)
    answered = env.standin.exchanges_of("POST", "/interactions/*")[-1]
    assert (answered.status, answered.answer["code"]) == (400, 50035)


async def test_deleted_messages_and_channels_are_unknown(env: StandInEnv) -> None:
    handle, interaction = await held(env, "later")
    response = handle.response
    assert response is not None
    env.standin.delete_message(response)
    assert await refused(interaction.edit_original_response(content="x")) == (404, 10008)
    sent = await post(env, {"content": "hello"})
    env.standin.delete_message(env.channel.log[int(sent["id"])])
    assert await refused(patch(env, sent["id"], {"content": "x"})) == (404, 10008)
    env.standin.delete_channel(env.channel)
    assert await refused(post(env, {"content": "hello"})) == (404, 10003)
    assert await refused(interaction.followup.send("x")) == (404, 10003)


async def test_permissions_can_be_missing(env: StandInEnv) -> None:
    env.standin.deny(env.channel, "attach_files")
    channel = env.bot.get_channel(env.channel.id)
    assert isinstance(channel, discord.TextChannel)
    assert await refused(channel.send("x", file=picture())) == (403, 50013)
    await channel.send("without a file")
    env.standin.deny(env.channel, "send_messages")
    assert await refused(channel.send("x")) == (403, 50013)
    env.standin.deny(env.channel, "view_channel")
    assert await refused(channel.send("x")) == (403, 50001)
    for permission in ("attach_files", "send_messages", "view_channel"):
        env.standin.allow(env.channel, permission)
    await channel.send("again", file=picture())


async def test_a_closed_door_for_direct_messages(env: StandInEnv) -> None:
    user = await env.bot.fetch_user(env.ada.id)
    await user.send("hello")
    assert (await env.ada.direct_channel()).messages[0].text == "hello"
    env.ada.close_direct_messages()
    assert await refused(user.send("hello")) == (403, 50007)


async def test_an_enforced_nonce_makes_no_second_message(env: StandInEnv) -> None:
    first = await post(env, {"content": "once", "nonce": "job-1", "enforce_nonce": True})
    second = await post(env, {"content": "once", "nonce": "job-1", "enforce_nonce": True})
    other = await post(env, {"content": "twice", "nonce": "job-2", "enforce_nonce": True})
    assert first["id"] == second["id"] != other["id"]
    assert [each.text for each in env.channel.messages] == ["once", "twice"]


async def test_a_lost_answer_leaves_its_message_behind(env: StandInEnv) -> None:
    env.standin.break_next("POST /channels/*/messages", drop_answer=True)
    body = {"content": "once", "nonce": "job-1", "enforce_nonce": True}
    with pytest.raises((discord.HTTPException, aiohttp.ClientError)):
        await post(env, body)
    await post(env, body)
    assert [each.text for each in env.channel.messages] == ["once"]


async def test_faults_come_as_often_as_asked(env: StandInEnv) -> None:
    env.standin.break_next("POST /channels/*/messages", status=403, code=200000)
    assert await refused(post(env, {"content": "a"})) == (403, 200000)
    env.standin.break_next("POST /channels/*/messages", status=429)
    await post(env, {"content": "a"})
    statuses = [each.status for each in env.standin.exchanges_of("POST", "/channels/*/messages")]
    assert statuses == [403, 429, 200]


async def test_the_client_is_refused_with_a_wrong_token(env: StandInEnv) -> None:
    client = discord.Client(intents=discord.Intents.none(), connector=env.standin.connector())
    async with client:
        with pytest.raises(discord.LoginFailure):
            await client.login("wrong")


def button(**changes: object) -> Json:
    return {"type": 2, "style": 1, "label": "A", "custom_id": "a"} | changes


def row(*parts: Json) -> Json:
    return {"type": 1, "components": list(parts)}


def text(content: str) -> Json:
    return {"type": 10, "content": content}


V2 = 1 << 15
MANY_ROWS = [row(button(custom_id=f"{n}")) for n in range(6)]
GALLERY = {"type": 12, "items": [{"media": {"url": "attachment://none.png"}}]}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"components": [row({"type": 2, "style": 1, "label": "A"})]}, "components.0.components.0.custom_id"),
        ({"components": [row(button(style=5))]}, "components.0.components.0.url"),
        ({"components": [row(button(label="x" * 81))]}, "components.0.components.0.label"),
        ({"components": [row(button(label=None))]}, "components.0.components.0.label"),
        ({"components": [row(*[button(custom_id=str(n)) for n in range(6)])]}, "components.0.components"),
        ({"components": MANY_ROWS}, "components"),
        ({"components": [row(button()), row(button())]}, "components"),
        ({"components": [text("x")]}, "components"),
        ({"components": [text("x")], "flags": V2, "content": "y"}, "content"),
        ({"components": [text("x")], "flags": V2, "embeds": [{"title": "y"}]}, "embeds"),
        ({"components": [text("x" * 2001), text("x" * 2000)], "flags": V2}, "components"),
        ({"components": [text("x") for _ in range(41)], "flags": V2}, "components"),
        ({"components": [GALLERY], "flags": V2}, "components"),
        (
            {"components": [{"type": 17, "components": [{"type": 17, "components": []}]}], "flags": V2},
            "components.0.components.0.type",
        ),
        ({"content": "x" * 2001}, "content"),
        ({"embeds": [{"description": "x" * 3001}, {"description": "x" * 3000}]}, "embeds"),
        ({"content": "x", "attachments": [{"id": 0}]}, "attachments.0.id"),
    ],
)
async def test_a_malformed_message_is_refused_at_its_place(env: StandInEnv, body: Json, place: str) -> None:
    assert await refused(post(env, body)) == (400, 50035)
    errors = env.standin.exchanges[-1].answer["errors"]
    for key in place.split("."):
        errors = errors[key]
    assert errors["_errors"]
    assert env.channel.messages == []


async def test_an_empty_message_is_refused(env: StandInEnv) -> None:
    assert await refused(post(env, {"content": ""})) == (400, 50006)


async def test_a_message_of_components_stays_one(env: StandInEnv) -> None:
    sent = await post(env, {"components": [text("x")], "flags": V2})
    assert await refused(patch(env, sent["id"], {"content": "y"})) == (400, 50035)
    assert await refused(patch(env, sent["id"], {"flags": 0})) == (400, 50035)
    old = await post(env, {"content": "old"})
    new = {"components": [text("new")], "flags": V2}
    assert await refused(patch(env, old["id"], new)) == (400, 50035)
    await patch(env, old["id"], new | {"content": None, "embeds": None})
    assert [each.text for each in env.channel.messages] == ["x", "new"]


async def test_files_that_are_shown_are_not_listed_as_attachments(env: StandInEnv) -> None:
    """discord-api-docs #8277 and #8279."""
    channel = env.bot.get_partial_messageable(env.channel.id)
    embed = discord.Embed(title="look").set_image(url="attachment://b.png")
    sent = await channel.send(embed=embed, files=[picture("a.png"), picture("b.png")])
    assert [each.filename for each in sent.attachments] == ["a.png"]
    assert "/b.png?" in (sent.embeds[0].image.url or "")
    files = [picture("one.png"), picture("two.png")]
    shown = await channel.send(view=gallery("look", *files), files=files)
    assert shown.attachments == []
    (read,) = [each async for each in channel.history(limit=1)]
    assert (read.attachments, read.nonce) == ([], None)
    names = [each.filename for each in env.channel.messages[1].pictures]
    assert names == ["one.png", "two.png"]
    bare = await sent.edit(embed=None)
    assert [each.filename for each in bare.attachments] == ["a.png", "b.png"]


async def test_an_edit_keeps_only_the_attachments_it_lists(env: StandInEnv) -> None:
    channel = env.bot.get_channel(env.channel.id)
    assert isinstance(channel, discord.TextChannel)
    sent = await channel.send("two", files=[picture("a.png", "first"), picture("b.png")])
    await sent.edit(content="still two")
    assert len(env.channel.messages[0].attachments) == 2
    await sent.edit(attachments=[sent.attachments[0], picture("c.png")])
    kept = env.channel.messages[0].attachments
    assert [(each.filename, each.description) for each in kept] == [("a.png", "first"), ("c.png", "a fox")]


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Imagine", "description": "x"},
        {"name": "imagine", "description": ""},
        {"name": "a b", "description": "x"},
        {"name": "imagine", "description": "x" * 101},
        {
            "name": "imagine",
            "description": "x",
            "options": [
                {"type": 3, "name": "a", "description": "x"},
                {"type": 3, "name": "b", "description": "x", "required": True},
            ],
        },
        {"name": "a", "description": "x", "options": [{"type": 3, "name": "A", "description": "x"}]},
        {
            "name": "a",
            "description": "x",
            "options": [
                {
                    "type": 3,
                    "name": "b",
                    "description": "x",
                    "choices": [{"name": f"{n}", "value": f"{n}"} for n in range(26)],
                }
            ],
        },
    ],
)
async def test_a_malformed_command_is_not_registered(env: StandInEnv, command: Json) -> None:
    before = env.standin.state.commands[None]
    work = env.bot.http.bulk_upsert_global_commands(env.standin.application_id, [command])
    assert await refused(work) == (400, 50035)
    assert env.standin.state.commands[None] == before


async def test_a_form_has_at_most_five_parts(env: StandInEnv) -> None:
    _, interaction = await held(env, "act")
    modal = discord.ui.Modal(title="Many", timeout=1)
    for n in range(5):
        modal.add_item(discord.ui.TextInput(label=f"{n}"))
    data = modal.to_dict()
    data["components"] += data["components"][:1]
    path = "/interactions/{interaction_id}/{token}/callback"
    route = Route("POST", path, interaction_id=interaction.id, token=interaction.token)
    assert await refused(env.bot.http.request(route, json={"type": 9, "data": data})) == (400, 50035)
