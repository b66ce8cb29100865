"""Long work rests between two steps while others pass."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.dispatch.batch import Batch
from kleinbot.domain.job import Job, JobState
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.service_mode import ServiceMode
from tests.dispatch.restarting import restarted
from tests.dispatch.running import ended, running, until, until_true
from tests.usecase_harness import ADA, BOB, UseCaseHarness

LONG_STEPS = 50
RESTS_AT = 40
USED_S = 5.0
"""More than a picture for each of two, which is what others may be behind."""


def gated(harness: UseCaseHarness, step: int) -> asyncio.Event:
    """Let every batch wait once ``step`` is told."""
    gate = asyncio.Event()
    gates: Mapping[int, asyncio.Event] = {step: gate}
    harness.engine.step_gates = gates
    return gate


async def suspended_by_a_newcomer(harness: UseCaseHarness) -> tuple[str, str]:
    """Bring a long batch so far that it rests and a newcomer's picture is on the card, held at its gate."""
    long = (await harness.steps(LONG_STEPS, ADA)).status.job.job_id
    gate = gated(harness, RESTS_AT)
    await until_true(lambda: len(harness.progress.reports) == RESTS_AT)
    harness.clock.advance(USED_S)
    short = (await harness.imagine(BOB)).status.job.job_id
    harness.engine.gate.clear()
    gate.set()
    await until_true(lambda: len(harness.engine.batches) == 2)
    return long, short


async def test_long_work_lets_a_newcomer_pass_and_goes_on_where_it_stopped(harness: UseCaseHarness) -> None:
    async with running(harness):
        long, short = await suspended_by_a_newcomer(harness)
        assert [batch[0].key.job_id for batch in harness.engine.suspended] == [long]
        assert (await harness.job(long)).state is JobState.RUNNING
        later = asyncio.Event()
        harness.engine.step_gates = {RESTS_AT + 1: later}
        harness.engine.gate.set()
        await until(harness, short, ended)
        later.set()
        done = await until(harness, long, ended)
    assert done.state is JobState.DONE
    assert [suspended.steps_done for suspended in harness.engine.resumed] == [RESTS_AT]
    assert harness.metrics.suspensions == 1
    assert await harness.spent_tenths(ADA) == done.price_tenths


async def test_only_one_batch_rests_at_a_time(harness: UseCaseHarness) -> None:
    async with running(harness):
        await suspended_by_a_newcomer(harness)
        second = await harness.steps(LONG_STEPS, BOB)
        harness.engine.gate.set()
        await until(harness, second.status.job.job_id, ended)
    assert max(len(harness.engine.suspended), harness.metrics.suspensions) == 1


async def test_the_charge_of_long_work_is_what_it_took_in_all(harness: UseCaseHarness) -> None:
    async with running(harness):
        long, _ = await suspended_by_a_newcomer(harness)
        harness.engine.gate.set()
        await until(harness, long, ended)
        await harness.finisher.emptied()
    seconds = (await harness.job(long)).seconds
    assert seconds == pytest.approx(0.4)
    outcomes = await harness.database.read.all(
        "SELECT outcome FROM attempts WHERE job_id = ? ORDER BY attempt_id", long
    )
    assert [row[0] for row in outcomes] == ["returned", "done"]


