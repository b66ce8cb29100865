"""Whoever is cancelled during COMMIT: what is charged is in line, what is ended is not, at once."""

import asyncio
from collections.abc import Awaitable

import pytest

from kleinbot.domain.errors import Code, Refusal, RenderError
from kleinbot.domain.job import JobState
from tests.dispatch.running import running, until_true
from tests.studio.conftest import AtCommit
from tests.studio_harness import ADA, Studio


async def _cancelled(at_commit: AtCommit, work: Awaitable[object]) -> None:
    at_commit.armed = True
    with pytest.raises(asyncio.CancelledError):
        await asyncio.ensure_future(work)
    assert not at_commit.armed


async def test_a_job_that_is_charged_is_in_line(interrupted: Studio, at_commit: AtCommit) -> None:
    await _cancelled(at_commit, interrupted.imagine(count=2))
    assert await interrupted.spent_tenths() == 20
    (job,) = await interrupted.recall.open_jobs()
    assert [image.key for image in interrupted.line.order()] == [image.key for image in job.images]


async def test_a_job_that_is_cancelled_has_left_the_line(interrupted: Studio, at_commit: AtCommit) -> None:
    job_id = (await interrupted.imagine()).card.job.job_id
    await _cancelled(at_commit, interrupted.cancel.by_id(ADA, job_id))
    assert (await interrupted.job(job_id)).state is JobState.CANCELLED
    assert not interrupted.line.holds(job_id)
    assert await interrupted.spent_tenths() == 0
    assert interrupted.deliveries  # its member is told


async def test_what_was_used_is_paid_once_and_the_card_is_let_go(
    interrupted: Studio, at_commit: AtCommit
) -> None:
    """A cancel that is cancelled has happened; asked for once more it charges nothing."""

    async def cancelled_within_the_last_step() -> int | None:
        gate = asyncio.Event()
        interrupted.engine.within_gates = {4: gate}
        job_id = (await interrupted.imagine()).card.job.job_id
        await until_true(lambda: interrupted.dispatcher.used(job_id) == {0: 1})
        await _cancelled(at_commit, interrupted.cancel.by_id(ADA, job_id))
        with pytest.raises(Refusal):
            await interrupted.cancel.by_id(ADA, job_id)
        gate.set()
        await until_true(lambda: not interrupted.line.running)
        return (await interrupted.job(job_id)).used_tenths

    async with running(interrupted):
        assert [await cancelled_within_the_last_step() for _ in range(2)] == [0, 10]
    assert await interrupted.spent_tenths() == 10


async def test_a_job_that_failed_has_left_the_line(interrupted: Studio, at_commit: AtCommit) -> None:
    job_id = (await interrupted.imagine()).card.job.job_id
    error = RenderError(Code.RENDER_FAILED)
    await _cancelled(at_commit, interrupted.dispatcher.fail(job_id, error))
    assert (await interrupted.job(job_id)).state is JobState.FAILED
    assert not interrupted.line.holds(job_id)
