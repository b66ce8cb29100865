"""Jobs that were accepted for another model than the one that draws after a restart."""

from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import JobState
from kleinbot.domain.job_spec import JobKind, JobSpec
from kleinbot.domain.profile import CPU_SMALL, Device
from kleinbot.domain.reference import Role
from kleinbot.domain.requests import ImagineRequest, Quality
from kleinbot.domain.work import ModelSize
from kleinbot.usecases.recipes import Draft, Input, Options
from tests.dispatch.restarting import restarted
from tests.dispatch.running import ended, running, until
from tests.store.rows import due_jobs
from tests.usecase_harness import ADA, BOB, UseCaseHarness, reply


async def test_what_needs_a_model_that_the_host_took_away_is_refunded_and_told(
    with_base: UseCaseHarness, tmp_path: Path
) -> None:
    request = ImagineRequest("a fox", quality=Quality.BEST)
    best = (await with_base.submit.imagine(ADA, request, reply(with_base.clock))).status.job.job_id
    plain = (await with_base.imagine(BOB)).status.job.job_id
    assert await with_base.spent_tenths() > 100
    harness = await restarted(with_base, tmp_path, profile=CPU_SMALL)
    job = await harness.queries.job(best)
    assert job is not None
    assert (job.state, job.error and job.error.code) == (JobState.FAILED, Code.CHECKPOINT_GONE)
    assert await harness.spent_tenths() == 0
    assert [image.key.job_id for image in harness.queue.waiting] == [plain]
    assert await due_jobs(harness.database.read, harness.clock.now_ms()) == [best]
    async with running(harness):
        assert (await until(harness, plain, ended)).state is JobState.DONE


async def edited(harness: UseCaseHarness, grid: Grid, references: int) -> str:
    """Accept an edit of so many references of its own size; return its key."""
    inputs = (Input(Role.REFERENCE, b"png", grid),) * references
    draft = Draft(JobSpec(JobKind.EDIT, "a fox", grid), inputs)
    return (
        await harness.submit.accept(BOB, draft, Options(1, None, private=False), reply(harness.clock))
    ).status.job.job_id


async def outcome(harness: UseCaseHarness, job_id: str) -> tuple[JobState, Code | None]:
    job = await harness.job(job_id)
    return job.state, None if job.error is None else job.error.code


GIVEN_BACK = (JobState.FAILED, Code.MODEL_CHANGED)


async def test_what_was_accepted_for_klein_is_refunded_and_told_where_the_small_model_draws_from_now_on(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    """Although it could: coloured shapes are not what was ordered."""
    full = await restarted(harness, tmp_path, size=ModelSize.FULL)
    job_id = (await full.imagine(count=2)).status.job.job_id
    small = await restarted(full, tmp_path, size=ModelSize.SMALL)
    assert await outcome(small, job_id) == GIVEN_BACK
    assert await small.spent_tenths() == 0
    assert await due_jobs(small.database.read, small.clock.now_ms()) == [job_id]
    assert small.queue.waiting == ()

    new = (await small.imagine()).status.job.job_id
    again = await restarted(small, tmp_path, size=ModelSize.SMALL)
    assert await outcome(again, new) == (JobState.QUEUED, None)


async def test_pictures_that_are_done_stay_paid_where_the_rest_is_refunded(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    full = await restarted(harness, tmp_path, size=ModelSize.FULL)
    job_id = (await full.imagine(count=3)).status.job.job_id
    full.engine.before = lambda _: full.engine.gate.clear() if len(full.engine.batches) == 1 else None
    async with running(full):
        await until(full, job_id, lambda job: len(job.done_images) == 1)
    small = await restarted(full, tmp_path, size=ModelSize.SMALL)
    assert await outcome(small, job_id) == GIVEN_BACK
    assert await small.spent_tenths() == 10


async def test_while_the_model_is_away_everything_keeps_waiting_for_it(
    with_base: UseCaseHarness, tmp_path: Path
) -> None:
    full = await restarted(with_base, tmp_path, size=ModelSize.FULL)
    request = ImagineRequest("a fox", quality=Quality.BEST)
    best = (await full.submit.imagine(ADA, request, reply(full.clock))).status.job.job_id
    plain = (await full.imagine(BOB)).status.job.job_id
    away = await restarted(full, tmp_path, profile=CPU_SMALL, size=None)
    assert {image.key.job_id for image in away.queue.waiting} == {best, plain}
    back = await restarted(away, tmp_path, profile=with_base.engine.profile, size=ModelSize.FULL)
    async with running(back):
        for job_id in (best, plain):
            assert (await until(back, job_id, ended)).state is JobState.DONE


async def test_klein_draws_what_was_accepted_for_the_small_model(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    small = await restarted(harness, tmp_path, size=ModelSize.SMALL)
    job_id = (await small.imagine()).status.job.job_id
    full = await restarted(small, tmp_path, size=ModelSize.FULL)
    assert await outcome(full, job_id) == (JobState.QUEUED, None)


@pytest.mark.parametrize(
    ("side", "references", "device", "is_kept"),
    [
        (16, 4, Device.CPU, True),
        (32, 1, Device.CPU, False),
        (64, 0, Device.CPU, False),
        # The engine has its ladder: it may still fit.
        (64, 4, Device.CUDA, True),
    ],
)
async def test_what_a_host_without_a_gpu_does_not_draw_is_refunded(
    tmp_path: Path, large: UseCaseHarness, side: int, references: int, device: Device, is_kept: bool
) -> None:
    job_id = await edited(large, Grid(side, side), references)
    lower = replace(CPU_SMALL, device=device)
    again = await restarted(large, tmp_path, profile=lower)
    assert await outcome(again, job_id) == ((JobState.QUEUED, None) if is_kept else GIVEN_BACK)
    assert (await again.spent_tenths(BOB) > 0) is is_kept


async def test_more_references_than_a_host_without_a_gpu_takes_are_refunded(
    tmp_path: Path, large: UseCaseHarness
) -> None:
    job_id = await edited(large, Grid(16, 16), 3)
    again = await restarted(large, tmp_path, profile=replace(CPU_SMALL, most_references=2))
    assert await outcome(again, job_id) == GIVEN_BACK