async def test_a_crash_while_it_rests_does_not_count_against_it(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    async with running(harness):
        long, short = await suspended_by_a_newcomer(harness)
        rows = await harness.database.read.all("SELECT job_id FROM attempts WHERE outcome = 'running'")
        assert [row[0] for row in rows] == [short]
        again = await restarted(harness, tmp_path)
    alone = {image.key.job_id: image.alone for image in again.queue.waiting}
    assert alone == {long: False, short: True}


async def test_a_resting_job_that_is_cancelled_is_forgotten_and_given_back(harness: UseCaseHarness) -> None:
    async with running(harness):
        long, short = await suspended_by_a_newcomer(harness)
        assert (await harness.cancel.by_id(ADA, long)).refunded_tenths > 0
        harness.engine.gate.set()
        await until(harness, short, ended)
        await until_true(lambda: bool(harness.engine.discarded))
        await until_true(lambda: not harness.queue.running)
    assert harness.engine.suspended == []
    assert harness.engine.resumed == []
    assert await harness.spent_tenths(ADA) == 0


async def test_a_resting_batch_goes_on_without_an_attempt_for_what_was_cancelled(
    roomy: UseCaseHarness,
) -> None:
    cara = replace(ADA, member_id=777)
    kept = (await roomy.steps(LONG_STEPS, ADA)).status.job.job_id
    cancelled = (await roomy.steps(LONG_STEPS, cara)).status.job.job_id
    async with running(roomy):
        gate = gated(roomy, RESTS_AT)
        await until_true(lambda: len(roomy.progress.reports) >= RESTS_AT)
        roomy.clock.advance(USED_S)
        short = (await roomy.imagine(BOB)).status.job.job_id
        roomy.engine.gate.clear()
        gate.set()
        await until_true(lambda: len(roomy.engine.batches) == 2)
        assert len(roomy.engine.suspended[0]) == 2
        await roomy.cancel.by_id(cara, cancelled)
        roomy.engine.gate.set()
        await until(roomy, short, ended)
        await until(roomy, kept, ended)
    rows = await roomy.database.read.all("SELECT job_id, outcome FROM attempts ORDER BY attempt_id")
    assert [row[1] for row in rows if row[0] == kept] == ["returned", "done"]
    assert [row[1] for row in rows if row[0] == cancelled] == ["returned"]


async def test_a_clean_stop_puts_resting_work_back_unharmed(harness: UseCaseHarness, tmp_path: Path) -> None:
    async with running(harness) as task:
        long, short = await suspended_by_a_newcomer(harness)
        await harness.dispatcher.stop()
        harness.engine.gate.set()
        await asyncio.wait_for(task, 10)
    await harness.finisher.emptied()
    assert (await harness.job(short)).state is JobState.DONE
    assert (await harness.job(long)).state is JobState.QUEUED
    again = await restarted(harness, tmp_path)
    assert [(image.key, image.alone) for image in again.queue.waiting] == [(ImageKey(long, 0), False)]


async def test_while_paused_begun_work_is_ended_and_nothing_passes_it(harness: UseCaseHarness) -> None:
    def is_done(job: Job) -> bool:
        return job.state is JobState.DONE

    async with running(harness):
        long, short = await suspended_by_a_newcomer(harness)
        waiting = (await harness.imagine(BOB)).status.job.job_id
        harness.scheduler.set_service_mode(ServiceMode.PAUSED)
        harness.engine.gate.set()
        await until(harness, short, is_done)
        await until(harness, long, is_done)
        assert (await harness.job(waiting)).state is JobState.QUEUED


async def test_time_between_two_batches_is_idle_while_only_resting_work_is_left(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = harness.claims.go_on

    async def slowly(batch: Batch) -> None:
        harness.clock.advance(2)
        await go_on(batch)

    monkeypatch.setattr(harness.claims, "go_on", slowly)
    async with running(harness):
        long, _ = await suspended_by_a_newcomer(harness)
        before_s = harness.idle.idle_s
        harness.engine.gate.set()
        await until(harness, long, ended)
    assert harness.idle.idle_s - before_s == pytest.approx(2.0)


async def test_what_it_let_pass_is_added_up(harness: UseCaseHarness) -> None:
    async with running(harness):
        long, short = await suspended_by_a_newcomer(harness)
        (resting,) = harness.scheduler.engines[0].resting
        passing = next(image for image in harness.queue.running if image.key.job_id == short)
        assert harness.queue.begun_with(resting).passed_cost == pytest.approx(passing.cost)
        harness.engine.gate.set()
        await until(harness, long, ended)
