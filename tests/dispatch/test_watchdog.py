"""A card that hangs is noticed, and the process given up while the rows are safe."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.dispatch.standstill import NOTICED_FROM_S, Standstill
from kleinbot.dispatch.watchdog import (
    COLD_SLACK_S,
    COLD_TIMES,
    MOST_OF_A_SLICE_S,
    SLACK_S,
    SLICE_S,
    TIMES,
    UNKNOWN_S,
    Watchdog,
)
from kleinbot.domain.errors import FatalEngineError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import JobState
from kleinbot.domain.work import StageSeconds
from kleinbot.engine.protocol import SELF_TEST_STEPS
from kleinbot.host.memory_model import read_for_encoding_bytes, read_for_step_bytes
from kleinbot.host.profile import CUDA_BF16, ComponentPlan, Format, Placement
from kleinbot.queueing.waiting import Shape
from tests.dispatch.restarting import restarted
from tests.dispatch.running import ended, running, until, until_true
from tests.manual_clock import ManualClock, passes
from tests.processes import started as started_process
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
        await passes(again.clock, COLD_SLACK_S)
        for _ in range(20):
            await again.database.read.number("SELECT 1")
        assert not task.done()
        await passes(again.clock, COLD_TIMES * again.cost_model.expected_s(shape))
        with pytest.raises(FatalEngineError, match="first step"):
            await asyncio.wait_for(task, 10)


async def test_steps_that_come_in_time_keep_it_quiet(studio: Studio) -> None:
    gate = asyncio.Event()
    studio.engine.step_gates = {2: gate}
    job_id = (await studio.imagine()).card.job.job_id
    async with running(studio):
        await until_true(lambda: len(studio.progressed.reports) == 2)
        await passes(studio.clock, UNKNOWN_S - 1)
        gate.set()
        assert (await until(studio, job_id, ended)).state is JobState.DONE


async def test_a_hanging_step_ends_the_loop_with_the_rows_safe(studio: Studio) -> None:
    studio.engine.step_gates = {2: asyncio.Event()}
    job_id = (await studio.imagine()).card.job.job_id
    studio.clock.advance(1)
    waiting_id = (await studio.imagine(BOB)).card.job.job_id
    async with running(studio) as task:
        await until_true(lambda: len(studio.progressed.reports) == 2)
        await passes(studio.clock, UNKNOWN_S)
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
        await passes(studio.clock, SLACK_S + 2)
        with pytest.raises(FatalEngineError, match="first step"):
            await asyncio.wait_for(task, 10)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGSTOP")
def test_a_process_that_was_stopped_in_the_middle_of_a_batch_goes_on_with_it() -> None:
    """As ``docker pause`` and a suspend do. It stands still for longer than the first step may take."""
    command = [sys.executable, "-m", "tests.dispatch.standing_still"]
    with started_process(command, stdin=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "watching\n"
        child.send_signal(signal.SIGSTOP)
        try:
            os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
            threading.Event().wait(3.0)
        finally:
            child.send_signal(signal.SIGCONT)
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline() == "done True\n"
        assert child.wait(20) == 0


async def test_what_a_machine_stood_still_is_no_time_of_the_card() -> None:
    clock = ManualClock()
    watchdog = Watchdog(clock)
    watchdog.begin(SHAPE, 1)
    waiting = asyncio.create_task(watchdog.overrun())
    await passes(clock, UNKNOWN_S / 2)
    clock.advance(8 * 3600)
    await passes(clock, UNKNOWN_S / 2 - MOST_OF_A_SLICE_S - SLICE_S)
    assert not waiting.done()
    await passes(clock, 2 * SLICE_S)
    assert await asyncio.wait_for(waiting, 10) == "first step"


async def test_a_part_that_begins_after_a_standstill_has_its_own_time() -> None:
    clock = ManualClock()
    watchdog = Watchdog(clock)
    watchdog.learn(SHAPE, 1, SECONDS)
    watchdog.begin(SHAPE, 1)
    waiting = asyncio.create_task(watchdog.overrun())
    await passes(clock, SLICE_S)
    await passes(clock, 8 * 3600, slice_s=8 * 3600)
    watchdog.step_done(1, 4)
    await passes(clock, TIMES * 2.0 + SLACK_S - 0.5)
    assert not waiting.done()
    await passes(clock, 0.5)
    assert "step 2" in await asyncio.wait_for(waiting, 10)


@pytest.mark.parametrize("stands_still_s", [20, 31, 8 * 3600])
async def test_after_a_standstill_the_engine_is_doubted_once(studio: Studio, stands_still_s: int) -> None:
    keeping = asyncio.create_task(studio.dispatcher.keep_promises())
    await passes(studio.clock, 600)
    assert studio.engine.doubted == 0
    studio.clock.advance(stands_still_s)
    await passes(studio.clock, 600)
    assert studio.engine.doubted == (stands_still_s > NOTICED_FROM_S)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_a_batch_that_begins_before_anybody_noticed_is_doubted_too(studio: Studio) -> None:
    studio.clock.advance(3600)
    async with running(studio):
        await until(studio, (await studio.imagine()).card.job.job_id, ended)
    assert studio.engine.doubted == 1


@pytest.mark.parametrize("is_broken", [False, True])
async def test_a_batch_that_ends_before_anybody_looked_is_verified_before_it_is_given_out(
    studio: Studio, is_broken: bool
) -> None:
    """A machine wakes up, and its card is done before the next look at the clock."""
    studio.engine.is_broken = is_broken
    gate = asyncio.Event()
    studio.engine.step_gates = {4: gate}
    job_id = (await studio.imagine()).card.job.job_id
    async with running(studio) as task:
        await until_true(lambda: len(studio.progressed.reports) == 4)
        assert studio.engine.verified == 0
        studio.clock.advance(8 * 3600)
        gate.set()
        if is_broken:
            with pytest.raises(FatalEngineError, match="self-test"):
                await asyncio.wait_for(task, 10)
            assert (await studio.job(job_id)).state is JobState.RUNNING, "it is made again, not given out"
        else:
            await until(studio, job_id, ended)
    assert (studio.engine.doubted, studio.engine.verified) == (1, 1)


async def test_a_batch_over_which_nobody_slept_is_not_verified(studio: Studio) -> None:
    async with running(studio):
        await until(studio, (await studio.imagine()).card.job.job_id, ended)
    assert studio.engine.verified == 0


class SuspendedClock(ManualClock):
    """As Linux has it: over a suspend only the time of day goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.suspended_s = 0

    def now_ms(self) -> int:
        return super().now_ms() + 1000 * self.suspended_s


