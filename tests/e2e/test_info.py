"""Any picture, its recipe, and again: through the menu, /info and the form that is filled in."""

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kleinbot.sandbox import Person, ShownMessage
from tests.e2e.pictures import a_png, answered, chosen_in_more, delivered, result, said, said_alone
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

FOREIGN = (
    "a wolf `` ``` <@1> @everyone [x](http://y)\nNegative prompt: **mist**\n"
    "Steps: 20, Sampler: Euler a, Seed: 77, Size: 768x512, Model: C:\\Bob\\sd_xl.safetensors"
)


def with_text(text: str) -> bytes:
    file, info = io.BytesIO(), PngInfo()
    info.add_text("parameters", text)
    Image.open(io.BytesIO(a_png())).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def a_key(message: ShownMessage) -> str:
    """Return the name of a result's first picture, as a choice carries it."""
    return f"{str(message.buttons[0].custom_id).split(':')[2]}.0"


async def told(bot: RunningBot, person: Person, file: bytes, sentence: str) -> ShownMessage:
    """Ask by the menu of a message with this file, posted by bob."""
    posted = bot.bob.attach(bot.channel, "look", file)
    return await said_alone(await person.menu(posted, "Image info"), sentence)


async def test_a_picture_of_any_origin_is_told_and_drawn_again(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        info = await told(bot, bot.ada, with_text(FOREIGN), "Another program drew it")
        assert "Without: \\*\\*mist\\*\\*" in info.text
        assert "Seed 77 · 20 steps · 768×512 · Euler a · sd\\_xl" in info.text
        assert "Bob" not in info.text
        form = await bot.ada.press(info, label="Use this prompt")
        opened = await form.modal_opened()
        values = {field.label: field.value for field in opened.fields}
        assert values["What should it show?"] == "a wolf `` ``` <@1> @everyone [x](http://y)"
        assert values["Seed (empty: any)"] == "77"
        sent = await bot.ada.submit(form, {"Seed (empty: any)": "4294967296"})
        await said(sent, "The seed 4294967296 is out of range")
        form = await bot.ada.press(info, label="Use this prompt")
        await form.modal_opened()
        drawn = await result(await bot.ada.submit(form, {"What should it show?": "a wolf, asleep"}))
        drawn_so = "SELECT COUNT(*) FROM jobs WHERE prompt LIKE '%, asleep' AND seed = 77 AND columns > rows"
        assert await bot.number(drawn_so) == 1
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)

        saved = drawn.pictures[0].data  # a member saves our picture and posts it, or attaches it
        by_pixels = await told(bot, bot.bob, saved, '/imagine prompt:"a wolf, asleep" aspect:3:2 seed:77')
        again = await bot.bob.press(by_pixels, label="Use this prompt")
        await again.modal_opened()
        asked = await bot.bob.command(bot.channel, "info", image=saved)
        await said_alone(asked, "checkpoint distilled")
        link = f"https://discord.com/channels/{bot.server.id}/{bot.channel.id}/{drawn.id}"
        await said_alone(await bot.bob.command(bot.channel, "info", picture=link), "a wolf, asleep")
        other = bot.bob.attach(bot.channel, "look", a_png())
        link = link.rsplit("/", 1)[0] + f"/{other.id}"
        await said_alone(await bot.bob.command(bot.channel, "info", picture=link), "none of mine")
        await said_alone(await bot.ada.command(bot.channel, "info", picture="#1"), "checkpoint distilled")
        await said_alone(await bot.bob.command(bot.channel, "info", picture="#1"), "know no such picture")
        await told(bot, bot.ada, b"no picture", "has no picture that I can read")
        alone = await chosen_in_more(
            bot.bob, drawn, "Family tree", "Nothing that you can see was made from it"
        )
        assert [button.label for button in alone.buttons] == ["Show #1"]
        varied = await result(await bot.bob.command(bot.channel, "variations", picture=a_key(drawn)))
        hidden = await result(
            await bot.ada.command(bot.channel, "variations", picture=a_key(drawn), private=True)
        )
        tree = await chosen_in_more(bot.bob, varied, "Family tree", "**#2** a wolf, asleep")
        assert "#1 a wolf, asleep" in tree.text.splitlines()[1]
        walked = await answered(bot.bob, tree, "#1", "**#1** a wolf, asleep")
        assert [button.label for button in walked.buttons] == ["#2", "Show #1"]
        own = await chosen_in_more(bot.ada, hidden, "Family tree", "**#3** a wolf, asleep")
        await answered(bot.ada, own, "#1", "#3 a wolf, asleep")


async def test_what_a_reader_may_not_see_is_not_known_by_its_pixels(
    environment: BotEnvironment,
) -> None:
    world = environment.standin.world
    secret_channel = world.add_channel(environment.server, "secret")
    world.hide(secret_channel, environment.bob)
    async with environment.running_bot(ScriptedEngine()) as bot:
        private = (await delivered(bot, prompt="a private fox", private=True, seed=1)).pictures[0].data
        away = (
            await result(await bot.ada.command(secret_channel, "imagine", prompt="a far fox", seed=2))
        ).pictures[0]
        gone = await delivered(bot, prompt="a gone fox", seed=3)
        for file in (private, away.data):
            await told(bot, bot.bob, file, "I do not know that picture")
            await told(bot, bot.ada, file, "checkpoint distilled")
        deleting = await chosen_in_more(bot.ada, gone, "Delete", "for good?")
        saved = gone.pictures[0].data
        await answered(bot.ada, deleting, "Delete for good", "is deleted")
        await told(bot, bot.ada, saved, "I do not know that picture")
