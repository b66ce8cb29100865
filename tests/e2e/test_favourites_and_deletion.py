"""Favourite, recipe and delete under a result, before and after a restart, by owners and others."""

import asyncio

import pytest

from kleinbot.sandbox import Channel, Person, ShownMessage
from kleinbot.sandbox.terminal.typed_lines import Slash, parse
from tests.e2e.running_bot import House, Stage, has_pictures
from tests.scripted_engine import ScriptedEngine

QUICK_S = 10.0


async def _drawn(house: House, person: Person | None = None, **options: object) -> ShownMessage:
    handle = await (person or house.ada).command(house.channel, "imagine", **options)
    done = await handle.message_where(has_pictures, timeout_s=QUICK_S)
    await house.until("SELECT COUNT(*) FROM outbox WHERE state != 'sent'", 0)
    return done


async def _answered(person: Person, message: ShownMessage, label: str, expected: str) -> ShownMessage:
    handle = await person.press(message, label=label)
    return await handle.message_where(lambda m: expected in m.text, timeout_s=QUICK_S)


async def test_a_recipe_is_a_command_that_can_be_pasted(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt='a "red" fox', aspect="3:2", seed=41, count=2)
    async with stage.house(ScriptedEngine()) as house:
        shown = await _answered(house.bob, done, "Recipe", "checkpoint distilled · 4 steps")
        assert shown.is_ephemeral
        assert r'/imagine prompt:"a \"red\" fox" aspect:3:2 seed:41 count:2' in shown.text
        assert "#1 · 304×208" in shown.text


