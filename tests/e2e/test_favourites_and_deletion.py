"""Favourite, recipe and delete under a result, before and after a restart, by owners and others."""

import asyncio
import re

import pytest

from kleinbot.sandbox import Channel, Person
from kleinbot.sandbox.terminal.typed_lines import Slash, parse
from tests.e2e.pictures import answered, chosen_in_more, delivered, forge_button
from tests.e2e.running_bot import BotEnvironment, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0


async def test_a_recipe_is_a_command_that_can_be_pasted(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt='a "red" fox', aspect="3:2", seed=41, count=2)
    async with environment.running_bot(ScriptedEngine()) as bot:
        shown = await chosen_in_more(bot.bob, done, "Recipe", "checkpoint distilled · 4 steps")
        assert shown.is_ephemeral
        assert r'/imagine prompt:"a \"red\" fox" aspect:3:2 seed:41 count:2' in shown.text
        assert "#1 · 304×208" in shown.text


async def test_a_single_picture_is_marked_at_once_and_unmarked_again(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox")
        marked = await answered(bot.bob, done, "♥", "#1 is one of your favourites")
        assert marked.is_ephemeral
        assert await bot.number("SELECT COUNT(*) FROM favourites") == 1
    async with environment.running_bot(ScriptedEngine()) as bot:
        await answered(bot.bob, marked, "Take the mark away", "no favourite of yours")
        assert await bot.number("SELECT COUNT(*) FROM favourites") == 0
        await answered(bot.bob, marked, "Mark again", "#1 is one of your favourites")


async def test_of_several_pictures_each_is_marked_by_its_own_button(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox", count=3)
        asked = await answered(bot.ada, done, "♥", "Which pictures of #1")
        assert [button.label for button in asked.buttons] == ["♡ 1", "♡ 2", "♡ 3"]
        pressed = await bot.ada.press(asked, label="♡ 2")
        await pressed.message_where(lambda m: m.buttons[1].label == "♥ 2", timeout_s=QUICK_S)
        assert await bot.number("SELECT position FROM favourites") == 1


async def test_ten_parallel_presses_mark_once(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox")
        await asyncio.gather(
            *(answered(bot.ada, done, "♥", "#1 is one of your favourites") for _ in range(10))
        )
        assert await bot.number("SELECT COUNT(*) FROM favourites") == 1


@pytest.mark.parametrize("who", ["ada", "moderator"])
async def test_the_owner_and_a_moderator_delete_for_good(environment: BotEnvironment, who: str) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox", count=2)
        await answered(bot.bob, done, "♥", "Which pictures")
    async with environment.running_bot(ScriptedEngine()) as bot:
        person: Person = getattr(bot, who)
        asked = await chosen_in_more(person, done, "Delete", "Delete #1 for good?")
        assert asked.is_ephemeral
        await answered(person, asked, "Delete for good", "#1 is deleted.")
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert done.is_deleted
        assert list(environment.folder.glob("archive/images/*/*.png")) == []
        assert await bot.number("SELECT COUNT(*) FROM jobs WHERE deleted_ms IS NOT NULL") == 1
        assert await bot.number("SELECT COUNT(*) FROM ledger WHERE kind = 'settle'") == 2
        assert await bot.number(f"SELECT deleted_by = {person.id} FROM jobs") == 1


async def test_a_removal_that_cannot_be_noted_is_not_asked_for_again_and_again(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox")
        asked = await chosen_in_more(bot.ada, done, "Delete", "for good?")
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change(
                "CREATE TRIGGER broken BEFORE DELETE ON removals BEGIN SELECT RAISE(ABORT, 'on purpose'); END"
            )
        await answered(bot.ada, asked, "Delete for good", "#1 is deleted.")
        await bot.standin.exchange_where(lambda exchange: exchange.method == "DELETE", timeout_s=QUICK_S)
        for _ in range(10):
            shown = await bot.bob.command(bot.channel, "queue")
            await shown.message_where(lambda m: bool(m.text), timeout_s=QUICK_S)
        assert len(bot.standin.exchanges_of("DELETE", "/channels/*")) == 1
        async with bot.app.container.base.database.transaction() as transaction:
            await transaction.change("DROP TRIGGER broken")
        bot.clock.advance(31)
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert done.is_deleted


async def test_somebody_else_may_not_delete(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox")
        forge_button(done, "More …", lambda custom_id: custom_id.replace(":more:", ":del:"))
        refused = await answered(bot.bob, done, "More …", "belongs to somebody else")
        assert refused.is_ephemeral
        assert not refused.buttons
        assert await bot.number("SELECT COUNT(*) FROM jobs WHERE deleted_ms IS NOT NULL") == 0


async def test_ten_parallel_confirmations_delete_once(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox")
        asked = await chosen_in_more(bot.ada, done, "Delete", "for good?")
        handles = [await bot.ada.press(asked, label="Delete for good") for _ in range(10)]
        for handle in handles:
            await handle.message_where(lambda m: "deleted" in m.text, timeout_s=QUICK_S)
        told = [m for handle in handles for m in handle.messages if "has been deleted" in m.text]
        assert len(told) == 9


async def test_whoever_thinks_again_keeps_it(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox")
        asked = await chosen_in_more(bot.ada, done, "Delete", "for good?")
        await answered(bot.ada, asked, "Keep", "#1 stays.")
        assert not done.is_deleted


async def test_a_private_result_gives_way_to_the_question_and_comes_back(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a secret", private=True)
        before = done.pictures[0].data
        await answered(bot.ada, done, "Delete", "for good?")
        assert done.pictures == []
        kept = await bot.ada.press(done, label="Keep")
        await kept.message_where(has_pictures, timeout_s=QUICK_S)
        assert done.pictures[0].data == before
        await answered(bot.ada, done, "Delete", "for good?")
        await answered(bot.ada, done, "Delete for good", "#1 is deleted.")
        assert done.pictures == []
        assert done.attachments == []


async def test_every_button_of_a_deleted_result_says_that_it_is_deleted(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox")
        bot.standin.deny(bot.channel, "view_channel")  # so that the message cannot be deleted
        asked = await chosen_in_more(bot.ada, done, "Delete", "for good?")
        await answered(bot.ada, asked, "Delete for good", "#1 is deleted.")
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert not done.is_deleted
        for label in ("♥", "More …"):
            await answered(bot.bob, done, label, "#1 has been deleted")
        for name in ("recipe", "del"):  # which results of earlier versions show
            forge_button(done, "More …", lambda custom_id, name=name: re.sub("more|recipe", name, custom_id))  # type: ignore[misc]
            await answered(bot.bob, done, "More …", "#1 has been deleted")
        for label in ("Subtle", "Reroll"):
            await answered(bot.bob, done, label, "That picture of #1 is no longer there")
        assert await bot.number("SELECT COUNT(*) FROM jobs") == 1


async def test_what_a_crash_left_to_remove_is_removed_at_the_next_start(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await delivered(bot, prompt="a fox")
        bot.standin.break_next("DELETE /channels/*", status=503, times=50)
        asked = await chosen_in_more(bot.ada, done, "Delete", "for good?")
        await answered(bot.ada, asked, "Delete for good", "#1 is deleted.")
        await bot.standin.exchange_where(lambda e: e.method == "DELETE" and e.status == 503)
        assert await bot.number("SELECT COUNT(*) FROM removals") == 1
    environment.standin._traffic.faults.clear()
    environment.clock.advance(600)
    async with environment.running_bot(ScriptedEngine()) as bot:
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert done.is_deleted


async def test_the_question_outlives_the_message_and_its_channel(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        elsewhere: Channel = bot.standin.world.add_channel(bot.server, "elsewhere")
        done = await delivered(bot, prompt="a fox")
        shown = await bot.ada.command(elsewhere, "show", job="#1")
        again = await shown.message_where(has_pictures, timeout_s=QUICK_S)
        asked = await chosen_in_more(bot.ada, again, "Delete", "for good?")
        bot.standin.delete_message(done)
        bot.standin.delete_channel(bot.channel)
        await answered(bot.ada, asked, "Delete for good", "#1 is deleted.")
        await bot.until("SELECT COUNT(*) FROM removals", 0)
        assert again.is_deleted


async def test_a_pasted_recipe_makes_the_same_again(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        prompt = 'a "red" fox, count:3'
        done = await delivered(bot, prompt=prompt, aspect="2:3", seed=41, count=2)
        shown = await chosen_in_more(bot.bob, done, "Recipe", "/imagine")
        line = shown.text.splitlines()[1]
        commands = bot.standin.exchanges_of("PUT", "/applications/*/commands")[-1].body
        typed = parse(line, commands)
        assert isinstance(typed, Slash)
        values = {**typed.values, "seed": int(typed.values["seed"]), "count": int(typed.values["count"])}
        # Discord itself keeps the quotes in the text.
        again = await delivered(bot, bot.bob, **values | {"prompt": '"a \\"red\\" fox, count:3"'})
        assert [p.data for p in again.pictures] == [p.data for p in done.pictures]
        assert typed.values["prompt"] == prompt
