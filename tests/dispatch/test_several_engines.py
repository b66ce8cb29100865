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
from tests.usecase_harness import ADA, BOB, MODERATOR, Studio, build


@pytest.fixture
def other() -> ScriptedEngine:
    return ScriptedEngine(CPU_SMALL)


@pytest.fixture
async def studio(tmp_path: Path, other: ScriptedEngine) -> AsyncIterator[Studio]:
    """A host with two engines: ``studio.engine`` and ``other``."""
    clock = ManualClock(START_MS)
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations(), clock)
    database = await Database.open(file)
    studio = build(tmp_path, database, clock, ScriptedEngine(CPU_SMALL), further_engines=[other])
    yield studio
    await studio.finisher.close()
    await studio.archive.close()
    await database.close()


async def both_draw(studio: Studio, other: ScriptedEngine) -> list[str]:
    """Return three jobs, two of which are drawn until the engines' gates open; the third one waits."""
    studio.engine.gate.clear()
    other.gate.clear()
    jobs = [(await studio.imagine(actor)).status.job.job_id for actor in (ADA, BOB, MODERATOR)]
    await until_true(lambda: len(studio.queue.running) == 2 and other.started.is_set())
    return jobs


async def test_two_engines_draw_at_once_and_each_picture_once(studio: Studio, other: ScriptedEngine) -> None:
    async with running(studio):
        jobs = await both_draw(studio, other)
        await studio.engine.started.wait()
        assert [studio.scheduler.is_rendering(job_id) for job_id in jobs] == [True, True, False]
        waiting = await studio.recall.status(jobs[2])
        assert waiting is not None
        assert (waiting.place, waiting.is_drawn) == (1, False)
        studio.engine.gate.set()
        other.gate.set()
        states = [(await until(studio, job_id, ended)).state for job_id in jobs]
    assert states == [JobState.DONE] * 3
    drawn = [task.key for batch in (*studio.engine.batches, *other.batches) for task in batch]
    assert sorted(key.job_id for key in drawn) == sorted(jobs)
    assert [await studio.spent_tenths(actor) for actor in (ADA, BOB, MODERATOR)] == [10, 10, 10]
    assert studio.scheduler.idle_s == 0


async def test_an_engine_that_breaks_ends_the_loops_and_only_its_own_picture_is_lost(
    studio: Studio, other: ScriptedEngine
) -> None:
    other.failures = [FatalEngineError("illegal memory access")]
    async with running(studio) as task:
        jobs = await both_draw(studio, other)
        await studio.engine.started.wait()
        [[lost]] = other.batches
        other.gate.set()
        with pytest.raises(FatalEngineError):
            await asyncio.wait_for(task, 10)
    states = {job_id: (await studio.job(job_id)).state for job_id in jobs}
    assert states.pop(lost.key.job_id) is JobState.RUNNING  # so that the next start counts it as lost
    assert set(states.values()) == {JobState.QUEUED}


async def test_stop_lets_both_finish_and_begins_no_other(studio: Studio, other: ScriptedEngine) -> None:
    async with running(studio) as task:
        jobs = await both_draw(studio, other)
        await studio.dispatcher.stop()
        studio.engine.gate.set()
        other.gate.set()
        await asyncio.wait_for(task, 10)
    await studio.finisher.close()
    states = [(await studio.job(job_id)).state for job_id in jobs]
    assert states == [JobState.DONE, JobState.DONE, JobState.QUEUED]


async def test_long_work_does_not_rest_while_the_other_engine_is_free(
    studio: Studio, other: ScriptedEngine
) -> None:
    gate = asyncio.Event()
    async with running(studio):
        studio.engine.step_gates = other.step_gates = {4: gate}
        long = (await studio.steps(16)).status.job.job_id
        await until_true(lambda: len(studio.progressed.reports) == 4)
        studio.engine.step_gates = other.step_gates = {}
        short = (await studio.imagine(BOB)).status.job.job_id
        assert (await until(studio, short, ended)).state is JobState.DONE
        assert not ended(await studio.job(long))
        gate.set()
        await until(studio, long, ended)
    assert studio.metrics.suspensions == 0
