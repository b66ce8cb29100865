"""Batches of several members, from the queue to the rows."""

from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import JobState
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.work import Fallback, OutOfMemory
from kleinbot.scheduler.entries import Shape
from tests.dispatch.running import ended, running, until, until_true
from tests.usecase_harness import ADA, BOB, MODERATOR, UseCaseHarness


async def test_members_share_a_batch_and_each_gets_and_pays_their_own(roomy: UseCaseHarness) -> None:
    jobs = [(await roomy.imagine(actor)).status.job.job_id for actor in (ADA, BOB, MODERATOR)]
    async with running(roomy):
        done = [await until(roomy, job_id, ended) for job_id in jobs]
    assert [job.state for job in done] == [JobState.DONE] * 3
    assert [sorted(task.key.job_id for task in batch) for batch in roomy.engine.batches] == [sorted(jobs)]
    assert [await roomy.spent_tenths(actor) for actor in (ADA, BOB, MODERATOR)] == [10, 10, 10]
    assert roomy.metrics.batches == [3]


async def test_an_image_that_fails_alone_does_not_harm_its_batch_mates(roomy: UseCaseHarness) -> None:
    unlucky = (await roomy.imagine(ADA)).status.job.job_id
    lucky = (await roomy.imagine(BOB)).status.job.job_id
    roomy.engine.image_errors[ImageKey(unlucky, 0)] = RenderError(Code.OUT_OF_MEMORY)
    async with running(roomy):
        failed = await until(roomy, unlucky, ended)
        done = await until(roomy, lucky, ended)
    assert (failed.state, done.state) == (JobState.FAILED, JobState.DONE)
    assert failed.error is not None
    assert failed.error.code is Code.OUT_OF_MEMORY
    assert [await roomy.spent_tenths(actor) for actor in (ADA, BOB)] == [0, 10]
    assert roomy.metrics.failures == [Code.OUT_OF_MEMORY]


async def test_the_good_pictures_of_a_job_that_fails_partly_are_kept_and_paid(roomy: UseCaseHarness) -> None:
    job_id = (await roomy.imagine(count=4)).status.job.job_id
    roomy.engine.image_errors[ImageKey(job_id, 2)] = RenderError(Code.RENDER_FAILED)
    async with running(roomy):
        job = await until(roomy, job_id, ended)
    assert job.state is JobState.FAILED
    assert [image.state for image in job.images] == ["done", "done", "failed", "done"]
    assert await roomy.spent_tenths() == 30


async def test_a_batch_that_fails_as_a_whole_is_tried_one_by_one(roomy: UseCaseHarness) -> None:
    """Nobody pays with their job for what another one asked for."""
    roomy.engine.failures = [RenderError(Code.RENDER_FAILED), RenderError(Code.RENDER_FAILED)]
    first = (await roomy.imagine(ADA)).status.job.job_id
    second = (await roomy.imagine(BOB)).status.job.job_id
    async with running(roomy):
        states = {(await until(roomy, job_id, ended)).state for job_id in (first, second)}
    assert [len(batch) for batch in roomy.engine.batches] == [2, 1, 1]
    assert states == {JobState.FAILED, JobState.DONE}  # whoever came first alone had the second failure


async def test_batches_of_a_size_that_did_not_fit_are_not_tried_again(roomy: UseCaseHarness) -> None:
    roomy.engine.out_of_memory = [(OutOfMemory(Fallback.BATCH_OF_ONE, 4),)]
    for _ in range(2):
        job_id = (await roomy.imagine(count=4)).status.job.job_id
        async with running(roomy):
            assert (await until(roomy, job_id, ended)).state is JobState.DONE
    assert [len(batch) for batch in roomy.engine.batches] == [4, 3, 1]
    assert roomy.metrics.batches == [1, 3, 1]  # what did not fit was made one by one
    assert roomy.metrics.memory_events == [OutOfMemory(Fallback.BATCH_OF_ONE, 4)]


async def test_what_did_not_fit_bounds_what_is_larger_and_not_what_is_smaller(roomy: UseCaseHarness) -> None:
    shape = Shape(Grid(16, 16), 4)
    roomy.limits.learn(shape, OutOfMemory(Fallback.BATCH_OF_ONE, 3))
    assert roomy.limits.max_batch(shape) == 2
    assert roomy.limits.max_batch(Shape(Grid(16, 16), 4, references=(Grid(16, 16),))) == 2
    assert roomy.limits.max_batch(Shape(Grid(8, 8), 4)) == 4
    roomy.limits.learn(shape, OutOfMemory(Fallback.GIVE_UP, 1))
    assert roomy.limits.max_batch(shape) == 2
    roomy.limits.learn(shape, OutOfMemory(Fallback.BATCH_OF_ONE, 2))
    assert roomy.limits.max_batch(shape) == 1


async def test_a_batch_that_went_down_the_ladder_teaches_nothing_about_its_seconds(
    roomy: UseCaseHarness,
) -> None:
    roomy.engine.out_of_memory = [(OutOfMemory(Fallback.LEAN_DECODE, 2),)]
    await roomy.imagine(count=2)
    async with running(roomy):
        await until_true(lambda: bool(roomy.metrics.batches))
    assert roomy.cost_model.measurements() == ()


async def test_a_cancelled_image_of_a_batch_is_thrown_away_and_the_others_are_not_harmed(
    roomy: UseCaseHarness,
) -> None:
    roomy.engine.gate.clear()
    unwanted = (await roomy.imagine(ADA)).status.job.job_id
    wanted = (await roomy.imagine(BOB)).status.job.job_id
    async with running(roomy):
        await roomy.engine.started.wait()
        await roomy.cancel.by_id(ADA, unwanted)
        roomy.engine.gate.set()
        assert (await until(roomy, wanted, ended)).state is JobState.DONE
    assert (await roomy.job(unwanted)).state is JobState.CANCELLED
    assert [await roomy.spent_tenths(actor) for actor in (ADA, BOB)] == [0, 10]


async def test_progress_of_a_batch_counts_all_of_a_jobs_images(roomy: UseCaseHarness) -> None:
    await roomy.imagine(count=4)
    async with running(roomy):
        await until_true(lambda: bool(roomy.metrics.batches))
    seen = [report.done_images + report.fraction for _, report in roomy.progress.reports]
    assert seen == [1.0, 2.0, 3.0, 4.0]


async def test_what_did_not_fit_with_references_does_not_bound_what_has_none(roomy: UseCaseHarness) -> None:
    edit = Shape(Grid(16, 16), 4, references=(Grid(16, 16),) * 4)
    roomy.limits.learn(edit, OutOfMemory(Fallback.BATCH_OF_ONE, 3))
    assert roomy.limits.max_batch(edit) == 2
    assert roomy.limits.max_batch(Shape(Grid(16, 16), 4)) == 4


async def test_a_batch_that_fails_as_a_whole_for_want_of_memory_is_not_tried_in_that_size_again(
    roomy: UseCaseHarness,
) -> None:
    roomy.engine.failures = [RenderError(Code.OUT_OF_MEMORY)]
    async with running(roomy):
        first = (await roomy.imagine(count=4)).status.job.job_id
        assert (await until(roomy, first, ended)).state is JobState.DONE
    assert roomy.limits.max_batch(Shape(Grid(16, 16), 4)) == 3