async def test_a_single_picture_is_marked_at_once_and_unmarked_again(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a fox")
        marked = await _answered(house.bob, done, "Favourite", "#1 is one of your favourites")
        assert marked.is_ephemeral
        assert await house.number("SELECT COUNT(*) FROM favourites") == 1
    async with stage.house(ScriptedEngine()) as house:
        await _answered(house.bob, marked, "Take the mark away", "no favourite of yours")
        assert await house.number("SELECT COUNT(*) FROM favourites") == 0
        await _answered(house.bob, marked, "Mark again", "#1 is one of your favourites")


async def test_of_several_pictures_each_is_marked_by_its_own_button(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a fox", count=3)
        asked = await _answered(house.ada, done, "Favourite", "Which pictures of #1")
        assert [button.label for button in asked.buttons] == ["♡ 1", "♡ 2", "♡ 3"]
        pressed = await house.ada.press(asked, label="♡ 2")
        await pressed.message_where(lambda m: m.buttons[1].label == "♥ 2", timeout_s=QUICK_S)
        assert await house.number("SELECT position FROM favourites") == 1


async def test_ten_parallel_presses_mark_once(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a fox")
        await asyncio.gather(
            *(_answered(house.ada, done, "Favourite", "#1 is one of your favourites") for _ in range(10))
        )
        assert await house.number("SELECT COUNT(*) FROM favourites") == 1


@pytest.mark.parametrize("who", ["ada", "moderator"])
async def test_the_owner_and_a_moderator_delete_for_good(stage: Stage, who: str) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a fox", count=2)
        await _answered(house.bob, done, "Favourite", "Which pictures")
    async with stage.house(ScriptedEngine()) as house:
        person: Person = getattr(house, who)
        asked = await _answered(person, done, "Delete", "Delete #1 for good?")
        assert asked.is_ephemeral
        await _answered(person, asked, "Delete for good", "#1 is deleted.")
        await house.until("SELECT COUNT(*) FROM removals", 0)
        assert done.is_deleted
        assert list(stage.folder.glob("archive/images/*/*.png")) == []
        assert await house.number("SELECT COUNT(*) FROM jobs WHERE deleted_ms IS NOT NULL") == 1
        assert await house.number("SELECT COUNT(*) FROM ledger WHERE kind = 'settle'") == 2
        assert await house.number(f"SELECT deleted_by = {person.id} FROM jobs") == 1


async def test_a_removal_that_cannot_be_noted_is_not_asked_for_again_and_again(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a fox")
        asked = await _answered(house.ada, done, "Delete", "for good?")
        async with house.app.container.base.database.transaction() as transaction:
            await transaction.change(
                "CREATE TRIGGER broken BEFORE DELETE ON removals BEGIN SELECT RAISE(ABORT, 'on purpose'); END"
            )
        await _answered(house.ada, asked, "Delete for good", "#1 is deleted.")
        await house.standin.exchange_where(lambda exchange: exchange.method == "DELETE", timeout_s=QUICK_S)
        for _ in range(10):
            shown = await house.bob.command(house.channel, "queue")
            await shown.message_where(lambda m: bool(m.text), timeout_s=QUICK_S)
        assert len(house.standin.exchanges_of("DELETE", "/channels/*")) == 1
        async with house.app.container.base.database.transaction() as transaction:
            await transaction.change("DROP TRIGGER broken")
        house.clock.advance(31)
        await house.until("SELECT COUNT(*) FROM removals", 0)
        assert done.is_deleted


async def test_somebody_else_may_not_delete(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a fox")
        refused = await _answered(house.bob, done, "Delete", "belongs to somebody else")
        assert refused.is_ephemeral
        assert not refused.buttons
        assert await house.number("SELECT COUNT(*) FROM jobs WHERE deleted_ms IS NOT NULL") == 0


async def test_ten_parallel_confirmations_delete_once(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a fox")
        asked = await _answered(house.ada, done, "Delete", "for good?")
        handles = [await house.ada.press(asked, label="Delete for good") for _ in range(10)]
        for handle in handles:
            await handle.message_where(lambda m: "deleted" in m.text, timeout_s=QUICK_S)
        told = [m for handle in handles for m in handle.messages if "has been deleted" in m.text]
        assert len(told) == 9


async def test_whoever_thinks_again_keeps_it(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a fox")
        asked = await _answered(house.ada, done, "Delete", "for good?")
        await _answered(house.ada, asked, "Keep", "#1 stays.")
        assert not done.is_deleted


async def test_a_private_result_gives_way_to_the_question_and_comes_back(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a secret", private=True)
        before = done.pictures[0].data
        await _answered(house.ada, done, "Delete", "for good?")
        assert done.pictures == []
        kept = await house.ada.press(done, label="Keep")
        await kept.message_where(has_pictures, timeout_s=QUICK_S)
        assert done.pictures[0].data == before
        await _answered(house.ada, done, "Delete", "for good?")
        await _answered(house.ada, done, "Delete for good", "#1 is deleted.")
        assert done.pictures == []
        assert done.attachments == []


async def test_every_button_of_a_deleted_result_says_that_it_is_deleted(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a fox")
        house.standin.deny(house.channel, "view_channel")  # so that the message cannot be removed
        asked = await _answered(house.ada, done, "Delete", "for good?")
        await _answered(house.ada, asked, "Delete for good", "#1 is deleted.")
        await house.until("SELECT COUNT(*) FROM removals", 0)
        assert not done.is_deleted
        for label in ("Favourite", "Recipe", "Delete"):
            await _answered(house.bob, done, label, "#1 has been deleted")
        for label in ("Subtle", "Reroll"):
            await _answered(house.bob, done, label, "That picture of #1 is no longer there")
        assert await house.number("SELECT COUNT(*) FROM jobs") == 1


async def test_what_a_crash_left_to_remove_is_removed_at_the_next_start(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await _drawn(house, prompt="a fox")
        house.standin.break_next("DELETE /channels/*", status=503, times=50)
        asked = await _answered(house.ada, done, "Delete", "for good?")
        await _answered(house.ada, asked, "Delete for good", "#1 is deleted.")
        await house.standin.exchange_where(lambda e: e.method == "DELETE" and e.status == 503)
        assert await house.number("SELECT COUNT(*) FROM removals") == 1
    stage.standin._traffic.faults.clear()
    stage.clock.advance(600)
    async with stage.house(ScriptedEngine()) as house:
        await house.until("SELECT COUNT(*) FROM removals", 0)
        assert done.is_deleted


async def test_the_question_outlives_the_message_and_its_channel(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        elsewhere: Channel = house.standin.world.add_channel(house.server, "elsewhere")
        done = await _drawn(house, prompt="a fox")
        shown = await house.ada.command(elsewhere, "show", job="#1")
        again = await shown.message_where(has_pictures, timeout_s=QUICK_S)
        asked = await _answered(house.ada, again, "Delete", "for good?")
        house.standin.delete_message(done)
        house.standin.delete_channel(house.channel)
        await _answered(house.ada, asked, "Delete for good", "#1 is deleted.")
        await house.until("SELECT COUNT(*) FROM removals", 0)
        assert again.is_deleted


async def test_a_pasted_recipe_makes_the_same_again(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        prompt = 'a "red" fox, count:3'
        done = await _drawn(house, prompt=prompt, aspect="2:3", seed=41, count=2)
        shown = await _answered(house.bob, done, "Recipe", "/imagine")
        line = shown.text.splitlines()[1]
        commands = house.standin.exchanges_of("PUT", "/applications/*/commands")[-1].body
        typed = parse(line, commands)
        assert isinstance(typed, Slash)
        values = {**typed.values, "seed": int(typed.values["seed"]), "count": int(typed.values["count"])}
        # Discord itself leaves the quotes in the text.
        again = await _drawn(house, house.bob, **values | {"prompt": '"a \\"red\\" fox, count:3"'})
        assert [p.data for p in again.pictures] == [p.data for p in done.pictures]
        assert typed.values["prompt"] == prompt
