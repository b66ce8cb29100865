"""The showcase through the real client: sharing, votes, and what takes a picture out again."""

import asyncio
import os

from kleinbot.domain.people import Actor
from kleinbot.domain.server_settings import ServerSettings
from kleinbot.sandbox import Channel, Person, ShownMessage
from kleinbot.store.members import servers, settings
from kleinbot.store.showcase import publications
from tests.e2e.pictures import WAIT_S, answered, delivered, open_more, said, said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

PROMPT = "a red fox named reynard"
VOTES = int(os.environ.get("KLEINBOT_TEST_VOTES", "60"))
"""1,000 by KLEINBOT_TEST_VOTES=1000."""

SHARED = "SELECT COUNT(*) FROM publications WHERE state = 'shown' AND post_state = 'posted'"


async def _with_showcase(bot: RunningBot) -> Channel:
    channel = bot.standin.world.add_channel(bot.server, "showcase")
    async with bot.app.container.base.database.transaction() as transaction:
        await servers.remember(transaction, bot.server.id, 1)
        chosen = ServerSettings(showcase_channel_id=channel.id)
        await settings.set_of_server(transaction, bot.server.id, chosen)
    return channel


async def _shared(
    person: Person, message: ShownMessage, values: dict[str, object], sentence: str
) -> ShownMessage:
    """Share by More …, and wait for the answer to the form."""
    form = await person.press(await open_more(person, message), label="Share …")
    await form.modal_opened(timeout_s=WAIT_S)
    return await said_alone(await person.submit(form, values), sentence)


async def _until_gone(message: ShownMessage) -> None:
    async with asyncio.timeout(WAIT_S):
        while not message.is_deleted:
            await asyncio.sleep(0.005)


async def _until_label(message: ShownMessage, label: str) -> None:
    async with asyncio.timeout(WAIT_S):
        while label not in {button.label for button in message.buttons}:
            await asyncio.sleep(0.005)


async def test_a_picture_is_shared_voted_for_and_withdrawn(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt=PROMPT, count=2)
        form = await bot.ada.command(bot.channel, "share")
        await said_alone(form, "This server has no showcase yet. Its admins can choose a channel")
        showcase = await _with_showcase(bot)
        values: dict[str, object] = {"Caption": "**my** fox @everyone", "Which pictures": ["Picture 1"]}
        await _shared(bot.ada, done, values, f"A picture of #1 is going to <#{showcase.id}>")
        await bot.until(SHARED, 1)
        post = await showcase.message_where(has_pictures, timeout_s=WAIT_S)
        assert f"by <@{bot.ada.id}> · #1" in post.text
        assert PROMPT in post.text
        assert "\\*\\*my\\*\\* fox" in post.text
        labels = [button.label for button in post.buttons]
        assert labels == ["♥ 0", "Recipe", "Vary", "Edit", "Report", "Original", "Withdraw"]
        # Votes: one of a member, none for one's own, taken back by a second press.
        await bot.bob.press(post, label="♥ 0")
        await _until_label(post, "♥ 1")
        await said_alone(await bot.ada.press(post, label="♥ 1"), "You cannot vote for your own picture.")
        await bot.moderator.press(post, label="♥ 1")
        await _until_label(post, "♥ 2")
        await bot.bob.press(post, label="♥ 2")
        await _until_label(post, "♥ 1")
        assert post.pictures, "the picture stays when the count changes"
        bot.clock.advance(11)
        await bot.until(SHARED, 1)
        await answered(bot.bob, post, "Recipe", PROMPT)
        # The gallery leads to the post.
        listed = await said(await bot.bob.command(bot.channel, "gallery"), "**Newest in the showcase**")
        assert f"<@{bot.ada.id}> · ♥ 1" in listed.text
        assert [button.label for button in listed.buttons] == ["Open 1"]
        found = await said(await bot.bob.command(bot.channel, "gallery", text="fox"), "“fox”")
        assert [button.label for button in found.buttons] == ["Open 1"]
        none = await bot.bob.command(bot.channel, "gallery", text="zebra")
        await said(none, "Nothing with these words is shared here")
        top = await bot.bob.command(bot.channel, "gallery", sort="week")
        await said(top, "**Most votes among the pictures of the last 7 days**")
        # Who may withdraw: the author and moderators.
        await said_alone(await bot.bob.press(post, label="Withdraw"), "#1 belongs to somebody else")
        await said_alone(await bot.moderator.press(post, label="Withdraw"), "The picture is withdrawn")
        await _until_gone(post)
        assert await bot.number("SELECT COUNT(*) FROM votes") == 0
        assert await bot.number("SELECT COUNT(*) FROM audit WHERE action = 'unshare'") == 1
        await said(await bot.ada.command(bot.channel, "queue"), "have taken your picture #1 out")
        # Both are shared again; then the author deletes the result.
        await _shared(bot.ada, done, {"Which pictures": ["Picture 1", "Picture 2"]}, "2 pictures of #1")
        await bot.until(SHARED, 2)
        again = await open_more(bot.ada, done)
        await said_alone(await bot.ada.press(again, label="Share …"), "#1 is in the showcase already")
        asked = await answered(bot.ada, again, "Delete", "Delete #1")
        await bot.ada.press(asked, label="Delete for good")
        await bot.until("SELECT COUNT(*) FROM publications WHERE state != 'ended'", 0)
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert [message for message in showcase.messages if message.pictures] == []


async def test_a_kill_between_post_and_note_many_votes_and_what_admins_take_away(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt=PROMPT)
        showcase = await _with_showcase(bot)
        await _shared(bot.ada, done, {}, "A picture of #1")
        await bot.until(SHARED, 1)
        post = await showcase.message_where(has_pictures, timeout_s=WAIT_S)
        # As a kill leaves it after the message was sent, and before it was noted.
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change("UPDATE publications SET post_state = 'posting', post_message_id = NULL")
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.until(SHARED, 1)
        assert [message.id for message in showcase.messages] == [post.id]
        # Many votes at once: one edit for all of them, and no limit is met.
        vote, before = bot.app.container.usecases.showcase.vote, len(bot.standin.exchanges)
        for each in range(VOTES):
            await vote.press(Actor(bot.server.id, 10_000 + each, "en-US", event_id=each + 1), 1)
        bot.clock.advance(11)
        await _until_label(post, f"♥ {VOTES}")
        await bot.until(SHARED, 1)
        sent = bot.standin.exchanges[before:]
        assert sum(each.method == "PATCH" and str(showcase.id) in each.path for each in sent) <= 2
        assert not [each for each in sent if each.status == 429]
        # Permissions go: whoever shares is told, the post stays, and votes go on.
        bot.standin.world.deny(showcase, "send_messages")
        again = await open_more(bot.ada, done)
        await said_alone(await bot.ada.press(again, label="Share …"), "#1 is in the showcase already")
        other = await delivered(bot, bot.bob, prompt="a wolf")
        await said_alone(
            await bot.bob.press(await open_more(bot.bob, other), label="Share …"),
            f"I cannot post in <#{showcase.id}>",
        )
        # The channel goes: the publication ends, and its author is told.
        bot.standin.delete_channel(showcase)
        async with bot.app.container.base.database.transaction() as transaction:
            await publications.look_again(transaction, 1, 0)
        bot.app.container.delivery.showcase.wake()
        await bot.until("SELECT COUNT(*) FROM publications WHERE state = 'ended' AND post_state = 'none'", 1)
        await said(await bot.ada.command(bot.channel, "queue"), "A picture that you shared is no longer in")
