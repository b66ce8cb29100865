"""Buttons, forms and menus under and on results: who may, once each, and after a restart."""

import asyncio

import pytest

from kleinbot.sandbox import ShownMessage
from tests.e2e.pictures import a_png, imagined, result, said, size
from tests.e2e.running_bot import House, Stage
from tests.scripted_engine import ScriptedEngine


async def test_one_picture_and_several_have_their_buttons(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        one = await imagined(house)
        several = await imagined(house, count=4)
        labels = [button.label for button in one.buttons]
        assert labels[:4] == ["Edit", "Subtle", "Strong", "Reroll"]
        labels = [button.label for button in several.buttons]
        assert labels[:9] == ["V1", "V2", "V3", "V4", "Reroll", "E1", "E2", "E3", "E4"]


async def test_each_button_works_before_and_after_a_restart_for_anybody_who_sees_it(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        one = await imagined(house, seed=3)
        several = await imagined(house, seed=3, count=2)
        await all_pressed(house, one, several)
    stage.clock.advance(30 * 24 * 60 * 60)
    async with stage.house(ScriptedEngine()) as house:
        await all_pressed(house, one, several)


async def all_pressed(house: House, one: ShownMessage, several: ShownMessage) -> None:
    byline = f"— by <@{house.bob.id}> from <@{house.ada.id}>'s #"
    for message, label, count, start in (
        (one, "Subtle", 1, "**a red fox** · subtle variation "),
        (one, "Strong", 1, "**a red fox** · strong variation "),
        (one, "Reroll", 1, "**a red fox** "),
        (several, "V2", 2, "**a red fox** · variation "),
        (several, "Reroll", 2, "**a red fox** "),
    ):
        done = await result(await house.bob.press(message, label=label))
        assert done.text.startswith(start + byline), done.text
        assert len(done.pictures) == count
        assert not done.is_ephemeral
    for message, label in ((one, "Edit"), (several, "E2")):
        form = await house.bob.press(message, label=label)
        modal = await form.modal_opened(timeout_s=10)
        assert modal.title == "Edit this picture"
        sent = await house.bob.submit(
            form, {"What should change?": "a hat", "Further pictures to look at": [a_png(seed=5)]}
        )
        done = await result(sent)
        assert done.text.startswith(f"**a hat** {byline}")
    assert await house.number(f"SELECT COUNT(*) FROM jobs WHERE member_id = {house.bob.id}") % 7 == 0
    assert await house.number(
        f"SELECT COUNT(*) FROM ledger WHERE kind = 'reserve' AND member_id = {house.ada.id}"
    ) == 3  # fmt: skip


async def test_a_reroll_has_the_same_references_and_other_seeds(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        edited = await result(
            await house.ada.command(house.channel, "edit", instruction="a hat", image=a_png(), seed=1)
        )
        again = await result(await house.bob.press(edited, label="Reroll"))
        assert again.text.startswith("**a hat** ")
        (first,), (second,) = engine.batches
        assert first.pictures == second.pictures
        assert first.noise != second.noise
        again = await result(await house.bob.press(edited, label="Subtle"))
        varied = await result(await house.ada.press(again, label="Reroll"))
        assert "subtle variation" in varied.text
        (variation,), (rerolled,) = engine.batches[2:]
        assert variation.noise.base_seed == rerolled.noise.base_seed == 1
        assert [len(task.noise.blends) for task in (variation, rerolled)] == [1, 1]


@pytest.mark.parametrize("label", ["Strong", "Reroll"])
async def test_twenty_parallel_presses_of_one_member_make_one_job(stage: Stage, label: str) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        done = await imagined(house)
        engine.gate.clear()
        handles = [await house.bob.press(done, label=label) for _ in range(20)]
        others = await house.ada.press(done, label=label)
        await others.acknowledged(timeout_s=30)
        answers = await asyncio.gather(
            *(handle.message_where(lambda m: bool(m.text), timeout_s=30) for handle in handles)
        )
        refused = [
            answer for answer in answers if "You pressed that already: #2 is on its way" in answer.text
        ]
        assert len(refused) == 19
        assert all(answer.is_ephemeral for answer in refused)
        house.clock.advance(60)  # still in line: still the same press
        late = await house.bob.press(done, label=label)
        await said(late, "You pressed that already")
        engine.gate.set()
        await result(others)
        assert await house.number(f"SELECT COUNT(*) FROM jobs WHERE member_id = {house.bob.id}") == 1
        house.clock.advance(6)
        await result(await house.bob.press(done, label=label))  # now it means another one


async def test_a_private_result_stays_its_owners(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        mine = await imagined(house, private=True)
        job_id = (await house.app.container.base.database.read.all("SELECT job_id FROM jobs"))[0][0]
        again = await result(await house.ada.press(mine, label="Reroll"))
        assert again.is_ephemeral
        stolen = await house.bob.command(house.channel, "edit", instruction="a hat", picture=f"{job_id}.0")
        assert (await said(stolen, "I know no such picture")).is_ephemeral
        assert await house.number(f"SELECT COUNT(*) FROM jobs WHERE member_id = {house.bob.id}") == 0


async def test_a_form_that_is_sent_after_the_quota_ran_out_is_refused(stage: Stage) -> None:
    async with stage.house(ScriptedEngine(), quota_pictures=3) as house:
        done = await imagined(house)
        form = await house.bob.press(done, label="Edit")
        await form.modal_opened(timeout_s=10)
        await result(await house.bob.command(house.channel, "imagine", prompt="a whale", count=3))
        sent = await house.bob.submit(form, {"What should change?": "a hat"})
        assert (await said(sent, "Nothing was charged")).is_ephemeral
        assert list(stage.folder.rglob("references/*/*.png")) == []


async def test_a_form_that_is_sent_after_the_picture_was_lost_is_refused(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await imagined(house)
        form = await house.ada.press(done, label="Edit")
        await form.modal_opened(timeout_s=10)
        for file in stage.folder.rglob("images/*/*.png"):
            file.unlink()
        sent = await house.ada.submit(form, {"What should change?": "a hat"})
        assert (await said(sent, "is no longer there")).is_ephemeral


async def test_the_menu_on_somebodys_message_edits_its_picture(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        message = house.bob.attach(house.channel, "look", a_png(256, 256, 1), a_png(320, 192, 2))
        form = await house.ada.menu(message, "Edit this image")
        await form.modal_opened(timeout_s=10)
        sent = await house.ada.submit(form, {"What should change?": "a hat", "Which picture?": "Picture 2"})
        done = await result(sent)
        assert done.text.startswith(f"**a hat** — <@{house.ada.id}>")
        assert size(done.pictures[0]) == (320, 192)


async def test_the_menu_on_somebodys_message_varies_its_picture(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        message = house.bob.attach(house.channel, "look", a_png())
        form = await house.ada.menu(message, "Make variations")
        await form.modal_opened(timeout_s=10)
        sent = await house.ada.submit(form, {"How different?": "Subtle: nearly the same", "How many?": "2"})
        assert len((await result(sent)).pictures) == 2
        assert engine.batches[0][0].start is not None


async def test_the_menu_on_one_of_our_results_knows_its_noise(stage: Stage) -> None:
    async with stage.house() as house:
        await house.ready()
        several = await imagined(house, count=2, seed=20)
        form = await house.bob.menu(several, "Make variations")
        await form.modal_opened(timeout_s=10)
        done = await result(await house.bob.submit(form, {"Which picture?": "Picture 2"}))
        assert f"by <@{house.bob.id}> from <@{house.ada.id}>'s #1" in done.text
        assert (
            await house.number("SELECT base_seed FROM images JOIN jobs USING (job_id) WHERE number = 2") == 21
        )


async def test_a_message_without_a_picture_is_told_so(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        message = house.bob.write(house.channel, "no picture")
        for menu in ("Edit this image", "Make variations"):
            handle = await house.ada.menu(message, menu)
            assert (await said(handle, "That message has no picture that I can read")).is_ephemeral


async def test_a_form_that_is_sent_after_the_message_was_deleted_is_refused_or_done(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        theirs = house.bob.attach(house.channel, "look", a_png())
        ours = await imagined(house)
        lost = await house.ada.menu(theirs, "Edit this image")
        kept = await house.ada.menu(ours, "Edit this image")
        await lost.modal_opened(timeout_s=10)
        await kept.modal_opened(timeout_s=10)
        house.standin.delete_message(theirs)
        house.standin.delete_message(ours)
        sent = await house.ada.submit(lost, {"What should change?": "a hat"})
        assert (await said(sent, "I could not fetch that picture from Discord")).is_ephemeral
        done = await result(await house.ada.submit(kept, {"What should change?": "a hat"}))
        assert "from #1" in done.text  # the file is ours, whatever became of its message


async def test_our_own_picture_without_its_buttons_is_edited_as_any_other(stage: Stage) -> None:
    engine = ScriptedEngine()
    async with stage.house(engine) as house:
        done = await imagined(house)
        shared = house.bob.attach(house.channel, "look", done.pictures[0].data)
        form = await house.bob.menu(shared, "Make variations")
        await form.modal_opened(timeout_s=10)
        await result(await house.bob.submit(form, {}))
        assert engine.batches[1][0].start is not None


async def test_a_form_that_is_sent_after_a_restart_gets_a_sentence(stage: Stage) -> None:
    async with stage.house(ScriptedEngine()) as house:
        done = await imagined(house)
        before = await house.ada.press(done, label="Edit")
        await before.modal_opened(timeout_s=10)
    async with stage.house(ScriptedEngine()) as house:
        sent = await house.ada.submit(before, {"What should change?": "a hat"})
        assert (await said(sent, "this form is lost. Press the button again")).is_ephemeral
        again = await house.ada.press(done, label="Edit")
        await again.modal_opened(timeout_s=10)
        await result(await house.ada.submit(again, {"What should change?": "a hat"}))
