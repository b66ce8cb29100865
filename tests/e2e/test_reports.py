"""Reports and hidden pictures through the real client: whatever shows pixels or a prompt to somebody."""

import asyncio

import pytest

from kleinbot.domain.server_settings import ServerSettings
from kleinbot.sandbox import Channel, InteractionHandle, Person, ShownMessage
from kleinbot.store.members import servers, settings
from tests.e2e.pictures import (
    WAIT_S,
    answered,
    chosen_in_more,
    delivered,
    open_more,
    result,
    said,
    said_alone,
)
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

PROMPT = "a red fox named reynard"


async def _form(handle: InteractionHandle) -> InteractionHandle:
    await handle.modal_opened(timeout_s=WAIT_S)
    return handle


async def _reported(
    bot: RunningBot, person: Person, message: ShownMessage, reason: str, words: str = ""
) -> InteractionHandle:
    listed = await open_more(person, message)
    form = await _form(await person.press(listed, label="Report"))
    values: dict[str, object] = {"What is wrong with it?": reason}
    if words:
        values["In your words"] = words
    return await person.submit(form, values)


async def _key(bot: RunningBot, number: int = 1) -> str:
    row = await bot.app.container.base.database.read.one("SELECT job_id FROM jobs WHERE number = ?", number)
    assert row is not None
    return str(row[0])


async def _with_moderators_channel(bot: RunningBot) -> Channel:
    """Add a channel that only moderators see, and have reports posted there."""
    channel = bot.standin.world.add_channel(bot.server, "mods")
    for person in (bot.ada, bot.bob):
        bot.standin.world.hide(channel, person)
    async with bot.app.container.base.database.transaction() as transaction:
        await servers.remember(transaction, bot.server.id, 1)
        await settings.set_of_server(transaction, bot.server.id, ServerSettings(channel.id))
    bot.app.container.delivery.case_poster.wake()
    return channel


async def _pressed(person: Person, source: ShownMessage, custom_id: str) -> ShownMessage:
    """Press the first button of a message as if it had this custom id, as a modified client can."""
    button = next(each for row in source.components for each in row.get("components", ()))
    real, button["custom_id"] = button["custom_id"], custom_id
    try:
        handle = await person.press(source, custom_id=custom_id)
    finally:
        button["custom_id"] = real
    return await handle.message_where(lambda m: bool(m.text), timeout_s=WAIT_S)


async def _has_lost_everything(message: ShownMessage) -> None:
    async with asyncio.timeout(WAIT_S):
        while message.pictures or "is hidden by this server's moderators" not in message.text:
            await asyncio.sleep(0.005)
    assert "reynard" not in message.text
    assert message.attachments == []


async def test_what_is_hidden_is_hidden_everywhere_and_comes_back(environment: BotEnvironment) -> None:
    environment.clock.advance(8 * 86_400)
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt=PROMPT, count=2)
        before = [picture.data for picture in done.pictures]
        shown = await result(await bot.ada.command(bot.channel, "show", job="1"))
        asked = await answered(bot.bob, done, "♥", "Which pictures of #1")
        await bot.bob.press(asked, label="♡ 1")
        await bot.until("SELECT COUNT(*) FROM favourites", 1)
        key = await _key(bot)
        # A forged press under a public result does not replace it.
        for custom_id, sentence in (
            (f"kb:fav:{key}:0", "Which pictures of #1"),
            (f"kb:delno:{key}:0", "#1 stays."),
            (f"kb:delno:{key}:1", "#1 stays."),
            (f"kb:unfav:{key}:0", "Which pictures of #1"),
        ):
            told = await _pressed(bot.bob, done, custom_id)
            assert told.is_ephemeral, custom_id
            assert sentence in told.text, custom_id
        assert [picture.data for picture in done.pictures] == before
        child = await result(await bot.bob.press(done, label="V1"))
        mods = await _with_moderators_channel(bot)
        told = await said_alone(
            await _reported(bot, bot.bob, done, "It shows me", "my [face](http://x)"),
            "Thank you. This server's moderators will look at #1. Until they have, it is hidden",
        )
        assert "reynard" not in told.text
        for message in (done, shown):
            await _has_lost_everything(message)
        for person in (bot.bob, bot.ada):
            await _commands_refuse(bot, person, key)
            await _buttons_refuse(person, done, key)
        why = await answered(bot.ada, done, "Why?", "it shows somebody who does not want that")
        assert "If no moderator decides otherwise, it is shown again" in why.text
        stranger = await answered(bot.bob, done, "Why?", "#1 is hidden by this server's moderators")
        assert "does not want" not in stranger.text
        # Lists: the author reads that it is hidden; others do not find it, whatever they search for.
        page = await said(await bot.ada.command(bot.channel, "history"), "Hidden by this server's moderators")
        assert "reynard" not in page.text
        assert not page.pictures
        for search in ({}, {"text": "reynard"}):
            marked = await bot.bob.command_with(bot.channel, "history", {"favourites": True, **search})
            listed = await marked.message_where(lambda m: bool(m.text), timeout_s=WAIT_S)
            assert "#1" not in listed.text
        assert await bot.ada.autocomplete(bot.channel, "show", "job", "", timeout_s=WAIT_S) == []
        assert await bot.ada.autocomplete(bot.channel, "edit", "picture", "", timeout_s=WAIT_S) == []
        await said(await bot.ada.command(bot.channel, "edit", instruction="a hat"), "no picture")
        recipe = await chosen_in_more(bot.bob, child, "Recipe", "Made from #1 of")
        assert key not in recipe.text
        # The moderators' post, and two of them at once.
        post = await mods.message_where(has_pictures, timeout_s=WAIT_S)
        assert "reynard" not in post.text
        assert post.pictures[0].spoiler
        assert f"<@{bot.bob.id}>: **it shows somebody who does not want that** (picture 1)" in post.text
        assert "my \\[face\\]" in post.text
        assert "http://x" not in post.text
        second = bot.standin.world.add_member(bot.server, "second", permissions=("manage_messages",))
        handles = [await person.press(post, label="Dismiss") for person in (bot.moderator, second)]
        texts = [
            (await handle.message_where(lambda m: bool(m.text), timeout_s=WAIT_S)).text for handle in handles
        ]
        assert sorted("has done that already" in text for text in texts) == [False, True]
        await bot.until("SELECT COUNT(*) FROM refreshes", 0)
        for message in (done, shown):
            assert [picture.data for picture in message.pictures] == before
            assert "reynard" in message.text
        assert {button.label for button in done.buttons} >= {"V1", "E2", "Reroll", "More …"}
        await bot.until("SELECT COUNT(*) FROM report_cases WHERE post_state = 'posted'", 1)
        assert "dismissed the report" in post.text
        with pytest.raises(Exception, match="disabled"):
            await bot.moderator.press(post, label="Ban")
        await said(await bot.bob.command(bot.channel, "queue"), "You reported #1: the moderators have looked")
        await said(await bot.ada.command(bot.channel, "queue"), "Your picture #1 is shown again.")
        await result(await bot.bob.press(done, label="Reroll"))
        again = await _pressed(bot.bob, done, f"kb:do:{key}:0:report")
        assert "You have reported #1 before" in again.text


