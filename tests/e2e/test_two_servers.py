"""One person in two servers: what they choose in one, and what menus find, is that server's alone."""

import io
import zipfile

from kleinbot.sandbox import Upload
from tests.e2e.pictures import a_png, answered, delivered, result, said, said_alone
from tests.e2e.running_bot import BotEnvironment
from tests.scripted_engine import ScriptedEngine

UNSEEN = "I know no such result here"
SECRET = "a violet zeppelin"


async def test_choices_and_menus_stay_within_their_server(environment: BotEnvironment) -> None:
    world = environment.standin.world
    other = world.add_server("Other")
    place = world.add_channel(other, "place")
    ada = world.add_member(other, environment.ada.name)
    carl = world.add_member(other, "carl", permissions=("manage_guild", "manage_messages"))
    assert ada.id == environment.ada.id
    async with environment.running_bot(ScriptedEngine()) as bot:
        here = await delivered(bot, prompt=SECRET)
        there = await result(await ada.command(place, "imagine", prompt="a hat"))
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
        # What she chooses there does not hold here.
        shown = await said_alone(await ada.command(place, "settings"), "As this server has it: yes")
        await answered(ada, shown, "No", "make here?** No")
        await answered(ada, shown, "No previews", "while they are drawn?** No")
        own = await said_alone(await bot.ada.command(bot.channel, "settings"), "As this server has it: yes")
        assert "while they are drawn?** Yes" in own.text
        await answered(carl, there, "Subtle", "does not want others to edit it")
        varied = await result(await bot.bob.press(here, label="Subtle"))
        assert await bot.number("SELECT COUNT(*) FROM member_settings") == 1
        # A message there that carries buttons of a result here, as another application may post it.
        copied = ada.attach(place, "look", Upload("a.png", a_png()))
        copied.payload["components"] = here.components
        jobs = await bot.number("SELECT COUNT(*) FROM jobs")
        for person in (ada, carl):
            await said_alone(await person.menu(copied, "Image info"), "I do not know that picture")
            await said_alone(
                await person.menu(copied, "Report this image"), "only pass on reports of pictures"
            )
        taken = await said_alone(
            await carl.menu(copied, "Remove what was made from it"), "posted by somebody else"
        )
        assert SECRET not in taken.text
        await said_alone(
            await ada.menu(copied, "Remove what was made from it"), "Nobody else has made anything"
        )
        there.payload["components"] = here.components
        for person in (ada, carl):
            for menu in ("Image info", "Report this image"):
                await said_alone(await person.menu(there, menu), UNSEEN)
        assert await bot.number("SELECT COUNT(*) FROM jobs") == jobs
        assert await bot.number("SELECT COUNT(*) FROM reports") == 0
        assert await bot.number("SELECT COUNT(*) FROM takedowns") == 0
        assert not varied.is_deleted
        # Nor do their histories.
        listed = await said(await ada.command(place, "history"), "a hat")
        assert SECRET not in listed.text


async def test_whoever_reads_german_reads_german_about_their_data(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine(), contact="post@example.org") as bot:
        greta = bot.standin.world.add_member(bot.server, "greta", locale="de")
        made = await delivered(bot, greta, prompt="ein Fuchs")
        policy = await said_alone(
            await greta.command(bot.channel, "privacy policy"), "Was ich über dich habe"
        )
        assert "Fragen: post@example.org" in policy.text
        assert "Kein Programm beurteilt die Bilder" in policy.text
        asked = await greta.command(bot.channel, "privacy export")
        await said_alone(asked, "Das ist alles, was ich über dich habe: eine Datei mit einem Bild.")
        (part,) = [message for message in asked.messages if message.pictures]
        assert "Deine Daten, Teil 1" in part.text
        with zipfile.ZipFile(io.BytesIO(part.pictures[0].data)) as opened:
            assert f"{bot.server.id}/pictures/1-1.png" in opened.namelist()
        again = await greta.command(bot.channel, "privacy export")
        await said_alone(again, "Du hast dir deine Daten am letzten Tag schon geben lassen.")
        question = await said_alone(
            await greta.command(bot.channel, "privacy delete"), "Alles löschen, was ich über"
        )
        for sentence in (
            "Was noch eine Weile bleibt:",
            "bis es nach keiner Regel mehr zählt",
            "Kopien in Sicherungen",
        ):
            assert sentence in question.text
        assert [button.label for button in question.buttons] == ["Alles löschen", "Alles behalten"]
        await answered(greta, question, "Alles behalten", "Es wurde nichts gelöscht.")
        question = await said_alone(
            await greta.command(bot.channel, "privacy delete"), "Alles löschen, was ich über"
        )
        pressed = await greta.press(question, label="Alles löschen")
        await said(pressed, "Alles, was ich über dich hatte, ist gelöscht.")
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert made.is_deleted
        settings = await said_alone(
            await greta.command(bot.channel, "settings"), "Dürfen andere Bilder bearbeiten"
        )
        assert "Sehen, was aus deinen Bildern wird" in settings.text
