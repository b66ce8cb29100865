"""Threads as the real client meets them: found, archived, locked, private."""

import asyncio

import discord
import pytest

from kleinbot.sandbox import Channel
from tests.sandbox.conftest import Scene
from tests.sandbox.test_refusals import refused

HOUR_S = 3600.0


@pytest.fixture
async def thread(scene: Scene) -> Channel:
    await scene.bot.wait_until_ready()
    return scene.standin.world.add_thread(scene.channel, "foxes", scene.ada)


async def known(scene: Scene, thread: Channel) -> discord.Thread:
    """Return the client's own thread, once it has heard of it."""
    async with asyncio.timeout(5):
        while not isinstance(found := scene.bot.get_channel(thread.id), discord.Thread):
            await asyncio.sleep(0.01)
    return found


async def until(scene: Scene, thread: Channel, *, archived: bool) -> None:
    async with asyncio.timeout(5):
        while (await known(scene, thread)).archived != archived:
            await asyncio.sleep(0.01)


async def test_a_thread_is_a_channel_of_its_own(scene: Scene, thread: Channel) -> None:
    found = await known(scene, thread)
    assert (found.parent_id, found.owner_id, found.name) == (scene.channel.id, scene.ada.id, "foxes")
    handle = await scene.ada.command(thread, "later")
    assert (await handle.message_where(bool)).text == "working"
    interaction = await scene.bot.keeps()
    assert isinstance(interaction.channel, discord.Thread)
    await found.send("by itself")
    assert [each.text for each in thread.messages] == ["working", "by itself"]
    assert scene.channel.messages == []


async def test_it_has_its_channels_permissions(scene: Scene, thread: Channel) -> None:
    found = await known(scene, thread)
    scene.standin.deny(scene.channel, "send_messages")
    await found.send("this takes another permission")
    scene.standin.deny(scene.channel, "send_messages_in_threads")
    assert await refused(found.send("x")) == (403, 50013)


async def test_nothing_in_the_archive_changes_until_something_is_sent(scene: Scene, thread: Channel) -> None:
    found = await known(scene, thread)
    handle = await scene.ada.command(thread, "later")
    await handle.acknowledged()
    interaction = await scene.bot.keeps()
    sent = await found.send("before")
    scene.standin.world.set_thread(thread, archived=True)
    assert await refused(sent.edit(content="x")) == (403, 50083)
    assert await refused(sent.delete()) == (403, 50083)
    assert await refused(interaction.edit_original_response(content="x")) == (403, 50083)
    await interaction.followup.send("after")
    assert thread.thread is not None
    assert not thread.thread.is_archived
    await interaction.edit_original_response(content="done")
    assert [each.text for each in thread.messages] == ["done", "before", "after"]


async def test_a_locked_thread_takes_nothing(scene: Scene, thread: Channel) -> None:
    found = await known(scene, thread)
    handle = await scene.ada.command(thread, "later")
    await handle.acknowledged()
    interaction = await scene.bot.keeps()
    scene.standin.world.set_thread(thread, locked=True)
    assert await refused(found.send("x")) == (403, 160005)
    scene.standin.world.set_thread(thread, archived=True)
    assert await refused(found.send("x")) == (403, 50083)
    assert await refused(interaction.edit_original_response(content="x")) == (403, 50083)
    await scene.ada.command(thread, "act")
    assert await refused((await scene.bot.keeps()).response.send_message("x")) == (403, 50083)
    scene.standin.world.set_thread(thread, archived=False, locked=False)
    await found.send("again")


async def test_whoever_may_write_ends_the_archive_unless_it_is_locked(scene: Scene, thread: Channel) -> None:
    found = await known(scene, thread)
    sent = await found.send("before")
    scene.standin.world.set_thread(thread, archived=True)
    await found.edit(archived=False)
    await sent.delete()
    assert await refused(found.edit(name="wolves")) == (403, 50013)
    scene.standin.world.set_thread(thread, archived=True, locked=True)
    assert await refused(found.edit(archived=False)) == (403, 50013)


async def test_a_private_thread_is_seen_by_its_members(scene: Scene, thread: Channel) -> None:
    del thread
    world = scene.standin.world
    theirs = world.add_thread(scene.channel, "theirs", scene.ada, private=True)
    ours = world.add_thread(scene.channel, "ours", scene.ada, private=True, with_bot=True)
    assert (await known(scene, ours)).is_private()
    assert scene.bot.get_channel(theirs.id) is None
    assert await refused(scene.bot.get_partial_messageable(theirs.id).send("x")) == (403, 50001)
    handle = await scene.ada.command(theirs, "later")
    assert (await handle.message_where(bool)).text == "working"


async def test_a_thread_goes_with_its_channel(scene: Scene, thread: Channel) -> None:
    found = await known(scene, thread)
    scene.standin.delete_channel(scene.channel)
    assert await refused(found.send("x")) == (404, 10003)


async def test_edits_of_old_messages_have_a_limit_of_their_own(scene: Scene) -> None:
    scene.standin.limits.old_edits, scene.standin.limits.old_edits_per_s = 1, 0.05
    channel = scene.bot.get_partial_messageable(scene.channel.id)
    sent = await channel.send("one")
    await sent.edit(content="two")
    await sent.edit(content="three")
    scene.clock.advance(HOUR_S)
    await sent.edit(content="four")
    editing = asyncio.create_task(sent.edit(content="five"))
    refusal = await scene.standin.exchange_where(lambda each: each.status == 429)
    assert (refusal.answer["code"], refusal.answer["global"]) == (30046, False)
    assert 0 < refusal.answer["retry_after"] <= 0.05
    scene.clock.advance(1)
    await editing
    assert [each.text for each in scene.channel.messages] == ["five"]


async def test_more_media_than_discord_bears_are_its_own_fault(scene: Scene) -> None:
    scene.standin.limits.media = 2
    view = discord.ui.LayoutView()
    items = [discord.MediaGalleryItem("https://example.org/a.png") for _ in range(3)]
    view.add_item(discord.ui.MediaGallery(*items))
    await scene.ada.command(scene.channel, "act")
    interaction = await scene.bot.keeps()
    with pytest.raises(discord.DiscordServerError):
        await interaction.response.send_message(view=view)


async def test_identifies_that_come_too_fast_begin_no_session(scene: Scene) -> None:
    scene.standin.limits.identifies_every_s = 0.3
    scene.standin.world.add_server("Second")
    before = len(scene.standin.identifies)
    await scene.standin.invalidate_session()
    await scene.standin.online(timeout_s=20)
    assert len(scene.standin.identifies) == before + 1
