"""One loop for each engine, over the same rows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kleinbot.domain.errors import FatalEngineError
from kleinbot.domain.job import JobState
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.store.database import Database
from kleinbot.store.migrations import load_migrations, migrate
from tests.dispatch.running import ended, running, until, until_true
from tests.manual_clock import START_MS, ManualClock
from tests.scripted_engine import ScriptedEngine
from tests.usecase_harness import ADA, BOB, MODERATOR, UseCaseHarness, build


@pytest.fixture
def other() -> ScriptedEngine:
    return ScriptedEngine(CPU_SMALL)


@pytest.fixture
async def harness(tmp_path: Path, other: ScriptedEngine) -> AsyncIterator[UseCaseHarness]:
    """A host with two engines: ``harness.engine`` and ``other``."""
    clock = ManualClock(START_MS)
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations(), clock)
    database = await Database.open(file)
    harness = build(tmp_path, database, clock, ScriptedEngine(CPU_SMALL), further_engines=[other])
    yield harness
    await harness.finisher.close()
    await harness.archive.close()
    await database.close()


async def both_draw(harness: UseCaseHarness, other: ScriptedEngine) -> list[str]:
    """Return three jobs, two of which are drawn until the engines' gates open; the third one waits."""
    harness.engine.gate.clear()
    other.gate.clear()
    jobs = [(await harness.imagine(actor)).status.job.job_id for actor in (ADA, BOB, MODERATOR)]
    await until_true(lambda: len(harness.queue.running) == 2 and other.started.is_set())
    return jobs


async def test_two_engines_draw_at_once_and_each_picture_once(
    harness: UseCaseHarness, other: ScriptedEngine
) -> None:
    async with running(harness):
        jobs = await both_draw(harness, other)
        await harness.engine.started.wait()
        assert [harness.scheduler.is_rendering(job_id) for job_id in jobs] == [True, True, False]
        waiting = await harness.queries.status(jobs[2])
        assert waiting is not None
        assert (waiting.place, waiting.is_drawn) == (1, False)
        harness.engine.gate.set()
        other.gate.set()
        states = [(await until(harness, job_id, ended)).state for job_id in jobs]
    assert states == [JobState.DONE] * 3
    drawn = [task.key for batch in (*harness.engine.batches, *other.batches) for task in batch]
    assert sorted(key.job_id for key in drawn) == sorted(jobs)
    assert [await harness.spent_tenths(actor) for actor in (ADA, BOB, MODERATOR)] == [10, 10, 10]
    assert harness.scheduler.idle_s == 0


async def test_an_engine_that_breaks_ends_the_loops_and_only_its_own_picture_is_lost(
    harness: UseCaseHarness, other: ScriptedEngine
) -> None:
    other.failures = [FatalEngineError("illegal memory access")]
    async with running(harness) as task:
        jobs = await both_draw(harness, other)
        await harness.engine.started.wait()
        [[lost]] = other.batches
        other.gate.set()
        with pytest.raises(FatalEngineError):
            await asyncio.wait_for(task, 10)
    states = {job_id: (await harness.job(job_id)).state for job_id in jobs}
    assert states.pop(lost.key.job_id) is JobState.RUNNING  # so that the next start counts it as lost
    assert set(states.values()) == {JobState.QUEUED}


async def test_stop_lets_both_finish_and_begins_no_other(
    harness: UseCaseHarness, other: ScriptedEngine
) -> None:
    async with running(harness) as task:
        jobs = await both_draw(harness, other)
        await harness.dispatcher.stop()
        harness.engine.gate.set()
        other.gate.set()
        await asyncio.wait_for(task, 10)
    await harness.finisher.close()
    states = [(await harness.job(job_id)).state for job_id in jobs]
    assert states == [JobState.DONE, JobState.DONE, JobState.QUEUED]


async def test_long_work_does_not_rest_while_the_other_engine_is_free(
    harness: UseCaseHarness, other: ScriptedEngine
) -> None:
    gate = asyncio.Event()
    async with running(harness):
        harness.engine.step_gates = other.step_gates = {4: gate}
        long = (await harness.steps(16)).status.job.job_id
        await until_true(lambda: len(harness.progress.reports) == 4)
        harness.engine.step_gates = other.step_gates = {}
        short = (await harness.imagine(BOB)).status.job.job_id
        assert (await until(harness, short, ended)).state is JobState.DONE
        assert not ended(await harness.job(long))
        gate.set()
        await until(harness, long, ended)
    assert harness.metrics.suspensions == 0
