"""When a job is said to be done, what is kept of that, and how far off it was."""

from kleinbot.scheduler.entries import shape_of
from kleinbot.store.jobs.measurements import end_errors_ms
from tests.dispatch.running import ended, running, until
from tests.usecase_harness import UseCaseHarness


async def test_nothing_is_told_before_anything_was_measured(harness: UseCaseHarness) -> None:
    accepted = await harness.imagine()
    assert accepted.status.told_s is None


async def test_a_job_is_told_when_all_of_it_is_done_and_by_how_much_that_was_wrong(
    harness: UseCaseHarness,
) -> None:
    first = await harness.imagine()
    async with running(harness):
        await until(harness, first.status.job.job_id, ended)
    shape = shape_of(first.status.job.spec)
    expected_s = harness.cost_model.expected_s(shape)
    accepted = await harness.imagine(count=2)
    told_s = accepted.status.told_s
    assert told_s is not None
    assert abs(told_s - 2 * expected_s) < 0.002
    job_id = accepted.status.job.job_id
    harness.clock.advance(told_s + 7)
    assert (await harness.queries.status(job_id)).told_s is None  # type: ignore[union-attr]
    async with running(harness):
        await until(harness, job_id, ended)
    (late_ms,) = await end_errors_ms(harness.database.read, 100)
    assert late_ms >= 7_000
