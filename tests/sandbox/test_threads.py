"""Threads as the real client receives them: found, archived, locked, private."""

import asyncio

import discord
import pytest

from kleinbot.sandbox import Channel
from tests.sandbox.conftest import StandInEnv
from tests.sandbox.test_refusals import refused

pytestmark = pytest.mark.slow  # the client waits by itself between its attempts

HOUR_S = 3600.0


@pytest.fixture
async def thread(env: StandInEnv) -> Channel:
    await env.bot.wait_until_ready()
    return env.standin.world.add_thread(env.channel, "foxes", env.ada)


async def known(env: StandInEnv, thread: Channel) -> discord.Thread:
    """Return the client's own thread object, once it exists."""
    async with asyncio.timeout(5):
        while not isinstance(found := env.bot.get_channel(thread.id), discord.Thread):
            await asyncio.sleep(0.01)
    return found


async def until(env: StandInEnv, thread: Channel, *, archived: bool) -> None:
    async with asyncio.timeout(5):
        while (await known(env, thread)).archived != archived:
            await asyncio.sleep(0.01)


async def test_a_thread_is_a_channel_of_its_own(env: StandInEnv, thread: Channel) -> None:
    found = await known(env, thread)
    assert (found.parent_id, found.owner_id, found.name) == (
        env.channel.id,
        env.ada.id,
        "foxes",
    )
    handle = await env.ada.command(thread, "later")
    assert (await handle.message_where(bool)).text == "working"
    interaction = await env.bot.keeps()
    assert isinstance(interaction.channel, discord.Thread)
    await found.send("by itself")
    assert [each.text for each in thread.messages] == ["working", "by itself"]
    assert env.channel.messages == []


async def test_it_has_its_channels_permissions(env: StandInEnv, thread: Channel) -> None:
    found = await known(env, thread)
    env.standin.deny(env.channel, "send_messages")
    await found.send("this takes another permission")
    env.standin.deny(env.channel, "send_messages_in_threads")
    assert await refused(found.send("x")) == (403, 50013)


async def test_nothing_in_the_archive_changes_until_something_is_sent(
    env: StandInEnv, thread: Channel
) -> None:
    found = await known(env, thread)
    handle = await env.ada.command(thread, "later")
    await handle.acknowledged()
    interaction = await env.bot.keeps()
    sent = await found.send("before")
    env.standin.world.set_thread(thread, archived=True)
    assert await refused(sent.edit(content="x")) == (403, 50083)
    assert await refused(sent.delete()) == (403, 50083)
    assert await refused(interaction.edit_original_response(content="x")) == (403, 50083)
    await interaction.followup.send("after")
    assert thread.thread is not None
    assert not thread.thread.is_archived
    await interaction.edit_original_response(content="done")
    assert [each.text for each in thread.messages] == ["done", "before", "after"]


async def test_a_locked_thread_takes_nothing(env: StandInEnv, thread: Channel) -> None:
    found = await known(env, thread)
    handle = await env.ada.command(thread, "later")
    await handle.acknowledged()
    interaction = await env.bot.keeps()
    env.standin.world.set_thread(thread, locked=True)
    assert await refused(found.send("x")) == (403, 160005)
    env.standin.world.set_thread(thread, archived=True)
    assert await refused(found.send("x")) == (403, 50083)
    assert await refused(interaction.edit_original_response(content="x")) == (403, 50083)
    await env.ada.command(thread, "act")
    assert await refused((await env.bot.keeps()).response.send_message("x")) == (403, 50083)
    env.standin.world.set_thread(thread, archived=False, locked=False)
    await found.send("again")


async def test_whoever_may_write_ends_the_archive_unless_it_is_locked(
    env: StandInEnv, thread: Channel
) -> None:
    found = await known(env, thread)
    sent = await found.send("before")
    env.standin.world.set_thread(thread, archived=True)
    await found.edit(archived=False)
    await sent.delete()
    assert await refused(found.edit(name="wolves")) == (403, 50013)
    env.standin.world.set_thread(thread, archived=True, locked=True)
    assert await refused(found.edit(archived=False)) == (403, 50013)


async def test_a_private_thread_is_seen_by_its_members(env: StandInEnv, thread: Channel) -> None:
    del thread
    world = env.standin.world
    theirs = world.add_thread(env.channel, "theirs", env.ada, private=True)
    ours = world.add_thread(env.channel, "ours", env.ada, private=True, with_bot=True)
    assert (await known(env, ours)).is_private()
    assert env.bot.get_channel(theirs.id) is None
    assert await refused(env.bot.get_partial_messageable(theirs.id).send("x")) == (403, 50001)
    handle = await env.ada.command(theirs, "later")
    assert (await handle.message_where(bool)).text == "working"


async def test_a_thread_goes_with_its_channel(env: StandInEnv, thread: Channel) -> None:
    found = await known(env, thread)
    env.standin.delete_channel(env.channel)
    assert await refused(found.send("x")) == (404, 10003)


async def test_edits_of_old_messages_have_a_limit_of_their_own(env: StandInEnv) -> None:
    env.standin.limits.old_edits, env.standin.limits.old_edits_per_s = 1, 0.05
    channel = env.bot.get_partial_messageable(env.channel.id)
    sent = await channel.send("one")
    await sent.edit(content="two")
    await sent.edit(content="three")
    env.clock.advance(HOUR_S)
    await sent.edit(content="four")
    editing = asyncio.create_task(sent.edit(content="five"))
    refusal = await env.standin.exchange_where(lambda each: each.status == 429)
    assert (refusal.answer["code"], refusal.answer["global"]) == (30046, False)
    assert 0 < refusal.answer["retry_after"] <= 0.05
    env.clock.advance(1)
    await editing
    assert [each.text for each in env.channel.messages] == ["five"]


@pytest.mark.usefixtures("quick_retries")
async def test_more_media_than_discord_bears_are_its_own_fault(env: StandInEnv) -> None:
    env.standin.limits.media = 2
    view = discord.ui.LayoutView()
    items = [discord.MediaGalleryItem("https://example.org/a.png") for _ in range(3)]
    view.add_item(discord.ui.MediaGallery(*items))
    await env.ada.command(env.channel, "act")
    interaction = await env.bot.keeps()
    with pytest.raises(discord.DiscordServerError):
        await interaction.response.send_message(view=view)


@pytest.mark.usefixtures("quick_retries")
async def test_identifies_that_come_too_fast_begin_no_session(env: StandInEnv) -> None:
    env.standin.limits.identifies_every_s = 0.3
    env.standin.world.add_server("Second")
    before = len(env.standin.identifies)
    await env.standin.invalidate_session()
    await env.standin.online(timeout_s=20)
    assert len(env.standin.identifies) == before + 1
