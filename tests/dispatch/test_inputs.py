"""Input pictures that are lost or damaged by the time they are needed, and what is not foreseen at all."""

import asyncio
from pathlib import Path

import pytest

from kleinbot.dispatch.recovery import MOST_LOST_ATTEMPTS
from kleinbot.dispatch.render_tasks import RenderTasks
from kleinbot.domain.errors import Code
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Job, JobState
from kleinbot.domain.job_spec import ImageKey, JobKind, JobSpec
from kleinbot.domain.people import Actor
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.reference import Role
from kleinbot.domain.work import RenderTask
from kleinbot.images.labelled import encode_reference
from kleinbot.usecases.recipes import Draft, Input, Options
from tests.dispatch.restarting import restarted
from tests.dispatch.running import ended, running, until, until_true
from tests.usecase_harness import ADA, BOB, UseCaseHarness, reply

GRID = Grid(16, 16)
PNG = encode_reference(Pixels(256, 256, bytes(256 * 256 * 3)))


async def _edit(harness: UseCaseHarness, actor: Actor = ADA) -> Job:
    draft = Draft(JobSpec(JobKind.EDIT, "make it green", GRID), (Input(Role.REFERENCE, PNG, GRID),))
    options = Options(1, None, private=False)
    return (await harness.submit.accept(actor, draft, options, reply(harness.clock))).status.job


async def _failed_for_its_input(harness: UseCaseHarness, job_id: str) -> None:
    job = await until(harness, job_id, ended)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.code, job.error.parameters) == (Code.INPUT_LOST, {"position": 1})


async def test_an_edit_whose_picture_is_lost_fails_refunded_and_the_bot_stops_cleanly_afterwards(
    harness: UseCaseHarness,
) -> None:
    job = await _edit(harness)
    await harness.archive.delete(job.spec.references[0].file)
    async with running(harness) as task:
        await _failed_for_its_input(harness, job.job_id)
        await harness.dispatcher.stop()
        await asyncio.wait_for(task, 10)
    assert await harness.spent_tenths() == 0
    assert harness.engine.batches == []
    assert not harness.queue.holds(job.job_id)


async def test_an_edit_whose_picture_is_damaged_fails_and_the_next_member_is_served(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    job = await _edit(harness)
    harness.clock.advance(1)
    other = (await harness.imagine(BOB)).status.job.job_id
    # The header's length is wrong: Pillow calls that a ValueError, not a damaged file.
    damaged = PNG[:8] + (5).to_bytes(4, "big") + PNG[12:]
    (tmp_path / "archive" / job.spec.references[0].file).write_bytes(damaged)
    async with running(harness):
        await _failed_for_its_input(harness, job.job_id)
        assert (await until(harness, other, ended)).state is JobState.DONE
    assert await harness.spent_tenths() == 0


async def test_a_batch_mate_of_a_lost_picture_is_put_back_when_the_loop_is_cancelled(
    roomy: UseCaseHarness,
) -> None:
    lost, kept = await _edit(roomy, ADA), await _edit(roomy, BOB)
    await roomy.archive.delete(lost.spec.references[0].file)
    roomy.engine.gate.clear()
    async with running(roomy) as loop:
        await until_true(lambda: len(roomy.engine.batches) == 1)
        assert [task.key.job_id for task in roomy.engine.batches[0]] == [kept.job_id]
    assert loop.cancelled()
    assert (await roomy.job(kept.job_id)).state is JobState.QUEUED
    assert [image.key.job_id for image in roomy.queue.waiting] == [kept.job_id]


async def test_what_nobody_foresaw_ends_the_process_twice_at_most_and_then_its_job_fails(
    harness: UseCaseHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = RenderTasks.task

    async def breaks(self: RenderTasks, job: Job, key: ImageKey) -> RenderTask:
        if job.member_id == ADA.member_id:
            raise ZeroDivisionError("nobody foresaw this")
        return await task(self, job, key)

    monkeypatch.setattr(RenderTasks, "task", breaks)
    guilty = (await harness.imagine(ADA)).status.job.job_id
    harness.clock.advance(1)
    innocent = (await harness.imagine(BOB)).status.job.job_id
    for _ in range(MOST_LOST_ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(harness.dispatcher.run(), 10)
        harness = await restarted(harness, tmp_path)
    job = await harness.queries.job(guilty)
    assert job is not None
    assert job.error is not None
    assert (job.state, job.error.code) == (JobState.FAILED, Code.GAVE_UP_AFTER_CRASHES)
    async with running(harness):
        assert (await until(harness, innocent, ended)).state is JobState.DONE
    assert [await harness.spent_tenths(actor) for actor in (ADA, BOB)] == [0, 10]
