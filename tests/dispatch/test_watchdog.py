"""A card that hangs is noticed, and the process given up while the rows are safe."""

import asyncio
from pathlib import Path

import pytest

from kleinbot.dispatch.watchdog import COLD_SLACK_S, COLD_TIMES, SLACK_S, TIMES, UNKNOWN_S, Watchdog
from kleinbot.domain.errors import FatalEngineError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import JobState
from kleinbot.domain.work import StageSeconds
from kleinbot.queueing.waiting import Shape
from tests.dispatch.restarting import restarted
from tests.dispatch.running import ended, running, until, until_true
from tests.manual_clock import ManualClock
from tests.studio_harness import BOB, Studio

SHAPE = Shape(Grid(16, 16), steps=4)
SECONDS = StageSeconds(encode_s=2.0, denoise_s=8.0, decode_s=1.0)


async def _overruns_after_s(watchdog: Watchdog, clock: ManualClock) -> float:
    """Return how long the part in hand may take."""
    begun_s = clock.monotonic_s()
    waiting = asyncio.create_task(watchdog.overrun())
    while not waiting.done():
        clock.advance(0.5)
        for _ in range(3):
            await asyncio.sleep(0)
    return clock.monotonic_s() - begun_s


async def test_each_part_may_take_five_times_as_long_as_usual_and_ten_seconds() -> None:
    clock = ManualClock()
    watchdog = Watchdog(clock)
    watchdog.learn(SHAPE, 1, SECONDS)
    watchdog.begin(SHAPE, 1)
    assert await _overruns_after_s(watchdog, clock) == TIMES * 4.0 + SLACK_S  # encode and a step
    watchdog.step_done(1, 4)
    assert await _overruns_after_s(watchdog, clock) == TIMES * 2.0 + SLACK_S
    watchdog.step_done(4, 4)
    assert await _overruns_after_s(watchdog, clock) == TIMES * 1.0 + SLACK_S


async def test_what_was_never_made_here_may_take_ten_minutes() -> None:
    clock = ManualClock()
    watchdog = Watchdog(clock)
    watchdog.learn(SHAPE, 1, SECONDS)
    watchdog.begin(SHAPE, 2)
    assert await _overruns_after_s(watchdog, clock) == UNKNOWN_S


async def test_what_an_earlier_process_has_made_is_noticed_sooner(studio: Studio, tmp_path: Path) -> None:
    async with running(studio):
        await until(studio, (await studio.imagine()).card.job.job_id, ended)
    again = await restarted(studio, tmp_path)
    again.engine.gate.clear()
    await again.imagine()
    shape = again.line.waiting[0].shape
    async with running(again) as task:
        await until_true(lambda: again.engine.batches != [])
        again.clock.advance(COLD_SLACK_S)
        for _ in range(20):
            await again.database.read.number("SELECT 1")
        assert not task.done()
        again.clock.advance(COLD_TIMES * again.cost_model.expected_s(shape))
        with pytest.raises(FatalEngineError, match="first step"):
            await asyncio.wait_for(task, 10)


async def test_steps_that_come_in_time_keep_it_quiet(studio: Studio) -> None:
    gate = asyncio.Event()
    studio.engine.step_gates = {2: gate}
    job_id = (await studio.imagine()).card.job.job_id
    async with running(studio):
        await until_true(lambda: len(studio.progressed.reports) == 2)
        studio.clock.advance(UNKNOWN_S - 1)
        gate.set()
        assert (await until(studio, job_id, ended)).state is JobState.DONE


async def test_a_hanging_step_ends_the_loop_with_the_rows_safe(studio: Studio) -> None:
    studio.engine.step_gates = {2: asyncio.Event()}
    job_id = (await studio.imagine()).card.job.job_id
    studio.clock.advance(1)
    waiting_id = (await studio.imagine(BOB)).card.job.job_id
    async with running(studio) as task:
        await until_true(lambda: len(studio.progressed.reports) == 2)
        studio.clock.advance(UNKNOWN_S)
        with pytest.raises(FatalEngineError, match="step 3 of 4"):
            await asyncio.wait_for(task, 10)
    assert studio.dispatcher.card_hangs
    states = [(await studio.job(each)).state for each in (job_id, waiting_id)]
    assert states == [JobState.RUNNING, JobState.QUEUED]
    assert await studio.spent_tenths() == 10


async def test_a_shape_that_was_made_before_hangs_sooner(studio: Studio) -> None:
    async with running(studio) as task:
        await until(studio, (await studio.imagine()).card.job.job_id, ended)
        studio.engine.gate.clear()
        await studio.imagine()
        await until_true(lambda: len(studio.engine.batches) == 2)
        studio.clock.advance(SLACK_S + 2)
        with pytest.raises(FatalEngineError, match="first step"):
            await asyncio.wait_for(task, 10)
