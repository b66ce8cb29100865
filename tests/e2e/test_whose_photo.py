"""A picture's author decides what others make of it: who may, who sees it, and whether it stays."""

from kleinbot.sandbox import Person, ShownMessage, Upload
from tests.e2e.pictures import a_png, answered, chosen_in_more, delivered, result, said, said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

EDIT, TAKE_BACK = "Edit this image", "Remove what was made from it"


async def _edited(bot: RunningBot, person: Person, message: ShownMessage) -> ShownMessage:
    form = await person.menu(message, EDIT)
    await form.modal_opened()
    done = await result(await person.submit(form, {"What should change?": "a hat"}))
    await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
    return done


async def test_an_edit_of_anothers_photo_is_private_until_posted_and_goes_with_it(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        posted = bot.ada.attach(bot.channel, "me", Upload("me.png", a_png()))
        edited = await _edited(bot, bot.bob, posted)
        assert edited.is_ephemeral
        assert await bot.number(f"SELECT author_id = {bot.ada.id} FROM job_references") == 1
        assert [m for m in bot.channel.messages if m.pictures and m is not posted] == []
        await answered(bot.bob, edited, "Post", "#1 is posted for everybody")
        shown = await bot.channel.message_where(lambda m: m.author_id != bot.ada.id and bool(m.pictures))
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        await answered(bot.bob, edited, "Post", "has already been posted")
        again = await _edited(bot, bot.moderator, shown)
        assert not again.is_ephemeral
        mine = await _edited(bot, bot.ada, posted)
        assert not mine.is_ephemeral
    async with environment.running_bot(ScriptedEngine()) as bot:
        refused = await bot.bob.menu(posted, TAKE_BACK)
        await said_alone(refused, "posted by somebody else")
        await chosen_in_more(bot.ada, shown, "This is my picture …", "Remove everything that others made")
        question = await said_alone(await bot.ada.menu(posted, TAKE_BACK), "Remove everything that others")
        await answered(bot.ada, question, "Remove it", "is being removed")
        await bot.until("SELECT COUNT(*) FROM takedowns", 0)
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert shown.is_deleted
        assert again.is_deleted
        assert not mine.is_deleted
        assert await bot.number("SELECT COUNT(*) FROM jobs WHERE deleted_ms IS NULL") == 1
        await said_alone(await bot.ada.menu(posted, TAKE_BACK), "Nobody else has made anything")
        forged = await bot.ada.menu(posted, TAKE_BACK)
        await said(forged, "Nobody else")


async def test_who_does_not_want_it_is_asked_first(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine(), contact="mail@example.org") as bot:
        asked = await bot.ada.command(bot.channel, "privacy policy")
        policy = await said_alone(asked, "What I hold about you")
        assert "mail@example.org" in policy.text
        done = await delivered(bot, prompt="a fox")
        shown = await said_alone(await bot.ada.command(bot.channel, "settings"), "As this server has it: yes")
        shown = await answered(bot.ada, shown, "No", "make here?** No")
        await answered(bot.bob, done, "Subtle", "does not want others to edit it")
        await answered(bot.bob, done, "Edit", "does not want others to edit it")
        await result(await bot.bob.press(done, label="Reroll"))
        await result(await bot.ada.press(done, label="Subtle"))
        await answered(bot.ada, shown, "Yes", "make here?** Yes")
        await result(await bot.bob.press(done, label="Subtle"))
