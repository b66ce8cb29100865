"""Pictures that people select in any kind of message; and spoilers, which stay spoilers."""

from typing import Any

import pytest

from kleinbot.sandbox import ShownMessage, Upload
from tests.e2e.pictures import a_png, imagined, result, said, size
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

Json = dict[str, Any]
V2 = 1 << 15


def gallery(*names: str, spoiler: bool = False) -> Json:
    items = [{"media": {"url": f"attachment://{name}"}, "spoiler": spoiler} for name in names]
    return {"type": 12, "items": items}


def section(name: str) -> Json:
    thumbnail = {"type": 11, "media": {"url": f"attachment://{name}"}}
    return {"type": 9, "components": [{"type": 10, "content": "look"}], "accessory": thumbnail}


async def edited(bot: RunningBot, message: ShownMessage, which: str | None = None) -> ShownMessage:
    form = await bot.ada.menu(message, "Edit this image")
    await form.modal_opened(timeout_s=10)
    values: Json = {"What should change?": "a hat"}
    if which is not None:
        values["Which picture?"] = which
    return await result(await bot.ada.submit(form, values))


async def offered(bot: RunningBot, message: ShownMessage) -> int:
    """Return how many pictures of a message the modal offers."""
    form = await bot.ada.menu(message, "Edit this image")
    modal = await form.modal_opened(timeout_s=10)
    menus = [field for field in modal.fields if field.label == "Which picture?"]
    return len(menus[0].options) if menus else 1


