"""Members can do nothing with pictures of channels that they cannot see, even if they know the key."""

from kleinbot.sandbox import InteractionHandle, ShownMessage
from tests.e2e.pictures import chosen_in_more, imagined, result, said
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine

WAIT_S = 10.0


def _numbers(page: ShownMessage) -> list[int]:
    return [int(button.label.removeprefix("Show #")) for button in page.buttons if "#" in button.label]


async def _page(handle: InteractionHandle, first: int) -> ShownMessage:
    return await handle.message_where(lambda m: _numbers(m)[:1] == [first], timeout_s=WAIT_S)


async def _key(bot: RunningBot, number: int) -> str:
    row = await bot.app.container.base.database.read.one("SELECT job_id FROM jobs WHERE number = ?", number)
    assert row is not None
    return str(row[0])


async def test_a_recipe_does_not_name_a_parent_that_its_reader_cannot_see(
    environment: BotEnvironment,
) -> None:
    world = environment.standin.world
    secret = world.add_channel(environment.server, "secret")
    world.hide(secret, environment.bob)
    async with environment.running_bot(ScriptedEngine()) as bot:
        await result(await bot.ada.command(secret, "imagine", prompt="a red fox"))
        key = await _key(bot, 1)
        child = await result(await bot.ada.command(bot.channel, "variations", picture="#1"))
        for reader, sees in ((bot.moderator, True), (bot.bob, False)):
            recipe = await chosen_in_more(reader, child, "Recipe", "Made from #1 of")
            assert (f"picture:{key}.0" in recipe.text) is sees
            assert ("You cannot see that picture, so the command leaves it out" in recipe.text) is not sees
        for command, more in (("edit", {"instruction": "a hat"}), ("variations", {})):
            options = {"picture": f"{key}.0", **more}
            told = await said(await bot.bob.command(bot.channel, command, **options), "no such picture")
            assert told.is_ephemeral
            await result(await bot.moderator.command(bot.channel, command, **options))
        assert await bot.number(f"SELECT COUNT(*) FROM jobs WHERE member_id = {bot.bob.id}") == 0


async def test_what_was_shown_in_a_channel_may_be_used_by_who_sees_that(environment: BotEnvironment) -> None:
    world = environment.standin.world
    secret = world.add_channel(environment.server, "secret")
    world.hide(secret, environment.bob)
    async with environment.running_bot(ScriptedEngine()) as bot:
        await result(await bot.ada.command(secret, "imagine", prompt="a red fox"))
        shown = await result(await bot.ada.command(bot.channel, "show", job="1"))
        await bot.until("SELECT COUNT(*) FROM posted_images WHERE origin = 'show'", 1)
        await result(await bot.bob.press(shown, label="Subtle"))
        picture = f"{await _key(bot, 1)}.0"
        await result(await bot.bob.command(bot.channel, "edit", picture=picture, instruction="a hat"))


async def test_what_one_person_alone_was_shown_is_shown_to_nobody_else_in_that_channel(
    environment: BotEnvironment,
) -> None:
    world = environment.standin.world
    secret = world.add_channel(environment.server, "secret")
    world.hide(secret, environment.bob)
    async with environment.running_bot(ScriptedEngine()) as bot:
        hidden = await result(await bot.ada.command(secret, "imagine", prompt="a red fox"))
        picture = f"{await _key(bot, 1)}.0"
        await said(await bot.moderator.press(hidden, label="♥"), "#1 is one of your favourites")
        page = await said(await bot.moderator.command(bot.channel, "history", favourites=True), "#1")
        assert (await result(await bot.moderator.press(page, label="Show #1"))).is_ephemeral
        await said(await bot.bob.command(bot.channel, "variations", picture=picture), "no such picture")
        assert await bot.number("SELECT COUNT(*) FROM posted_images") == 1


async def test_what_is_handed_over_is_shown_to_its_member_alone(environment: BotEnvironment) -> None:
    world = environment.standin.world
    secret = world.add_channel(environment.server, "secret")
    world.hide(secret, environment.bob)
    async with environment.running_bot(ScriptedEngine()) as bot:
        await result(await bot.ada.command(secret, "imagine", prompt="a red fox"))
        picture = f"{await _key(bot, 1)}.0"
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change("UPDATE outbox SET state = 'kept'")
            await transaction.change("DELETE FROM posted_images")
        assert (await result(await bot.ada.command(bot.channel, "queue"))).is_ephemeral
        await bot.until("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", 1)
        await said(await bot.bob.command(bot.channel, "variations", picture=picture), "no such picture")


async def test_a_mark_does_not_show_what_its_channel_does_not_any_more(environment: BotEnvironment) -> None:
    world = environment.standin.world
    secret = world.add_channel(environment.server, "secret")
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot, prompt="a common dog")
        done = await result(await bot.ada.command(secret, "imagine", prompt="a red fox"))
        await said(await bot.bob.press(done, label="♥"), "#2 is one of your favourites")
        await said(await bot.bob.command(bot.channel, "history", favourites=True), "a red fox")
        world.hide(secret, environment.bob)
        page = await said(await bot.bob.command(bot.channel, "history", favourites=True), "#2")
        assert "It is in a channel that you cannot see from here." in page.text
        assert "red fox" not in page.text
        assert not page.pictures
        assert not page.buttons
        again = await bot.ada.command(bot.channel, "history")
        assert _numbers(await _page(again, 2)) == [2, 1]


async def test_a_page_that_was_emptied_meanwhile_shows_what_is_left(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        for index in range(1, 8):
            await imagined(bot, prompt=f"fox {index}")
        page = await _page(await bot.ada.command(bot.channel, "history"), 7)
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change("UPDATE jobs SET deleted_ms = 1 WHERE number < 3")
        pressed = await bot.ada.press(page, label="Older")
        page = await pressed.message_where(
            lambda m: "Older" not in [each.label for each in m.buttons], timeout_s=WAIT_S
        )
        assert _numbers(page) == [7, 6, 5, 4, 3]
        assert "Newer" not in [each.label for each in page.buttons]


async def test_pages_of_a_history_that_was_emptied_say_so(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        for index in range(1, 8):
            await imagined(bot, prompt=f"fox {index}")
        first = await _page(await bot.ada.command(bot.channel, "history"), 7)
        second = await _page(await bot.ada.press(first, label="Older"), 2)
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change("UPDATE jobs SET deleted_ms = 1")
        emptied = await said(await bot.ada.press(second, label="Newer"), "You have no pictures here yet")
        assert list(emptied.buttons) == []
