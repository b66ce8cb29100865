import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kleinbot.archive.archive import StoredFile
from kleinbot.dispatch.recovery import MOST_LOST_ATTEMPTS
from kleinbot.domain.door import Door
from kleinbot.domain.errors import Code, FatalEngineError, RenderError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import ImagineRequest, JobState, Lane, Quality
from kleinbot.host.profile import CPU_SMALL
from kleinbot.queueing.cost import PICTURE
from kleinbot.queueing.waiting import Shape
from kleinbot.store import outbox, tags
from tests.dispatch.restarting import dies, restarted
from tests.dispatch.running import ended, running, until, until_true
from tests.studio_harness import ADA, BOB, Studio, reply


async def test_a_picture_that_kills_the_card_again_and_again_is_given_up_and_refunded(
    studio: Studio, tmp_path: Path
) -> None:
    job_id = (await studio.imagine()).card.job.job_id
    studio.clock.advance(1)
    await studio.imagine(BOB)
    for attempt in range(1, MOST_LOST_ATTEMPTS + 1):
        await dies(studio)
        studio = await restarted(studio, tmp_path)
        assert await studio.database.read.number(
            "SELECT COUNT(*) FROM attempts WHERE outcome = 'lost'"
        ) == attempt  # fmt: skip
    job = await studio.recall.job(job_id)
    assert job is not None
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code is Code.GAVE_UP_AFTER_CRASHES
    assert await studio.spent_tenths() == 0
    assert await studio.spent_tenths(BOB) == 10
    assert [image.member_id for image in studio.line.waiting] == [BOB.member_id]


async def test_a_suspect_runs_alone_after_the_restart(studio: Studio, tmp_path: Path) -> None:
    await studio.imagine()
    await dies(studio)
    studio = await restarted(studio, tmp_path)
    assert [image.alone for image in studio.line.waiting] == [True]


async def test_what_was_served_is_remembered_over_a_restart(studio: Studio, tmp_path: Path) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    studio.engine.step_gates = {1: first}
    await studio.imagine(count=4)
    async with running(studio):
        await until_true(lambda: len(studio.engine.batches) == 1)
        studio.engine.step_gates = {1: second}
        first.set()
        await until_true(lambda: len(studio.engine.batches) == 2)
    # What is not stored yet would be drawn again, and what was expected of it be taken back.
    await studio.finisher.emptied()
    kept = await tags.load(studio.database.read)
    assert any(tag.finish > 0 for tag in kept)
    again = await restarted(studio, tmp_path)
    assert {tag for tag in again.line.tags() if tag.finish > 0} <= set(kept)
    assert any(tag.finish > 0 for tag in again.line.tags())


async def test_a_process_that_ends_before_its_first_claim_changes_nothing_in_the_order(
    studio: Studio, tmp_path: Path
) -> None:
    await studio.imagine(ADA, count=3)
    await studio.imagine(BOB, count=3)
    await dies(studio)
    once = await restarted(studio, tmp_path)
    twice = await restarted(once, tmp_path)
    assert twice.line.order() == once.line.order()
    assert set(twice.line.tags()) == set(once.line.tags()) == set(await tags.load(twice.database.read))


async def test_members_of_a_batch_that_took_the_process_down_run_one_by_one_and_the_guilty_one_fails(
    roomy: Studio, tmp_path: Path
) -> None:
    guilty = (await roomy.imagine(ADA)).card.job.job_id
    innocent = (await roomy.imagine(BOB)).card.job.job_id
    await dies(roomy)
    assert len(roomy.engine.batches[0]) == 2
    studio = await restarted(roomy, tmp_path, deadly=guilty)
    assert [image.alone for image in studio.line.waiting] == [True, True]
    while (await studio.job(guilty)).state is not JobState.FAILED:
        with pytest.raises(FatalEngineError):
            await asyncio.wait_for(studio.dispatcher.run(), 10)
        assert {len(batch) for batch in studio.engine.batches} == {1}
        await studio.finisher.emptied()
        studio = await restarted(studio, tmp_path, deadly=guilty)
    async with running(studio):
        assert (await until(studio, innocent, ended)).state is JobState.DONE
    assert [await studio.spent_tenths(actor) for actor in (ADA, BOB)] == [0, 10]
    lost = "SELECT COUNT(*) FROM attempts WHERE outcome = 'lost' AND job_id = ?"
    assert await studio.database.read.number(lost, innocent) == 1
    assert await studio.database.read.number(lost, guilty) == 2


async def test_a_suspect_stays_one_over_a_further_restart(studio: Studio, tmp_path: Path) -> None:
    await studio.imagine()
    await dies(studio)
    once = await restarted(studio, tmp_path)
    twice = await restarted(once, tmp_path)
    assert [image.alone for image in twice.line.waiting] == [True]


