"""*More …* under a result: what each reader gets, each entry, and what happens meanwhile."""

from pathlib import Path

from kleinbot.sandbox import ShownMessage
from tests.e2e.fault_injection import noisy_engine
from tests.e2e.pictures import (
    a_png,
    answered,
    chosen_in_more,
    delivered,
    forge_button,
    open_more,
    result,
    said_alone,
)
from tests.e2e.running_bot import BotEnvironment
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0
TWO_PICTURES_ARE_TOO_MUCH = 350_000


def labels(message: ShownMessage) -> list[str]:
    return [button.label for button in message.buttons]


async def test_each_reader_gets_what_they_may_do_with_the_picture(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox", count=2)
        listed = await open_more(bot.ada, done)
        assert listed.text.splitlines()[0] == "What you can do with picture 1 of #1:"
        assert labels(listed) == [
            "1",
            "2",
            "Recipe",
            "Copy as command",
            "Family tree",
            "Original file",
            "Share …",
            "Delete",
        ]
        assert {*labels(await open_more(bot.bob, done))} == {*labels(listed), "Report"} - {
            "Delete",
            "Share …",
        }
        assert {*labels(await open_more(bot.moderator, done))} == {*labels(listed), "Report"} - {"Share …"}
        assert [button.disabled for button in listed.buttons[:2]] == [True, False]
        chosen = await bot.ada.press(listed, label="2")
        await chosen.message_where(lambda m: "picture 2 of #1" in m.text, timeout_s=QUICK_S)
    async with environment.running_bot(ScriptedEngine()) as bot:
        sent = await answered(bot.ada, listed, "Original file", "Picture 2 of #1 as I keep it:")
        assert sent.is_ephemeral
        (kept,) = Path(environment.folder).glob("archive/images/*/*-1.png")
        assert [file.data for file in sent.pictures] == [kept.read_bytes()]
        await answered(bot.ada, listed, "Recipe", "checkpoint distilled · 4 steps")
        question = await answered(bot.ada, listed, "Delete", "Delete #1 for good?")
        assert question.id == listed.id
        late = await open_more(bot.bob, done)
        await answered(bot.ada, question, "Delete for good", "#1 is deleted.")
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        for label in ("2", "Recipe", "Copy as command", "Original file"):
            await answered(bot.bob, late, label, "#1 has been deleted")


async def test_what_a_press_was_not_offered_is_refused(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox")
        for name, sentence in (
            ("delete", "You cannot do that with #1, or no longer."),
            ("share-with-the-moon", "belongs to another version of me"),
        ):
            listed = await open_more(bot.bob, done)
            forge_button(listed, "Recipe", lambda custom_id, name=name: custom_id.replace("recipe", name))  # type: ignore[misc]
            await answered(bot.bob, listed, "Recipe", sentence)
        listed = await open_more(bot.bob, done)
        forge_button(listed, "Recipe", lambda custom_id: custom_id.replace(":0:", ":3:"))
        await answered(bot.bob, listed, "Recipe", "I know no result #1 of yours here")
        secret = await delivered(bot, prompt="a secret", private=True)
        key = str(secret.buttons[0].custom_id).split(":")[2]
        assert "Delete" not in labels(await open_more(bot.ada, secret))
        listed = await open_more(bot.bob, done)
        forge_button(listed, "Original file", lambda _: f"kb:do:{key}:0:original")
        await answered(bot.bob, listed, "Original file", "I know no such result here")
        forge_button(done, "More …", lambda _: f"kb:more:{key}")
        await answered(bot.bob, done, "More …", "I know no such result here")
        assert await bot.number("SELECT COUNT(*) FROM jobs WHERE deleted_ms IS NOT NULL") == 0


async def test_a_file_that_is_gone_or_too_large_is_a_sentence(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox")
        bot.standin.limits.file_bytes = 100
        await chosen_in_more(bot.bob, done, "Original file", "Discord takes 0.0 MB from me here")
        for kept in Path(environment.folder).glob("archive/images/*/*.png"):
            kept.unlink()
        await chosen_in_more(bot.bob, done, "Original file", "I no longer keep the file")


async def test_image_info_knows_every_message_of_ours_and_no_other(environment: BotEnvironment) -> None:
    environment.standin.limits.request_bytes = TWO_PICTURES_ARE_TOO_MUCH
    world = environment.standin.world
    secret = world.add_channel(environment.server, "secret")
    world.hide(secret, environment.bob)
    async with environment.running_bot(noisy_engine()) as bot:
        first = await delivered(bot, prompt="a fox", count=2, seed=3)
        bot.standin.limits.request_bytes = 25_000_000
        hidden = await result(await bot.ada.command(secret, "imagine", prompt="a wolf"))
    async with environment.running_bot(ScriptedEngine()) as bot:
        further = bot.channel.messages[-1]
        assert further.text == "#1, continued"
        for message in (first, further):
            info = await said_alone(await bot.bob.menu(message, "Image info"), "checkpoint distilled")
            assert '/imagine prompt:"a fox" aspect:1:1 seed:3 count:2' in info.text
        theirs = bot.bob.attach(bot.channel, "look", a_png())
        await said_alone(await bot.ada.menu(theirs, "Image info"), "I do not know that picture")
        copied = bot.channel.messages[-1]
        copied.payload["components"] = hidden.components  # another application may copy the buttons of ours
        # Its pixels are also those of the first result, which is all that bob may see of them.
        await said_alone(await bot.bob.menu(copied, "Image info"), 'prompt:"a fox"')
        first.payload["components"] = hidden.components
        await said_alone(await bot.bob.menu(first, "Image info"), "I know no such result here")
        await answered(
            bot.ada, await chosen_in_more(bot.ada, hidden, "Delete", "for good?"), "Delete for good", "#2 is"
        )
        await said_alone(await bot.ada.menu(first, "Image info"), "#2 has been deleted")
