"""Buttons, modals and menus under and on results: who may use them, once each, and after a restart."""

import asyncio
import re

import pytest

from kleinbot.sandbox import ShownMessage
from tests.e2e.pictures import a_png, imagined, result, said, size
from tests.e2e.running_bot import BotEnvironment, RunningBot
from tests.scripted_engine import ScriptedEngine


async def test_one_picture_and_several_have_their_buttons(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        one = await imagined(bot)
        several = await imagined(bot, count=4)
        labels = [button.label for button in one.buttons]
        assert labels[:4] == ["Edit", "Subtle", "Strong", "Reroll"]
        labels = [button.label for button in several.buttons]
        assert labels[:9] == ["V1", "V2", "V3", "V4", "Reroll", "E1", "E2", "E3", "E4"]


async def test_each_button_works_before_and_after_a_restart_for_anybody_who_sees_it(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        one = await imagined(bot, seed=3)
        several = await imagined(bot, seed=3, count=2)
        await all_pressed(bot, one, several)
    environment.clock.advance(30 * 24 * 60 * 60)
    async with environment.running_bot(ScriptedEngine()) as bot:
        await all_pressed(bot, one, several)


async def all_pressed(bot: RunningBot, one: ShownMessage, several: ShownMessage) -> None:
    byline = f"— by <@{bot.bob.id}> from <@{bot.ada.id}>'s #"
    for message, label, count, start in (
        (one, "Subtle", 1, "**a red fox** · subtle variation "),
        (one, "Strong", 1, "**a red fox** · strong variation "),
        (one, "Reroll", 1, "**a red fox** "),
        (several, "V2", 2, "**a red fox** · variation "),
        (several, "Reroll", 2, "**a red fox** "),
    ):
        done = await result(await bot.bob.press(message, label=label))
        assert done.text.startswith(start + byline), done.text
        assert len(done.pictures) == count
        assert not done.is_ephemeral
    for message, label in ((one, "Edit"), (several, "E2")):
        form = await bot.bob.press(message, label=label)
        modal = await form.modal_opened(timeout_s=10)
        assert modal.title == "Edit this picture"
        sent = await bot.bob.submit(
            form, {"What should change?": "a hat", "Further pictures to look at": [a_png(seed=5)]}
        )
        done = await result(sent)
        assert done.text.startswith(f"**a hat** {byline}")
    assert await bot.number(f"SELECT COUNT(*) FROM jobs WHERE member_id = {bot.bob.id}") % 7 == 0
    assert await bot.number(
        f"SELECT COUNT(*) FROM ledger WHERE kind = 'reserve' AND member_id = {bot.ada.id}"
    ) == 3  # fmt: skip


async def test_a_reroll_has_the_same_references_and_other_seeds(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        edited = await result(
            await bot.ada.command(bot.channel, "edit", instruction="a hat", image=a_png(), seed=1)
        )
        again = await result(await bot.bob.press(edited, label="Reroll"))
        assert again.text.startswith("**a hat** ")
        (first,), (second,) = engine.batches
        assert first.pictures == second.pictures
        assert first.noise != second.noise
        again = await result(await bot.bob.press(edited, label="Subtle"))
        varied = await result(await bot.ada.press(again, label="Reroll"))
        assert "subtle variation" in varied.text
        (variation,), (rerolled,) = engine.batches[2:]
        assert variation.noise.base_seed == rerolled.noise.base_seed == 1
        assert [len(task.noise.blends) for task in (variation, rerolled)] == [1, 1]


@pytest.mark.parametrize("label", ["Strong", "Reroll"])
async def test_twenty_parallel_presses_of_one_member_make_one_job(
    environment: BotEnvironment, label: str
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        done = await imagined(bot)
        engine.gate.clear()
        handles = [await bot.bob.press(done, label=label) for _ in range(20)]
        others = await bot.ada.press(done, label=label)
        await others.acknowledged(timeout_s=30)
        answers = await asyncio.gather(
            *(handle.message_where(lambda m: bool(m.text), timeout_s=30) for handle in handles)
        )
        # Whose press came first is not what is asked here.
        refused = [
            answer
            for answer in answers
            if re.match(r"You pressed that already: #[23] is on its way", answer.text)
        ]
        assert len(refused) == 19
        assert all(answer.is_ephemeral for answer in refused)
        bot.clock.advance(60)  # still queued: still the same press
        late = await bot.bob.press(done, label=label)
        await said(late, "You pressed that already")
        engine.gate.set()
        await result(others)
        assert await bot.number(f"SELECT COUNT(*) FROM jobs WHERE member_id = {bot.bob.id}") == 1
        bot.clock.advance(6)
        await result(await bot.bob.press(done, label=label))  # now it means another job


async def test_a_private_result_stays_its_owners(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        mine = await imagined(bot, private=True)
        job_id = (await bot.app.container.base.database.read.all("SELECT job_id FROM jobs"))[0][0]
        again = await result(await bot.ada.press(mine, label="Reroll"))
        assert again.is_ephemeral
        stolen = await bot.bob.command(bot.channel, "edit", instruction="a hat", picture=f"{job_id}.0")
        assert (await said(stolen, "I know no such picture")).is_ephemeral
        assert await bot.number(f"SELECT COUNT(*) FROM jobs WHERE member_id = {bot.bob.id}") == 0


async def test_a_form_that_is_sent_after_the_quota_ran_out_is_refused(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine(), quota_pictures=3) as bot:
        done = await imagined(bot)
        form = await bot.bob.press(done, label="Edit")
        await form.modal_opened(timeout_s=10)
        await result(await bot.bob.command(bot.channel, "imagine", prompt="a whale", count=3))
        sent = await bot.bob.submit(form, {"What should change?": "a hat"})
        assert (await said(sent, "Nothing was charged")).is_ephemeral
        assert list(environment.folder.rglob("references/*/*.png")) == []


async def test_a_form_that_is_sent_after_the_picture_was_lost_is_refused(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await imagined(bot)
        form = await bot.ada.press(done, label="Edit")
        await form.modal_opened(timeout_s=10)
        for file in environment.folder.rglob("images/*/*.png"):
            file.unlink()
        sent = await bot.ada.submit(form, {"What should change?": "a hat"})
        assert (await said(sent, "is no longer there")).is_ephemeral


async def test_the_menu_on_somebodys_message_edits_its_picture(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        message = bot.bob.attach(bot.channel, "look", a_png(256, 256, 1), a_png(320, 192, 2))
        form = await bot.ada.menu(message, "Edit this image")
        await form.modal_opened(timeout_s=10)
        sent = await bot.ada.submit(form, {"What should change?": "a hat", "Which picture?": "Picture 2"})
        done = await result(sent)
        assert done.text.startswith(f"**a hat** — <@{bot.ada.id}>")
        assert size(done.pictures[0]) == (320, 192)


async def test_the_menu_on_somebodys_message_varies_its_picture(environment: BotEnvironment) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        message = bot.bob.attach(bot.channel, "look", a_png())
        form = await bot.ada.menu(message, "Make variations")
        await form.modal_opened(timeout_s=10)
        sent = await bot.ada.submit(form, {"How different?": "Subtle: nearly the same", "How many?": "2"})
        assert len((await result(sent)).pictures) == 2
        assert engine.batches[0][0].start is not None


async def test_the_menu_on_one_of_our_results_knows_its_noise(environment: BotEnvironment) -> None:
    async with environment.running_bot() as bot:
        await bot.ready()
        several = await imagined(bot, count=2, seed=20)
        form = await bot.bob.menu(several, "Make variations")
        await form.modal_opened(timeout_s=10)
        done = await result(await bot.bob.submit(form, {"Which picture?": "Picture 2"}))
        assert f"by <@{bot.bob.id}> from <@{bot.ada.id}>'s #1" in done.text
        assert (
            await bot.number("SELECT base_seed FROM images JOIN jobs USING (job_id) WHERE number = 2") == 21
        )


async def test_a_message_without_a_picture_is_refused_in_a_sentence(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        message = bot.bob.write(bot.channel, "no picture")
        for menu in ("Edit this image", "Make variations"):
            handle = await bot.ada.menu(message, menu)
            assert (await said(handle, "That message has no picture that I can read")).is_ephemeral


async def test_a_form_that_is_sent_after_the_message_was_deleted_is_refused_or_done(
    environment: BotEnvironment,
) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        theirs = bot.bob.attach(bot.channel, "look", a_png())
        ours = await imagined(bot)
        lost = await bot.ada.menu(theirs, "Edit this image")
        kept = await bot.ada.menu(ours, "Edit this image")
        await lost.modal_opened(timeout_s=10)
        await kept.modal_opened(timeout_s=10)
        bot.standin.delete_message(theirs)
        bot.standin.delete_message(ours)
        sent = await bot.ada.submit(lost, {"What should change?": "a hat"})
        assert (await said(sent, "I could not fetch that picture from Discord")).is_ephemeral
        done = await result(await bot.ada.submit(kept, {"What should change?": "a hat"}))
        assert "from #1" in done.text  # the file is ours, whatever happened to its message


async def test_our_own_picture_without_its_buttons_is_edited_as_any_other(
    environment: BotEnvironment,
) -> None:
    engine = ScriptedEngine()
    async with environment.running_bot(engine) as bot:
        done = await imagined(bot)
        shared = bot.bob.attach(bot.channel, "look", done.pictures[0].data)
        form = await bot.bob.menu(shared, "Make variations")
        await form.modal_opened(timeout_s=10)
        await result(await bot.bob.submit(form, {}))
        assert engine.batches[1][0].start is not None


async def test_a_form_that_is_sent_after_a_restart_gets_a_sentence(environment: BotEnvironment) -> None:
    async with environment.running_bot(ScriptedEngine()) as bot:
        done = await imagined(bot)
        before = await bot.ada.press(done, label="Edit")
        await before.modal_opened(timeout_s=10)
    async with environment.running_bot(ScriptedEngine()) as bot:
        sent = await bot.ada.submit(before, {"What should change?": "a hat"})
        assert (await said(sent, "this form is lost. Press the button again")).is_ephemeral
        again = await bot.ada.press(done, label="Edit")
        await again.modal_opened(timeout_s=10)
        await result(await bot.ada.submit(again, {"What should change?": "a hat"}))
