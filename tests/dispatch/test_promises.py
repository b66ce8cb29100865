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
from tests.usecase_harness import ADA, BOB, Studio, build


async def test_what_can_no_longer_be_in_time_loses_its_promise_and_its_gpu_says_so(studio: Studio) -> None:
    job_id = (await studio.imagine()).status.job.job_id
    status = await studio.recall.status(job_id)
    assert status is not None
    assert (status.job.lane, status.is_late) == (Lane.TOKEN, False)
    studio.clock.advance(15 * 60)
    studio.engine.gate.clear()
    async with running(studio):
        await until_true(lambda: len(studio.engine.batches) == 1)
        assert studio.metrics.promises_dropped == 1
        studio.engine.gate.set()
        assert (await until(studio, job_id, ended)).state is JobState.DONE


async def test_those_behind_keep_their_places_without_a_promise(studio: Studio) -> None:
    await studio.imagine(count=2)
    studio.clock.advance(1)
    late = (await studio.imagine(BOB, count=2)).status.job.job_id
    studio.clock.advance(15 * 60)
    fresh = (await studio.imagine(count=1)).status.job.job_id
    studio.engine.gate.clear()
    async with running(studio):
        await until_true(lambda: len(studio.engine.batches) == 1)
        statuses = [await studio.recall.status(job_id) for job_id in (late, fresh)]
        assert [status.is_late for status in statuses if status] == [True, False]
        assert studio.queue.place(late) == 1


async def test_a_token_that_dies_early_brings_the_deadline_forward(studio: Studio) -> None:
    """The reply counts from the interaction; the job from when its pictures were fetched."""
    limits = studio.scheduler.limits
    assert limits.deadline_ms(0) == 780_000
    assert limits.deadline_ms(0, 900_000) == 780_000
    assert limits.deadline_ms(20_000, 900_000) == 780_000


async def test_the_error_of_the_told_start_is_measured(studio: Studio) -> None:
    await studio.imagine(ADA)
    studio.clock.advance(1)
    await studio.imagine(BOB)
    studio.clock.advance(3)
    async with running(studio):
        await until_true(lambda: len(studio.engine.batches) == 2)
    assert studio.metrics.waits == [(Lane.TOKEN, 4.0), (Lane.TOKEN, 3.0)]
    picture_s = CostModel(1.0).expected_s(Shape(Grid(16, 16), steps=4))  # what one was thought to take
    assert [late_s for _, late_s in studio.metrics.misses] == pytest.approx([4.0, 3.0 - picture_s], abs=1e-3)
    assert studio.errors.spread.count == 2
    assert studio.errors.spread.p95_s == pytest.approx(4.0)


async def test_only_a_jobs_first_picture_counts_as_its_start(studio: Studio) -> None:
    await studio.imagine(count=4)
    async with running(studio):
        await until_true(lambda: len(studio.engine.batches) == 4)
    assert len(studio.metrics.waits) == len(studio.metrics.misses) == 1


async def test_nothing_is_measured_of_what_was_not_told(studio: Studio) -> None:
    studio.engine.enter(EngineState(EnginePhase.LOADING))
    assert (await studio.imagine()).status.starts_at_ms is None
    studio.engine.enter(EngineState(EnginePhase.READY))
    cancelled = (await studio.imagine(BOB)).status.job.job_id
    await studio.cancel.by_id(BOB, cancelled)
    async with running(studio):
        await until_true(lambda: len(studio.engine.batches) == 1)
    assert studio.metrics.misses == []
    assert studio.errors.spread.count == 0


async def test_what_the_batch_on_the_gpu_still_takes_is_part_of_what_is_told(studio: Studio) -> None:
    async with running(studio):
        for _ in range(2):  # the prior is replaced by what was measured: 0.4 s
            await until(studio, (await studio.imagine()).status.job.job_id, ended)
        studio.engine.gate.clear()
        await studio.imagine()
        await until_true(lambda: len(studio.engine.batches) == 3)
        status = (await studio.imagine(BOB)).status
        assert status.starts_at_ms == studio.clock.now_ms() + 400


async def test_the_share_of_time_in_which_the_gpu_rested_while_work_waited(studio: Studio) -> None:
    studio.clock.advance(100)  # nothing to do: counts nowhere
    async with running(studio):
        studio.engine.gate.clear()
        job_id = (await studio.imagine()).status.job.job_id
        await until_true(lambda: len(studio.engine.batches) == 1)
        studio.clock.advance(3)
        studio.engine.gate.set()
        await until(studio, job_id, ended)
        studio.clock.advance(100)
    assert (studio.idle.busy_s, studio.idle.idle_s, studio.scheduler.idle_share) == (3.0, 0.0, 0.0)