async def test_a_suspect_waits_until_nothing_else_is_being_stored(roomy: Studio, tmp_path: Path) -> None:
    """Else a picture that ends the process while it is stored would be blamed on the one on the card."""
    suspect = (await roomy.imagine(ADA)).card.job.job_id
    await dies(roomy)
    studio = await restarted(roomy, tmp_path)
    studio.clock.advance(1)
    other = (await studio.imagine(BOB)).card.job.job_id
    stored = asyncio.Event()
    put = studio.archive.put

    async def slowly(*values: Any) -> StoredFile:
        await stored.wait()
        return await put(*values)

    studio.archive.put = slowly  # type: ignore[method-assign, assignment]
    async with running(studio):
        await until_true(lambda: len(studio.engine.batches) == 1)
        for _ in range(200):
            await asyncio.sleep(0)
        assert [batch[0].key.job_id for batch in studio.engine.batches] == [suspect]
        stored.set()
        await until(studio, other, ended)


async def test_promises_costs_and_lanes_are_the_same_after_a_restart(studio: Studio, tmp_path: Path) -> None:
    studio.cost_model.observe(Shape(Grid(16, 16), 4), 3.0)
    studio.cost_model.observe(PICTURE, 9.0)
    await studio.imagine(count=4)
    studio.clock.advance(2)
    await studio.imagine(BOB, count=2)
    for _ in range(13):
        await studio.imagine(count=4)
    before = {image.key: image for image in studio.line.waiting}
    assert {image.lane for image in before.values()} == {Lane.TOKEN, Lane.RELAXED}
    assert {round(image.cost, 9) for image in before.values()} == {round(1 / 3, 9)}
    studio.clock.advance(5)
    again = await restarted(studio, tmp_path)
    assert {image.key: image for image in again.line.waiting} == before


async def test_what_was_measured_is_known_to_the_next_process(studio: Studio, tmp_path: Path) -> None:
    async with running(studio):
        job_id = (await studio.imagine()).card.job.job_id
        await until(studio, job_id, ended)
    assert studio.cost_model.measurements()
    again = await restarted(studio, tmp_path)
    assert again.cost_model.measurements() == studio.cost_model.measurements()
    assert again.cost_model.expected_s(Shape(Grid(16, 16), 4)) == pytest.approx(0.4)


async def test_what_needs_a_model_that_the_host_took_away_is_refunded_and_told(
    with_base: Studio, tmp_path: Path
) -> None:
    request = ImagineRequest("a fox", quality=Quality.BEST)
    best = (await with_base.submit.imagine(ADA, request, reply(with_base.clock))).card.job.job_id
    plain = (await with_base.imagine(BOB)).card.job.job_id
    assert await with_base.spent_tenths() > 100
    studio = await restarted(with_base, tmp_path, profile=CPU_SMALL)
    job = await studio.recall.job(best)
    assert job is not None
    assert (job.state, job.error and job.error.code) == (JobState.FAILED, Code.CHECKPOINT_GONE)
    assert await studio.spent_tenths() == 0
    assert [image.key.job_id for image in studio.line.waiting] == [plain]
    assert [row.job_id for row in await outbox.due(studio.database.read, studio.clock.now_ms())] == [best]
    async with running(studio):
        assert (await until(studio, plain, ended)).state is JobState.DONE


async def test_a_clean_stop_keeps_what_the_last_batch_really_cost(studio: Studio, tmp_path: Path) -> None:
    """Else whoever was charged too much, or too little, starts the next process with that."""
    studio.engine.gate.clear()
    await studio.imagine(ADA, count=2)
    async with running(studio) as loop:
        await studio.engine.started.wait()
        await studio.dispatcher.stop()
        studio.engine.gate.set()
        await asyncio.wait_for(loop, 10)
    await studio.finisher.emptied()
    assert set(await tags.load(studio.database.read)) == set(studio.line.tags())
    again = await restarted(studio, tmp_path)
    assert set(again.line.tags()) == set(studio.line.tags())


async def test_each_claim_and_each_acceptance_writes_what_fairness_remembers(studio: Studio) -> None:
    studio.engine.gate.clear()
    await studio.imagine(ADA, count=2)
    async with running(studio):
        await studio.engine.started.wait()
        assert set(await tags.load(studio.database.read)) == set(studio.line.tags()), "claimed"
        studio.clock.advance(1)
        await studio.imagine(BOB)
        assert set(await tags.load(studio.database.read)) == set(studio.line.tags()), "accepted"


async def test_what_is_put_back_is_written_without_its_charge(roomy: Studio) -> None:
    roomy.engine.failures = [RenderError(Code.RENDER_FAILED)]
    roomy.engine.gate.clear()
    await roomy.imagine(ADA, count=3)
    async with running(roomy):
        await roomy.engine.started.wait()
        roomy.doorkeeper.door = Door.PAUSED
        roomy.engine.gate.set()
        await until_true(lambda: len(roomy.line.waiting) == 3)
        async with roomy.database.transaction():
            pass
        assert set(await tags.load(roomy.database.read)) == set(roomy.line.tags())


async def test_a_token_that_dies_early_brings_the_deadline_forward_after_a_restart_too(
    studio: Studio, tmp_path: Path
) -> None:
    """As of an edit whose pictures took a while to fetch: the token counts from the interaction."""
    soon = replace(reply(studio.clock), expires_ms=studio.clock.now_ms() + 600_000)
    await studio.submit.imagine(ADA, ImagineRequest("a fox"), soon)
    before = [image.deadline_ms for image in studio.line.waiting]
    assert before == [studio.clock.now_ms() + 480_000]
    again = await restarted(studio, tmp_path)
    assert [image.deadline_ms for image in again.line.waiting] == before