async def test_pictures_in_another_bots_components_are_found(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        other = bot.standin.world.add_bot(bot.server, "painter")
        file = {"type": 13, "file": {"url": "attachment://d.png"}}
        container = {"type": 17, "components": [gallery("a.png"), section("b.png"), file]}
        message = other.post(
            bot.channel,
            {"flags": V2, "components": [container, gallery("c.png")]},
            Upload("a.png", a_png(256, 256)),
            Upload("b.png", a_png(320, 192)),
            Upload("c.png", a_png(192, 320)),
            Upload("d.png", a_png(256, 256)),
        )
        assert message.attachments == []
        assert await offered(bot, message) == 4
        done = await edited(bot, message, "Picture 2")
        assert size(done.pictures[0]) == (320, 192)
        assert not done.pictures[0].spoiler
        assert size((await edited(bot, message, "Picture 4")).pictures[0]) == (192, 320)


async def test_a_picture_in_another_bots_embed_is_found(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        other = bot.standin.world.add_bot(bot.server, "painter")
        embed = {"title": "look", "image": {"url": "attachment://a.png"}}
        message = other.post(bot.channel, {"embeds": [embed]}, Upload("a.png", a_png(320, 192)))
        assert message.attachments == []
        assert size((await edited(bot, message)).pictures[0]) == (320, 192)
        assert await offered(bot, bot.bob.forward(bot.channel, message)) == 1


async def test_a_pasted_link_is_found_with_its_embed_or_before_it(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        lying = bot.bob.attach(bot.channel, "", Upload("a.png", a_png(320, 192)))
        link = lying.attachments[0].url
        pasted = bot.bob.write(bot.channel, f"see {link}, nice")
        assert size((await edited(bot, pasted)).pictures[0]) == (320, 192)
        bot.standin.world.unfurl(pasted)
        assert await offered(bot, pasted) == 1
        hidden = bot.bob.write(bot.channel, f"see ||{link}||")
        assert (await edited(bot, hidden)).pictures[0].spoiler
        bot.standin.world.unfurl(hidden)
        assert (await edited(bot, hidden)).pictures[0].spoiler
        open_ = bot.bob.write(bot.channel, f"||no|| {link} ||")
        assert not (await edited(bot, open_)).pictures[0].spoiler


async def test_a_sticker_is_found_unless_it_is_a_drawing_of_lines(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        message = bot.bob.stick(bot.channel, "wave", a_png(320, 192))
        assert size((await edited(bot, message)).pictures[0]) == (320, 192)
        lottie = bot.bob.stick(bot.channel, "wave", b"{}", format_type=3)
        await said(await bot.ada.menu(lottie, "Edit this image"), "has no picture that I can read")


async def test_a_file_of_a_type_that_discord_does_not_know_is_found(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        message = bot.bob.attach(bot.channel, "", Upload("photo.jfif", a_png(320, 192)))
        assert "content_type" not in message.payload["attachments"][0]
        assert size((await edited(bot, message)).pictures[0]) == (320, 192)


@pytest.mark.parametrize(
    "content",
    [
        "https://evil.example/attachments/1/2/a.png",
        "https://cdn.discordapp.com.evil.example/attachments/1/2/a.png",
        "https://cdn.discordapp.com@evil.example/a.png",
        "https://cdn.discordapp.com:8443/attachments/1/2/a.png",
        "http://cdn.discordapp.com/attachments/1/2/a.png",
        "https://cdn.discordapp.com/attachments/1/2/film.mp4",
    ],
)
async def test_links_to_other_places_are_no_pictures(environment: BotEnvironment, content: str) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        message = bot.bob.write(bot.channel, content)
        bot.standin.world.unfurl(message) if "mp4" not in content else None
        handle = await bot.ada.menu(message, "Edit this image")
        assert (await said(handle, "links to other places do not")).is_ephemeral
        typed = await bot.ada.command(bot.channel, "edit", instruction="a hat", picture=content)
        assert (await said(typed, "I only fetch pictures that are kept by Discord")).is_ephemeral


async def test_the_address_of_a_picture_can_be_typed(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        lying = bot.bob.attach(bot.channel, "", Upload("a.png", a_png(320, 192)))
        link = lying.attachments[0].url
        done = await result(
            await bot.ada.command(bot.channel, "edit", instruction="a hat", picture=f" {link} ")
        )
        assert size(done.pictures[0]) == (320, 192)
        await result(await bot.ada.command(bot.channel, "variations", picture=link, which=1))
        bot.clock.advance(25 * 60 * 60)
        late = await bot.ada.command(bot.channel, "edit", instruction="a hat", picture=link)
        await said(late, "I could not fetch that picture from Discord")


async def test_a_spoiler_stays_one_and_so_does_what_is_made_from_it(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        ada, channel = bot.ada, bot.channel
        hidden = Upload("SPOILER_end.png", a_png())
        done = await result(await ada.command(channel, "edit", instruction="a hat", image=hidden))
        for made in (
            done,
            await result(await ada.press(done, label="Reroll")),
            await result(await ada.press(done, label="Subtle")),
            await result(await ada.command(channel, "edit", instruction="a coat", picture="#1")),
            await edited(bot, done),
        ):
            assert [picture.spoiler for picture in made.pictures] == [True]
            assert "SPOILER_" not in made.pictures[0].filename  # our files keep their names
        page = await (await ada.command(channel, "history")).message_where(lambda each: each.pictures)
        assert all(picture.spoiler for picture in page.pictures)
        again = await ada.press(page, label="Show #1")
        assert [picture.spoiler for picture in (await result(again)).pictures] == [True]


async def test_a_spoiler_among_the_references_makes_a_spoiler(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        hidden = Upload("SPOILER_end.png", a_png(seed=2))
        values: Json = {"instruction": "a hat", "image": a_png(), "reference-1": hidden}
        done = await result(await bot.ada.command_with(bot.channel, "edit", values))
        assert done.pictures[0].spoiler
        plain = await imagined(bot)
        assert not plain.pictures[0].spoiler


async def test_a_spoiler_in_a_gallery_or_a_container_stays_one(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        other = bot.standin.world.add_bot(bot.server, "painter")
        container = {"type": 17, "spoiler": True, "components": [section("b.png")]}
        components = [gallery("a.png", spoiler=True), container]
        fields = {"flags": V2, "components": components}
        message = other.post(bot.channel, fields, Upload("a.png", a_png()), Upload("b.png", a_png(seed=2)))
        for which in ("Picture 1", "Picture 2"):
            assert (await edited(bot, message, which)).pictures[0].spoiler