async def test_work_that_waits_for_nothing_is_idle_time(studio: Studio) -> None:
    studio.idle.note(in_flight=True, work_waits=True)
    studio.clock.advance(9)
    studio.idle.note(in_flight=False, work_waits=True)
    studio.clock.advance(1)
    assert studio.scheduler.idle_share == pytest.approx(0.1)


async def test_promises_are_taken_back_in_time_while_nothing_is_drawn(studio: Studio) -> None:
    """The engine may still be loading, or the host has paused it: nobody dispatches, everybody is told."""
    job = (await studio.imagine()).status.job
    keeping = asyncio.create_task(studio.dispatcher.keep_promises())
    try:
        for _ in range(20):
            studio.clock.advance(60)
            await asyncio.sleep(0)
            status = await studio.recall.status(job.job_id)
            assert status is not None
            if status.is_late:
                break
        assert studio.clock.now_ms() < job.created_ms + 14 * 60_000  # the reply can still be edited
        assert studio.metrics.promises_dropped == 1
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_a_job_of_which_some_is_drawn_says_when_it_goes_on(studio: Studio) -> None:
    first_gate, second_gate = asyncio.Event(), asyncio.Event()
    studio.engine.step_gates = {1: first_gate}
    job_id = (await studio.imagine(count=2)).status.job.job_id
    studio.clock.advance(1)
    # Another server's: within one server members are served in the order of asking at first.
    other = (await studio.imagine(replace(BOB, server_id=BOB.server_id + 1))).status.job.job_id

    async def status() -> JobStatus:
        found = await studio.recall.status(job_id)
        assert found is not None
        return found

    async with running(studio):
        await until_true(lambda: len(studio.progressed.reports) == 1)
        assert (await status()).is_drawn
        studio.engine.step_gates = {1: second_gate}
        first_gate.set()
        await until_true(lambda: len(studio.engine.batches) == 2)
        assert studio.engine.batches[1][0].key.job_id == other
        waiting = await status()
        assert (waiting.job.state, waiting.is_drawn, waiting.place) == (JobState.RUNNING, False, 0)
        assert waiting.starts_at_ms is not None
        second_gate.set()
        await until(studio, job_id, ended)
    assert not (await status()).is_drawn


async def test_a_refusal_names_no_time_while_nobody_knows_it(studio: Studio, tmp_path: Path) -> None:
    limits = AdmissionLimits(member_cost=0.1)
    studio = build(tmp_path, studio.database, studio.clock, studio.engine, limits)
    await studio.imagine()
    with pytest.raises(Refusal) as known:
        await studio.imagine(count=2)
    assert known.value.code is Code.MEMBER_LINE_FULL
    assert float(known.value.parameters["retry_at_s"]) >= studio.clock.now_ms() / 1000
    assert f"<t:{known.value.parameters['retry_at_s']}:R>" in Texts().error(known.value)
    studio.engine.state = EngineState(EnginePhase.LOADING)
    with pytest.raises(Refusal) as unknown:
        await studio.imagine(count=2)
    assert unknown.value.code is Code.MEMBER_LINE_FULL
    assert "Try again once I draw again, or" in Texts().error(unknown.value)
    assert "einmal, sobald ich wieder zeichne, oder" in Texts().error(unknown.value, "de")
    await studio.archive.close()


@pytest.mark.parametrize("why", ["paused", "full"])
async def test_what_is_held_between_two_pictures_is_not_being_drawn(studio: Studio, why: str) -> None:
    gate = asyncio.Event()
    studio.engine.step_gates = {1: gate}
    job_id = (await studio.imagine(count=2)).status.job.job_id
    async with running(studio):
        await until_true(lambda: len(studio.progressed.reports) == 1)
        if why == "paused":
            studio.scheduler.set_service_mode(ServiceMode.PAUSED)
        else:
            studio.host.free_bytes = 0
        gate.set()
        await until(studio, job_id, lambda job: job.done_images != ())
        await until_true(lambda: studio.scheduler.disk_is_full or why == "paused")
        status = await studio.recall.status(job_id)
        assert status is not None
        assert (status.job.state, status.is_drawn, status.place) == (JobState.RUNNING, False, 0)
