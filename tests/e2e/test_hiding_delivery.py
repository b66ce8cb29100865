"""Hidden pictures and reports where Discord or the bot fails in between."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from kleinbot.domain.people import Actor
from kleinbot.domain.server_settings import ServerSettings
from kleinbot.sandbox import Exchange, FakeDiscord, ShownMessage
from kleinbot.store.database import Database
from kleinbot.store.members import servers, settings
from kleinbot.usecases.moderation.hide import Hide
from tests.e2e.pictures import WAIT_S, delivered, open_more, result, said, said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

PROMPT = "a red fox named reynard"


async def _until_hidden(message: ShownMessage) -> None:
    async with asyncio.timeout(WAIT_S):
        while message.pictures or "reynard" in message.text:
            await asyncio.sleep(0.005)


async def _report(bot: RunningBot, message: ShownMessage) -> None:
    form = await bot.bob.press(await open_more(bot.bob, message), label="Report")
    await form.modal_opened(timeout_s=WAIT_S)
    await said_alone(await bot.bob.submit(form, {"What is wrong with it?": "It shows me"}), "Thank you.")


async def test_messages_are_edited_by_the_next_process_and_again_when_the_term_ends(
    environment: BotEnvironment,
) -> None:
    environment.clock.advance(8 * 86_400)
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt=PROMPT, count=2)
        before = [picture.data for picture in done.pictures]
    # The process ended after the change and before a message was edited.
    database = await Database.open(environment.folder / "kleinbot.sqlite3")
    moderator = Actor(environment.server.id, environment.moderator.id, "en-US", is_moderator=True)
    hide = Hide(database, lambda: None, environment.clock)
    await hide.hide(moderator, 1, "no")
    await database.close()
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _until_hidden(done)
        shown = await bot.moderator.command(bot.channel, "mod unhide", job="1")
        await said_alone(shown, "#1 is shown again.")
        await bot.until("SELECT COUNT(*) FROM refreshes", 0)
        assert [picture.data for picture in done.pictures] == before
        await _report(bot, done)
        await _until_hidden(done)
        await bot.until("SELECT COUNT(*) FROM refreshes", 0)
        bot.clock.advance(72 * 3600)
        await done.channel.message_where(lambda m: m is done and has_pictures(m), timeout_s=WAIT_S)
        assert "reynard" in done.text
        assert await bot.number("SELECT COUNT(*) FROM hidings") == 0


async def test_a_hidden_result_is_delivered_and_posted_again_without_pictures(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt=PROMPT)
        kept = await delivered(bot, prompt=PROMPT)
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change("UPDATE outbox SET state = 'kept' WHERE outbox_id = 2")
            await transaction.change("DELETE FROM posted_images WHERE message_id = ?", kept.id)
        for number in ("1", "2"):
            hidden = await bot.moderator.command(bot.channel, "mod hide", job=number, reason="no")
            await said_alone(hidden, "is hidden: nobody is shown its pictures or its prompt")
        await _until_hidden(done)
        handed = await bot.ada.command(bot.channel, "queue")
        told = await said_alone(handed, "**#2** of")
        assert not told.pictures
        assert "reynard" not in told.text
        # A message that is sent while its result is being hidden is found when it is noted.
        job = await bot.app.container.scheduling.queries.job(await _key(bot, 1))
        assert job is not None
        history = bot.app.container.usecases.history
        await bot.until("SELECT COUNT(*) FROM refreshes", 0)
        await history.note_shown(job, (0,), bot.channel.id, kept.id)
        await _until_hidden(kept)


HIDE = (
    "INSERT INTO hidings (job_id, server_id, reason, words, hidden_ms)"
    " SELECT job_id, server_id, 'moderated', '', 1 FROM jobs WHERE number = ?"
)
DELETE = "UPDATE jobs SET deleted_ms = 1, deleted_by = member_id WHERE number = ?"


def _when_sent(standin: FakeDiscord, folder: Path, changes: Sequence[tuple[str, int, str]]) -> None:
    """Change a result at the very moment at which Discord has its message: method, number, statement."""
    left = list(changes)

    def look(exchange: Exchange) -> None:
        if left and "/webhooks/" in exchange.path and exchange.method == left[0][0]:
            _, number, statement = left.pop(0)
            with closing(sqlite3.connect(folder / "kleinbot.sqlite3", timeout=30)) as database, database:
                database.execute(statement, (number,))

    standin.on_exchange.append(look)


async def test_what_is_hidden_or_deleted_while_it_is_handed_over_is_taken_back(
    environment: BotEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kleinbot.app.lifecycle._CLOSING_S", 0.2)  # one hand-over hangs at the stop
    async with environment.running_bot(ScriptedEngine()) as bot:
        for _ in range(4):
            await delivered(bot, prompt=PROMPT)
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change("UPDATE outbox SET state = 'kept' WHERE outbox_id > 1")
            await transaction.change("DELETE FROM posted_images")
        changes = [("POST", 2, DELETE), ("PATCH", 3, DELETE), ("PATCH", 4, HIDE)]
        _when_sent(bot.standin, environment.folder, changes)
        handle = await bot.ada.command(bot.channel, "queue")
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 4)
        left = [message for message in handle.messages if not message.is_deleted]
        assert not any(message.pictures or "reynard" in message.text for message in left)
        assert len(left) == 2
        assert "**#4** of" in left[1].text
        assert await bot.number("SELECT COUNT(*) FROM hand_overs") == 0
        # The same with a process that ends between the message and its note.
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change("UPDATE outbox SET state = 'kept' WHERE outbox_id = 1")
        bot.standin.hang_next_upload(WAIT_S, is_done=True)
        handle = await bot.ada.command(bot.channel, "queue")
        shown = await result(handle)
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change(DELETE, 1)
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.until("SELECT COUNT(*) FROM hand_overs", 0)
        assert shown.is_deleted


async def _key(bot: RunningBot, number: int) -> str:
    row = await bot.app.container.base.database.read.one("SELECT job_id FROM jobs WHERE number = ?", number)
    assert row is not None
    return str(row[0])


async def test_a_channel_that_takes_no_posts_leaves_reports_to_the_commands(
    environment: BotEnvironment,
) -> None:
    world = environment.standin.world
    mods = world.add_channel(environment.server, "mods")
    world.deny(mods, "send_messages")
    admin = world.add_member(environment.server, "boss", permissions=("manage_guild",))
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt=PROMPT)
        chosen = ServerSettings(mods.id, locale="de")
        async with bot.app.container.base.database.transaction() as transaction:
            await servers.remember(transaction, bot.server.id, 1)
            await settings.set_of_server(transaction, bot.server.id, chosen)
        await _report(bot, done)
        await bot.until("SELECT COUNT(*) FROM report_cases WHERE post_state = 'none'", 1)
        assert mods.messages == []
        for person, command in ((bot.moderator, "mod bans"), (admin, "admin channels list")):
            await said(await person.command(bot.channel, command), "One report waits for a decision")
        world.allow(mods, "send_messages")
        set_up = bot.app.container.usecases.set_up.choices
        boss = Actor(bot.server.id, admin.id, "en-US", is_admin=True)
        await set_up.choose_moderators_channel(boss, mods.id)
        post = await mods.message_where(has_pictures, timeout_s=WAIT_S)
        assert "zeigt jemanden, der das nicht möchte" in post.text
        assert [button.label for button in post.buttons] == [
            "Verbergen",
            "Löschen …",
            "Abweisen",
            "Verwarnen",
            "Auszeit 24 h",
            "Sperren",
        ]
        await result(await bot.bob.command(bot.channel, "imagine", prompt="a dog"))