def test_where_the_monotonic_clock_stands_the_time_of_day_tells() -> None:
    clock = SuspendedClock()
    standstill = Standstill(clock)
    clock.advance(5)
    assert not standstill.is_over()
    clock.suspended_s = 8 * 3600
    assert standstill.is_over()
    clock.advance(5)
    assert not standstill.is_over()


async def test_what_is_read_from_a_slow_disk_has_its_time_whatever_was_measured() -> None:
    """A prompt that is remembered encodes in no time; the next one reads 5.8 GB."""
    on_disk = ComponentPlan(Format.PLAIN, Placement.DISK)
    clock = ManualClock()
    watchdog = Watchdog(clock, replace(CUDA_BF16, text_encoder=on_disk))
    watchdog.learn(SHAPE, 1, StageSeconds(0.0, 2.0, 0.4))
    watchdog.begin(SHAPE, 1)
    assert await _overruns_after_s(watchdog, clock) > 5.8e9 / 30e6
    watchdog.step_done(1, 4)
    assert await _overruns_after_s(watchdog, clock) == TIMES * 0.5 + SLACK_S, "nothing more is read"
    both = Watchdog(clock, replace(CUDA_BF16, text_encoder=on_disk, transformer=on_disk))
    both.begin(SHAPE, 1)
    both.step_done(1, 4)
    assert await _overruns_after_s(both, clock) > UNKNOWN_S + 7.7e9 / 30e6


async def test_a_test_after_a_standstill_has_its_time_too() -> None:
    """From a slow disk it reads all weights: a card that answers late is not taken for hung."""
    on_disk = ComponentPlan(Format.PLAIN, Placement.DISK)
    profile = replace(CUDA_BF16, text_encoder=on_disk, transformer=on_disk)
    clock = ManualClock()
    watchdog = Watchdog(clock, profile)
    watchdog.learn(SHAPE, 1, SECONDS)
    watchdog.begin(SHAPE, 1)
    for step in range(1, 5):
        watchdog.step_done(step, 4)
    test_s = (read_for_encoding_bytes(profile) + SELF_TEST_STEPS * read_for_step_bytes(profile)) / 20e6
    for _ in range(2):
        watchdog.test_follows()
    assert await _overruns_after_s(watchdog, clock) >= TIMES * 1.0 + SLACK_S + test_s
    watchdog.begin(SHAPE, 1)
    for step in range(1, 5):
        watchdog.step_done(step, 4)
    assert await _overruns_after_s(watchdog, clock) < TIMES * 1.0 + SLACK_S + 1
