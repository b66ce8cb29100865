"""Lanes, deadlines, what members are told, and how wrong that was."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import JobState, Lane
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.scheduler.admission import AdmissionLimits
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.entries import Shape
from kleinbot.texts import Texts
from kleinbot.usecases.job_queries import JobStatus
from tests.dispatch.running import ended, running, until, until_true
from tests.usecase_harness import ADA, BOB, UseCaseHarness, build


async def test_what_can_no_longer_be_in_time_loses_its_promise_and_its_gpu_says_so(
    harness: UseCaseHarness,
) -> None:
    job_id = (await harness.imagine()).status.job.job_id
    status = await harness.queries.status(job_id)
    assert status is not None
    assert (status.job.lane, status.is_late) == (Lane.TOKEN, False)
    harness.clock.advance(15 * 60)
    harness.engine.gate.clear()
    async with running(harness):
        await until_true(lambda: len(harness.engine.batches) == 1)
        assert harness.metrics.promises_dropped == 1
        harness.engine.gate.set()
        assert (await until(harness, job_id, ended)).state is JobState.DONE


async def test_those_behind_keep_their_places_without_a_promise(harness: UseCaseHarness) -> None:
    await harness.imagine(count=2)
    harness.clock.advance(1)
    late = (await harness.imagine(BOB, count=2)).status.job.job_id
    harness.clock.advance(15 * 60)
    fresh = (await harness.imagine(count=1)).status.job.job_id
    harness.engine.gate.clear()
    async with running(harness):
        await until_true(lambda: len(harness.engine.batches) == 1)
        statuses = [await harness.queries.status(job_id) for job_id in (late, fresh)]
        assert [status.is_late for status in statuses if status] == [True, False]
        assert harness.queue.place(late) == 1


async def test_a_token_that_dies_early_brings_the_deadline_forward(harness: UseCaseHarness) -> None:
    """The reply counts from the interaction; the job from when its pictures were fetched."""
    limits = harness.scheduler.limits
    assert limits.deadline_ms(0) == 780_000
    assert limits.deadline_ms(0, 900_000) == 780_000
    assert limits.deadline_ms(20_000, 900_000) == 780_000


async def test_the_error_of_the_told_start_is_measured(harness: UseCaseHarness) -> None:
    await harness.imagine(ADA)
    harness.clock.advance(1)
    await harness.imagine(BOB)
    harness.clock.advance(3)
    async with running(harness):
        await until_true(lambda: len(harness.engine.batches) == 2)
    assert harness.metrics.waits == [(Lane.TOKEN, 4.0), (Lane.TOKEN, 3.0)]
    picture_s = CostModel(1.0).expected_s(Shape(Grid(16, 16), steps=4))  # what one was thought to take
    assert [late_s for _, late_s in harness.metrics.misses] == pytest.approx([4.0, 3.0 - picture_s], abs=1e-3)
    assert harness.errors.spread.count == 2
    assert harness.errors.spread.p95_s == pytest.approx(4.0)


async def test_only_a_jobs_first_picture_counts_as_its_start(harness: UseCaseHarness) -> None:
    await harness.imagine(count=4)
    async with running(harness):
        await until_true(lambda: len(harness.engine.batches) == 4)
    assert len(harness.metrics.waits) == len(harness.metrics.misses) == 1


async def test_nothing_is_measured_of_what_was_not_told(harness: UseCaseHarness) -> None:
    harness.engine.enter(EngineState(EnginePhase.LOADING))
    assert (await harness.imagine()).status.starts_at_ms is None
    harness.engine.enter(EngineState(EnginePhase.READY))
    cancelled = (await harness.imagine(BOB)).status.job.job_id
    await harness.cancel.by_id(BOB, cancelled)
    async with running(harness):
        await until_true(lambda: len(harness.engine.batches) == 1)
    assert harness.metrics.misses == []
    assert harness.errors.spread.count == 0


async def test_what_the_batch_on_the_gpu_still_takes_is_part_of_what_is_told(harness: UseCaseHarness) -> None:
    async with running(harness):
        for _ in range(2):  # the prior is replaced by what was measured: 0.4 s
            await until(harness, (await harness.imagine()).status.job.job_id, ended)
        harness.engine.gate.clear()
        await harness.imagine()
        await until_true(lambda: len(harness.engine.batches) == 3)
        status = (await harness.imagine(BOB)).status
        assert status.starts_at_ms == harness.clock.now_ms() + 400


async def test_the_share_of_time_in_which_the_gpu_rested_while_work_waited(harness: UseCaseHarness) -> None:
    harness.clock.advance(100)  # nothing to do: counts nowhere
    async with running(harness):
        harness.engine.gate.clear()
        job_id = (await harness.imagine()).status.job.job_id
        await until_true(lambda: len(harness.engine.batches) == 1)
        harness.clock.advance(3)
        harness.engine.gate.set()
        await until(harness, job_id, ended)
        harness.clock.advance(100)
    assert (harness.idle.busy_s, harness.idle.idle_s, harness.scheduler.idle_share) == (3.0, 0.0, 0.0)


async def test_work_that_waits_for_nothing_is_idle_time(harness: UseCaseHarness) -> None:
    harness.idle.note(in_flight=True, work_waits=True)
    harness.clock.advance(9)
    harness.idle.note(in_flight=False, work_waits=True)
    harness.clock.advance(1)
    assert harness.scheduler.idle_share == pytest.approx(0.1)


async def test_promises_are_taken_back_in_time_while_nothing_is_drawn(harness: UseCaseHarness) -> None:
    """The engine may still be loading, or the host has paused it: nobody dispatches, everybody is told."""
    job = (await harness.imagine()).status.job
    keeping = asyncio.create_task(harness.dispatcher.keep_promises())
    try:
        for _ in range(20):
            harness.clock.advance(60)
            await asyncio.sleep(0)
            status = await harness.queries.status(job.job_id)
            assert status is not None
            if status.is_late:
                break
        assert harness.clock.now_ms() < job.created_ms + 14 * 60_000  # the reply can still be edited
        assert harness.metrics.promises_dropped == 1
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_a_job_of_which_some_is_drawn_says_when_it_goes_on(harness: UseCaseHarness) -> None:
    first_gate, second_gate = asyncio.Event(), asyncio.Event()
    harness.engine.step_gates = {1: first_gate}
    job_id = (await harness.imagine(count=2)).status.job.job_id
    harness.clock.advance(1)
    # Another server's: within one server members are served in the order of asking at first.
    other = (await harness.imagine(replace(BOB, server_id=BOB.server_id + 1))).status.job.job_id

    async def status() -> JobStatus:
        found = await harness.queries.status(job_id)
        assert found is not None
        return found

    async with running(harness):
        await until_true(lambda: len(harness.progress.reports) == 1)
        assert (await status()).is_drawn
        harness.engine.step_gates = {1: second_gate}
        first_gate.set()
        await until_true(lambda: len(harness.engine.batches) == 2)
        assert harness.engine.batches[1][0].key.job_id == other
        waiting = await status()
        assert (waiting.job.state, waiting.is_drawn, waiting.place) == (JobState.RUNNING, False, 0)
        assert waiting.starts_at_ms is not None
        second_gate.set()
        await until(harness, job_id, ended)
    assert not (await status()).is_drawn


async def test_a_refusal_names_no_time_while_nobody_knows_it(harness: UseCaseHarness, tmp_path: Path) -> None:
    limits = AdmissionLimits(member_cost=0.1)
    harness = build(tmp_path, harness.database, harness.clock, harness.engine, limits)
    await harness.imagine()
    with pytest.raises(Refusal) as known:
        await harness.imagine(count=2)
    assert known.value.code is Code.MEMBER_LINE_FULL
    assert float(known.value.parameters["retry_at_s"]) >= harness.clock.now_ms() / 1000
    assert f"<t:{known.value.parameters['retry_at_s']}:R>" in Texts().error(known.value)
    harness.engine.state = EngineState(EnginePhase.LOADING)
    with pytest.raises(Refusal) as unknown:
        await harness.imagine(count=2)
    assert unknown.value.code is Code.MEMBER_LINE_FULL
    assert "Try again once I draw again, or" in Texts().error(unknown.value)
    assert "einmal, sobald ich wieder zeichne, oder" in Texts().error(unknown.value, "de")
    await harness.archive.close()


@pytest.mark.parametrize("why", ["paused", "full"])
async def test_what_is_held_between_two_pictures_is_not_being_drawn(
    harness: UseCaseHarness, why: str
) -> None:
    gate = asyncio.Event()
    harness.engine.step_gates = {1: gate}
    job_id = (await harness.imagine(count=2)).status.job.job_id
    async with running(harness):
        await until_true(lambda: len(harness.progress.reports) == 1)
        if why == "paused":
            harness.scheduler.set_service_mode(ServiceMode.PAUSED)
        else:
            harness.disk.free_bytes = 0
        gate.set()
        await until(harness, job_id, lambda job: job.done_images != ())
        await until_true(lambda: harness.scheduler.disk_is_full or why == "paused")
        status = await harness.queries.status(job_id)
        assert status is not None
        assert (status.job.state, status.is_drawn, status.place) == (JobState.RUNNING, False, 0)