async def _buttons_refuse(person: Person, done: ShownMessage, key: str) -> None:
    for custom_id in (
        f"kb:recipe:{key}",
        f"kb:fav:{key}",
        f"kb:fav:{key}:0",
        f"kb:unfav:{key}:0",
        f"kb:show:{key}",
        f"kb:vary:{key}:0:subtle",
        f"kb:reroll:{key}",
        f"kb:edit:{key}:0",
        f"kb:more:{key}",
        f"kb:more:{key}:0",
        f"kb:do:{key}:0:recipe",
        f"kb:do:{key}:0:original",
        f"kb:do:{key}:0:report",
        f"kb:delno:{key}:0",
        f"kb:delno:{key}:1",
    ):
        _assert_refused(await _pressed(person, done, custom_id), custom_id)


async def _commands_refuse(bot: RunningBot, person: Person, key: str) -> None:
    commands: list[tuple[str, dict[str, object]]] = [
        ("variations", {"picture": f"{key}.0"}),
        ("edit", {"picture": f"{key}.1", "instruction": "a hat"}),
    ]
    if person is bot.ada:
        commands += [("show", {"job": "1"}), ("edit", {"picture": "#1", "instruction": "a hat"})]
    for name, values in commands:
        told = await said(await person.command_with(bot.channel, name, values), "#1 is hidden")
        _assert_refused(told, name)


def _assert_refused(told: ShownMessage, what: str) -> None:
    assert "#1 is hidden" in told.text, what
    assert told.is_ephemeral, what
    assert "reynard" not in told.text, what
    assert not told.pictures, what


