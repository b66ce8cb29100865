import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kleinbot.archive.archive import StoredFile
from kleinbot.dispatch.recovery import MOST_LOST_ATTEMPTS
from kleinbot.domain.errors import Code, FatalEngineError, RenderError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import JobState, Lane, RelaxedReason
from kleinbot.domain.requests import ImagineRequest
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.scheduler.cost import PICTURE
from kleinbot.scheduler.entries import Shape
from kleinbot.store.jobs import jobs, tags
from tests.dispatch.restarting import dies, restarted
from tests.dispatch.running import ended, running, until, until_true
from tests.usecase_harness import ADA, BOB, UseCaseHarness, reply


async def test_a_picture_that_kills_the_gpu_again_and_again_is_given_up_and_refunded(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    job_id = (await harness.imagine()).status.job.job_id
    harness.clock.advance(1)
    await harness.imagine(BOB)
    for attempt in range(1, MOST_LOST_ATTEMPTS + 1):
        await dies(harness)
        harness = await restarted(harness, tmp_path)
        assert await harness.database.read.number(
            "SELECT COUNT(*) FROM attempts WHERE outcome = 'lost'"
        ) == attempt  # fmt: skip
    job = await harness.queries.job(job_id)
    assert job is not None
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code is Code.GAVE_UP_AFTER_CRASHES
    assert await harness.spent_tenths() == 0
    assert await harness.spent_tenths(BOB) == 10
    assert [image.member_id for image in harness.queue.waiting] == [BOB.member_id]


async def test_a_suspect_runs_alone_after_the_restart(harness: UseCaseHarness, tmp_path: Path) -> None:
    await harness.imagine()
    await dies(harness)
    harness = await restarted(harness, tmp_path)
    assert [image.alone for image in harness.queue.waiting] == [True]


async def test_what_a_waiting_message_says_is_the_same_after_a_restart(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    for _ in range(10):
        harness.cost_model.observe(PICTURE, 9.0)
        harness.cost_model.observe(Shape(Grid(16, 16), 4), 3.0)
    first = (await harness.imagine(count=4)).status.job.job_id
    for _ in range(13):
        accepted = await harness.imagine(count=4)
    assert accepted.status.job.relaxed_reason is RelaxedReason.SHARE
    assert accepted.status.job.told.left_tenths == accepted.balance.left_tenths
    await dies(harness)
    again = await restarted(harness, tmp_path)
    after = await again.queries.status(accepted.status.job.job_id)
    assert after is not None
    assert (after.job, after.place) == (accepted.status.job, accepted.status.place)
    assert (await again.job(first)).told.left_tenths == accepted.balance.left_tenths + 13 * 40


async def test_a_job_of_which_pictures_are_done_goes_on_after_a_restart(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    job_id = (await harness.imagine(count=3)).status.job.job_id
    harness.engine.before = lambda _: (
        harness.engine.gate.clear() if len(harness.engine.batches) == 1 else None
    )
    async with running(harness):
        await until(harness, job_id, lambda job: len(job.done_images) == 1)
    again = await restarted(harness, tmp_path)
    status = await again.queries.status(job_id)
    assert status is not None
    assert (status.place, status.is_drawn) == (0, False)


async def test_clean_stops_on_a_full_disk_make_no_suspect_and_blame_nobody(
    harness: UseCaseHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be written: neither the picture that is drawn nor that it was put back."""
    job_id = (await harness.imagine()).status.job.job_id

    async def no_room(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    for _ in range(MOST_LOST_ATTEMPTS):
        with monkeypatch.context() as full:
            dispatching = asyncio.create_task(harness.dispatcher.run())
            while not harness.finisher.is_busy:
                await asyncio.sleep(0)
            full.setattr(jobs, "finish_image", no_room)
            full.setattr(jobs, "put_back", no_room)
            await harness.dispatcher.stop()
            await asyncio.wait_for(dispatching, 10)
            await asyncio.wait_for(harness.finisher.close(), 10)
        assert (await harness.job(job_id)).state is JobState.RUNNING
        harness = await restarted(harness, tmp_path, ended_cleanly=True)
        [image] = harness.queue.waiting
        assert not image.alone

    async with running(harness):
        await until(harness, job_id, ended)
    assert (await harness.job(job_id)).state is JobState.DONE
    assert await harness.spent_tenths() == 10


async def test_what_was_served_is_remembered_over_a_restart(harness: UseCaseHarness, tmp_path: Path) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    harness.engine.step_gates = {1: first}
    await harness.imagine(count=4)
    async with running(harness):
        await until_true(lambda: harness.engine.steps_made == 1)  # it waits at its gate
        harness.engine.step_gates = {1: second}
        first.set()
        await until_true(lambda: len(harness.engine.batches) == 2)
    # What is not stored yet would be drawn again, and what was expected of it be taken back.
    await harness.finisher.emptied()
    kept = await tags.load(harness.database.read)
    assert any(tag.finish > 0 for tag in kept)
    again = await restarted(harness, tmp_path)
    assert {tag for tag in again.queue.tags() if tag.finish > 0} <= set(kept)
    assert any(tag.finish > 0 for tag in again.queue.tags())


async def test_a_process_that_ends_before_its_first_claim_changes_nothing_in_the_order(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    await harness.imagine(ADA, count=3)
    await harness.imagine(BOB, count=3)
    await dies(harness)
    once = await restarted(harness, tmp_path)
    twice = await restarted(once, tmp_path)
    assert twice.queue.order() == once.queue.order()
    assert set(twice.queue.tags()) == set(once.queue.tags()) == set(await tags.load(twice.database.read))


async def test_members_of_a_batch_that_took_the_process_down_run_one_by_one_and_the_guilty_one_fails(
    roomy: UseCaseHarness, tmp_path: Path
) -> None:
    guilty = (await roomy.imagine(ADA)).status.job.job_id
    innocent = (await roomy.imagine(BOB)).status.job.job_id
    await dies(roomy)
    assert len(roomy.engine.batches[0]) == 2
    harness = await restarted(roomy, tmp_path, deadly=guilty)
    assert [image.alone for image in harness.queue.waiting] == [True, True]
    while (await harness.job(guilty)).state is not JobState.FAILED:
        with pytest.raises(FatalEngineError):
            await asyncio.wait_for(harness.dispatcher.run(), 10)
        assert {len(batch) for batch in harness.engine.batches} == {1}
        await harness.finisher.emptied()
        harness = await restarted(harness, tmp_path, deadly=guilty)
    async with running(harness):
        assert (await until(harness, innocent, ended)).state is JobState.DONE
    assert [await harness.spent_tenths(actor) for actor in (ADA, BOB)] == [0, 10]
    lost = "SELECT COUNT(*) FROM attempts WHERE outcome = 'lost' AND job_id = ?"
    assert await harness.database.read.number(lost, innocent) == 1
    assert await harness.database.read.number(lost, guilty) == 2


async def test_a_suspect_stays_one_over_a_further_restart(harness: UseCaseHarness, tmp_path: Path) -> None:
    await harness.imagine()
    await dies(harness)
    once = await restarted(harness, tmp_path)
    twice = await restarted(once, tmp_path)
    assert [image.alone for image in twice.queue.waiting] == [True]


async def test_a_suspect_waits_until_nothing_else_is_being_stored(
    roomy: UseCaseHarness, tmp_path: Path
) -> None:
    """Else a picture that ends the process while it is stored would be blamed on the one on the card."""
    suspect = (await roomy.imagine(ADA)).status.job.job_id
    await dies(roomy)
    harness = await restarted(roomy, tmp_path)
    harness.clock.advance(1)
    other = (await harness.imagine(BOB)).status.job.job_id
    stored = asyncio.Event()
    put = harness.archive.put

    async def slowly(*values: Any) -> StoredFile:
        await stored.wait()
        return await put(*values)

    harness.archive.put = slowly  # type: ignore[method-assign, assignment]
    async with running(harness):
        await until_true(lambda: len(harness.engine.batches) == 1)
        for _ in range(200):
            await asyncio.sleep(0)
        assert [batch[0].key.job_id for batch in harness.engine.batches] == [suspect]
        stored.set()
        await until(harness, other, ended)


async def test_promises_costs_and_lanes_are_the_same_after_a_restart(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    shape = Shape(Grid(16, 16), 4)
    for _ in range(10):
        harness.cost_model.observe(PICTURE, 9.0)
        harness.cost_model.observe(shape, 3.0)
    await harness.imagine(count=4)
    harness.clock.advance(2)
    await harness.imagine(BOB, count=2)
    for _ in range(13):
        await harness.imagine(count=4)
    before = {image.key: image for image in harness.queue.waiting}
    assert {image.lane for image in before.values()} == {Lane.TOKEN, Lane.RELAXED}
    assert {round(image.cost, 9) for image in before.values()} == {
        round(harness.cost_model.expected_cost(shape), 9)
    }
    harness.clock.advance(5)
    again = await restarted(harness, tmp_path)
    assert {image.key: image for image in again.queue.waiting} == before


async def test_what_was_measured_is_known_to_the_next_process(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    async with running(harness):
        job_id = (await harness.imagine()).status.job.job_id
        await until(harness, job_id, ended)
    assert harness.cost_model.measurements()
    again = await restarted(harness, tmp_path)
    assert again.cost_model.measurements() == harness.cost_model.measurements()
    assert again.cost_model.expected_s(Shape(Grid(16, 16), 4)) == pytest.approx(0.4)


async def test_a_clean_stop_keeps_what_the_last_batch_really_cost(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    """Else whoever was charged too much, or too little, starts the next process with that."""
    harness.engine.gate.clear()
    await harness.imagine(ADA, count=2)
    async with running(harness) as loop:
        await harness.engine.started.wait()
        await harness.dispatcher.stop()
        harness.engine.gate.set()
        await asyncio.wait_for(loop, 10)
    await harness.finisher.emptied()
    assert set(await tags.load(harness.database.read)) == set(harness.queue.tags())
    again = await restarted(harness, tmp_path)
    assert set(again.queue.tags()) == set(harness.queue.tags())


async def test_each_claim_and_each_acceptance_writes_what_fairness_remembers(harness: UseCaseHarness) -> None:
    harness.engine.gate.clear()
    await harness.imagine(ADA, count=2)
    async with running(harness):
        await harness.engine.started.wait()
        assert set(await tags.load(harness.database.read)) == set(harness.queue.tags()), "claimed"
        harness.clock.advance(1)
        await harness.imagine(BOB)
        assert set(await tags.load(harness.database.read)) == set(harness.queue.tags()), "accepted"


async def test_what_is_put_back_is_written_without_its_charge(roomy: UseCaseHarness) -> None:
    roomy.engine.failures = [RenderError(Code.RENDER_FAILED)]
    roomy.engine.gate.clear()
    await roomy.imagine(ADA, count=3)
    async with running(roomy):
        await roomy.engine.started.wait()
        roomy.scheduler.set_service_mode(ServiceMode.PAUSED)
        roomy.engine.gate.set()
        await until_true(lambda: len(roomy.queue.waiting) == 3)
        async with roomy.database.transaction():
            pass
        assert set(await tags.load(roomy.database.read)) == set(roomy.queue.tags())


async def test_a_token_that_dies_early_brings_the_deadline_forward_after_a_restart_too(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    """As of an edit whose pictures took a while to fetch: the token counts from the interaction."""
    soon = replace(reply(harness.clock), expires_ms=harness.clock.now_ms() + 600_000)
    await harness.submit.imagine(ADA, ImagineRequest("a fox"), soon)
    before = [image.deadline_ms for image in harness.queue.waiting]
    assert before == [harness.clock.now_ms() + 480_000]
    again = await restarted(harness, tmp_path)
    assert [image.deadline_ms for image in again.queue.waiting] == before
