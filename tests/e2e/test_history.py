"""/history and /show, before and after a restart."""

import pytest

from kleinbot.sandbox import InteractionHandle, ShownMessage
from tests.e2e.pictures import chosen_in_more, imagined
from tests.e2e.running_bot import BotEnvironment, RunningBot, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0


async def _many(bot: RunningBot, count: int) -> None:
    for index in range(1, count + 1):
        await imagined(bot, bot.ada, prompt=f"fox {index}")


def _numbers(page: ShownMessage) -> list[int]:
    return [int(button.label.removeprefix("Show #")) for button in page.buttons if "#" in button.label]


async def _page(handle: InteractionHandle, first: int) -> ShownMessage:
    return await handle.message_where(lambda m: _numbers(m)[:1] == [first], timeout_s=QUICK_S)


async def test_paging_through_30_jobs_goes_on_after_a_restart(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _many(bot, 30)
        opened = await bot.ada.command(bot.channel, "history")
        page = await _page(opened, 30)
        assert page.is_ephemeral
        assert _numbers(page) == [30, 29, 28, 27, 26]
        assert len(page.pictures) == 5
        assert page.pictures[0].alt_text == "Drawn by an AI model for the prompt: fox 30"
        assert "Newer" not in [button.label for button in page.buttons]
    async with environment.running_bot(ScriptedEngine()) as bot:
        for first in (25, 20, 15, 10, 5):
            page = await _page(await bot.ada.press(page, label="Older"), first)
            assert _numbers(page) == list(range(first, first - 5, -1))
        assert "Older" not in [button.label for button in page.buttons]
        for first in (10, 15, 20, 25, 30):
            page = await _page(await bot.ada.press(page, label="Newer"), first)
        assert "Newer" not in [button.label for button in page.buttons]


async def test_what_comes_meanwhile_does_not_move_the_pages(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await _many(bot, 6)
        page = await _page(await bot.ada.command(bot.channel, "history"), 6)
        await imagined(bot, bot.ada, prompt="a seventh fox")
        page = await _page(await bot.ada.press(page, label="Older"), 1)
        assert _numbers(page) == [1]


@pytest.mark.parametrize(
    ("text", "found"),
    [("red FOX", [4, 1]), ("fox red", [4, 1]), ("100%", [2]), ("_", [3]), ("\\", []), ("'; --", [])],
)
async def test_the_text_is_looked_for_literally_and_each_word_anywhere(
    environment: BotEnvironment, text: str, found: list[int]
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        for prompt in ("a red fox", "100% wolf", "snake_case", "the fox is red", "1000 hares"):
            await imagined(bot, bot.ada, prompt=prompt)
        handle = await bot.ada.command(bot.channel, "history", text=text)
        page = await handle.message_where(lambda m: bool(m.text), timeout_s=QUICK_S)
        assert _numbers(page) == found
        assert bool(found) != ("Nothing of yours" in page.text)


async def test_a_filter_of_full_length_is_kept_while_turning_pages(environment: BotEnvironment) -> None:
    text = "fuchs " * 9 + "füchse"
    assert len(text) == 60
    async with environment.running_bot(ScriptedEngine()) as bot:
        for index in range(6):
            await imagined(bot, bot.ada, prompt=f"{text} {index}")
            await imagined(bot, bot.ada, prompt="something else")
        page = await _page(await bot.ada.command(bot.channel, "history", text=text), 11)
        assert all(len(button.custom_id or "") <= 100 for button in page.buttons)
        page = await _page(await bot.ada.press(page, label="Older"), 1)
        assert _numbers(page) == [1]


async def test_a_search_for_too_many_words_is_refused_and_typing_them_suggests_by_the_first(
    environment: BotEnvironment,
) -> None:
    words = " ".join("abcdefghi")
    async with environment.running_bot(ScriptedEngine()) as bot:
        refused = await bot.ada.command(bot.channel, "history", text=words)
        await refused.message_where(
            lambda m: m.text == "That is more than I search for: type up to 8 words and 200 characters.",
            timeout_s=QUICK_S,
        )
        await imagined(bot, bot.ada, prompt=f"{words[:-2]} and no more")
        found = await bot.ada.autocomplete(bot.channel, "show", "job", f"{words} {'x ' * 2000}")
        assert [choice.value for choice in found] == ["#1"]


async def test_favourites_of_others_are_listed_and_shown_to_me_alone(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        empty = await bot.ada.command(bot.channel, "history", favourites=True)
        await empty.message_where(lambda m: "marked no picture yet" in m.text, timeout_s=QUICK_S)
        await imagined(bot, bot.ada, prompt="mine, not marked")
        his = await imagined(bot, bot.bob, prompt="a wolf of bob")
        pressed = await bot.ada.press(his, label="♥")
        await pressed.message_where(lambda m: "one of your favourites" in m.text, timeout_s=QUICK_S)
        page = await _page(await bot.ada.command(bot.channel, "history", favourites=True), 2)
        assert _numbers(page) == [2]
        assert f"<@{bot.bob.id}> ♥" in page.text
        show = await bot.ada.press(page, label="Show #2")
        shown = await show.message_where(has_pictures, timeout_s=QUICK_S)
        assert shown.is_ephemeral


async def test_an_empty_history_says_how_to_begin(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot, bot.bob, prompt="not of ada")
        handle = await bot.ada.command(bot.channel, "history")
        await handle.message_where(lambda m: "Begin with /imagine" in m.text, timeout_s=QUICK_S)


async def test_show_posts_one_of_mine_again_with_live_buttons(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        first = await imagined(bot, bot.ada, prompt="a red fox", count=2)
        await imagined(bot, bot.ada, prompt="a wolf")
        await imagined(bot, bot.bob, prompt="a fox of bob")
        bot.standin.delete_message(first)
    async with environment.running_bot(ScriptedEngine()) as bot:
        choices = await bot.ada.autocomplete(bot.channel, "show", "job", "fox")
        assert [choice.name for choice in choices] == ["#1 a red fox"]
        by_number = await bot.ada.autocomplete(bot.channel, "show", "job", "#2")
        assert by_number[0].name == "#2 a wolf"
        handle = await bot.ada.command(bot.channel, "show", job=choices[0].value)
        shown = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert not shown.is_ephemeral
        assert len(shown.pictures) == 2
        await chosen_in_more(bot.bob, shown, "Recipe", "/imagine prompt:")


async def test_a_private_result_is_shown_to_its_member_alone(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot, bot.ada, prompt="a secret", private=True)
        page = await _page(await bot.ada.command(bot.channel, "history"), 1)
        pressed = await bot.ada.press(page, label="Show #1")
        assert (await pressed.message_where(has_pictures, timeout_s=QUICK_S)).is_ephemeral
        handle = await bot.ada.command(bot.channel, "show", job="1")
        assert (await handle.message_where(has_pictures, timeout_s=QUICK_S)).is_ephemeral
        assert bot.channel.messages == []


@pytest.mark.parametrize("job", ["#1", "7", "nonsense"])
async def test_what_is_not_mine_or_not_there_is_not_shown(environment: BotEnvironment, job: str) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot, bot.bob, prompt="a fox of bob")
        handle = await bot.ada.command(bot.channel, "show", job=job)
        refused = await handle.message_where(lambda m: "I know no result" in m.text, timeout_s=QUICK_S)
        assert refused.is_ephemeral


async def test_a_picture_whose_file_has_gone_is_named_and_the_rest_shown(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        await imagined(bot, bot.ada, prompt="a fox", count=2)
        next(environment.folder.glob("archive/images/*/*-0.png")).unlink()
        handle = await bot.ada.command(bot.channel, "show", job="1")
        shown = await handle.message_where(has_pictures, timeout_s=QUICK_S)
        assert len(shown.pictures) == 1
        assert "Picture 1 is no longer in the archive." in shown.text
        listed = await bot.ada.command(bot.channel, "history")
        page = await listed.message_where(lambda m: "#1" in m.text, timeout_s=QUICK_S)
        assert page.pictures == []


async def test_a_deleted_result_is_neither_listed_nor_shown(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await imagined(bot, bot.ada, prompt="a fox")
        question = await chosen_in_more(bot.ada, done, "Delete", "for good?")
        page = await _page(await bot.ada.command(bot.channel, "history"), 1)
        confirmed = await bot.ada.press(question, label="Delete for good")
        await confirmed.message_where(lambda m: "is deleted" in m.text, timeout_s=QUICK_S)
        pressed = await bot.ada.press(page, label="Show #1")
        await pressed.message_where(lambda m: "has been deleted" in m.text, timeout_s=QUICK_S)
        listed = await bot.ada.command(bot.channel, "history")
        await listed.message_where(lambda m: "no pictures here yet" in m.text, timeout_s=QUICK_S)
        named = await bot.ada.command(bot.channel, "show", job="1")
        await named.message_where(lambda m: "has been deleted" in m.text, timeout_s=QUICK_S)