async def test_reports_without_a_channel_and_what_moderators_do(environment: BotEnvironment) -> None:
    environment.clock.advance(8 * 86_400)
    world = environment.standin.world
    elsewhere = world.add_server("Elsewhere")
    there = world.add_channel(elsewhere, "there")
    stranger = world.add_member(elsewhere, "stranger", permissions=("manage_messages",))
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt=PROMPT)
        form = await _form(await bot.bob.menu(done, "Report this image"))
        told = await bot.bob.submit(form, {"What is wrong with it?": "Hateful"})
        await said_alone(told, "It stays where it is until they decide.")
        others = bot.bob.write(bot.channel, "hello")
        refused = await bot.ada.menu(others, "Report this image")
        await said_alone(refused, "I can only pass on reports of pictures that I made.")
        await said_alone(await bot.ada.menu(done, "Report this image"), "is your own picture")
        bans = await bot.moderator.command(bot.channel, "mod bans")
        await said_alone(bans, "One report waits for a decision: /mod reports.")
        listed = await said_alone(
            await bot.moderator.command(bot.channel, "mod reports"), "hateful · one report"
        )
        opened = await result(await bot.moderator.press(listed, label="Open #1"))
        assert opened.is_ephemeral
        assert opened.pictures[0].spoiler
        listed_there = await result(await stranger.command(there, "imagine", prompt="a dog"))
        for person, channel, sentence in (
            (bot.bob, bot.channel, "is in a channel that you do not moderate"),
            (stranger, there, "There is no such report in this server."),
        ):
            source = await delivered(bot, person) if channel is bot.channel else listed_there
            for custom_id in ("kb:case:1", "kb:judge:1:hide", "kb:judge:1:delete:1", "kb:judge:1:ban"):
                assert sentence in (await _pressed(person, source, custom_id)).text
        boss = bot.standin.world.add_member(bot.server, "boss", permissions=("manage_guild",))
        of_boss = await delivered(bot, boss)
        await said(await _reported(bot, bot.bob, of_boss, "Hateful"), "It stays where it is")
        cases = await said(await bot.moderator.command(bot.channel, "mod reports"), "hateful")
        about_boss = await result(await bot.moderator.press(cases, label="Open #3"))
        for label in ("Ban", "Time out 24 h"):
            await answered(bot.moderator, about_boss, label, "That member may manage this server")
        bot.standin.break_next("GET /guilds/*/members/*", status=403, code=50001, times=2)
        await answered(bot.moderator, about_boss, "Ban", "and an admin must not be banned")
        await answered(bot.moderator, about_boss, "Dismiss", "The report is dismissed.")
        await answered(bot.moderator, opened, "Warn", "reads a warning below the answer")
        bot.standin.clear_faults()  # a warning asked Discord nothing
        warned = await bot.ada.command(bot.channel, "queue")
        text = (await said_alone(warned, "A warning from this server's moderators")).text
        assert (
            "your picture #1 was reported (hateful), and a moderator agreed. It is your first here." in text
        )
        second = await bot.ada.command(bot.channel, "quota")
        await second.message_where(lambda m: bool(m.text), timeout_s=WAIT_S)
        mods = await _with_moderators_channel(bot)
        await answered(bot.moderator, opened, "Hide", "#1 is hidden; ")
        await _has_lost_everything(done)
        await said(await bot.moderator.command(bot.channel, "mod unhide", job="#1"), "#1 is shown again.")
        asked = await answered(bot.moderator, opened, "Delete …", "Delete #1 for good?")
        await answered(bot.moderator, asked, "Delete for good", "#1 is deleted, with every message")
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert done.is_deleted
        assert mods.messages == []
        queue = await bot.ada.command(bot.channel, "queue")
        await said(queue, "This server's moderators have deleted your picture #1.")
        assert len([m for handle in (second, queue) for m in handle.messages if "A warning" in m.text]) == 0


async def test_a_post_is_sent_once_and_loses_a_deleted_picture(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        mods = await _with_moderators_channel(bot)
        done = await delivered(bot, prompt=PROMPT)
        await said(await _reported(bot, bot.bob, done, "It shows me"), "It stays where it is")
        await bot.until("SELECT COUNT(*) FROM report_cases WHERE post_state = 'posted'", 1)
        [post] = mods.messages
        assert post.pictures
        carol = bot.standin.world.add_member(bot.server, "carol")
        bot.standin.world.hide(mods, carol)
        await said(await _reported(bot, carol, done, "Something else"), "It stays where it is")
        await bot.until("SELECT COUNT(*) FROM report_cases WHERE post_state = 'posted'", 1)
        assert "something else" in post.text
        # What is reported as sexual with a minor is posted nowhere again.
        for name in ("dan", "eve", "finn", "gus"):
            person = bot.standin.world.add_member(bot.server, name)
            await said(await _reported(bot, person, done, "Something else"), "It stays where it is")
        hal = bot.standin.world.add_member(bot.server, "hal")
        await said(await _reported(bot, hal, done, "Sexual, with a minor"), "It stays where it is")
        await bot.until("SELECT COUNT(*) FROM report_cases WHERE post_state = 'posted'", 1)
        assert post.pictures == []
        assert f"Whoever sees <#{bot.channel.id}> can look at it in its message." in post.text
        assert post.buttons[0].label == "Delete …"
        # The process ended after the post was sent and before that was noted.
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change("UPDATE report_cases SET post_state = 'posting', post_message_id = NULL")
        bot.clock.advance(600)  # Discord forgets a nonce within minutes
        bot.app.container.delivery.case_poster.wake()
        await bot.until("SELECT COUNT(*) FROM report_cases WHERE post_state = 'posted'", 1)
        assert mods.messages == [post]
        question = await chosen_in_more(bot.ada, done, "Delete", "Delete #1 for good?")
        await answered(bot.ada, question, "Delete for good", "#1 is deleted.")
        await bot.until("SELECT COUNT(*) FROM report_cases WHERE post_state = 'posted'", 1)
        assert post.pictures == []
        assert "The picture is deleted." in post.text
