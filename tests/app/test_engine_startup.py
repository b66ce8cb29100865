"""An engine that does not start: retried if waiting may help, with growing pauses."""

import asyncio

import pytest

from kleinbot.app.engine_startup import (
    LONGEST_RETRY_S,
    LOOK_FOR_PROGRESS_EVERY_S,
    STALLED_S,
    StartOutcome,
    started,
)
from kleinbot.chat.owner import status_text
from kleinbot.domain.errors import Code, FatalEngineError, StartError
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.texts import Texts
from tests.manual_clock import ManualClock, passes
from tests.scripted_engine import ScriptedEngine

FULL_GPU = StartError(Code.START_OUT_OF_MEMORY, profile="int8", needed=7.5, free=1.2)


NO_CUDA = StartError(Code.CUDA_UNAVAILABLE, torch="2.13.0+cu130")


def never_looks() -> StartError | None:
    raise AssertionError("nobody asked for a look")


class FailingEngine(ScriptedEngine):
    """Fails as often as there are errors."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)
        self.tried = 0

    async def start(self) -> None:
        self.tried += 1
        if self.errors:
            raise self.errors.pop(0)


async def settled() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def asleep(clock: ManualClock) -> None:
    """Wait until the retry is waited for; threads may be asked before that."""
    async with asyncio.timeout(10):
        while all(woken.done() for _, woken in clock._sleepers):
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    "error", [FULL_GPU, StartError(Code.WEIGHTS_UNREACHABLE, repository="a", reason="b")]
)
async def test_what_may_pass_is_tried_again_after_growing_pauses(error: StartError) -> None:
    engine, clock = FailingEngine(*[error] * 9), ManualClock()
    starting = asyncio.create_task(started(engine, clock, never_looks))
    await settled()
    for tried, pause_s in enumerate([5, 10, 20, 40, 80, 160, 320, LONGEST_RETRY_S, LONGEST_RETRY_S], 1):
        await asleep(clock)
        clock.advance(pause_s - 1)
        await settled()
        assert engine.tried == tried
        clock.advance(1)
        await settled()
    assert await starting is StartOutcome.READY
    assert engine.tried == 10


async def test_a_profile_that_runs_out_of_memory_twice_is_chosen_anew() -> None:
    engine, clock = FailingEngine(*[FULL_GPU] * 9), ManualClock()
    asked: list[int] = []

    def anew() -> bool:
        asked.append(engine.tried)
        return len(asked) == 2

    starting = asyncio.create_task(started(engine, clock, never_looks, anew))
    async with asyncio.timeout(10):
        while not starting.done():
            await asyncio.sleep(0)
            clock.advance(LONGEST_RETRY_S)
    assert await starting is StartOutcome.NEW_PROCESS
    # One shortage may be a game that is about to end; if nothing else can be chosen, it is retried.
    assert asked == [2, 3]


async def test_what_is_no_want_of_memory_changes_no_profile() -> None:
    unreachable = StartError(Code.WEIGHTS_UNREACHABLE, repository="a", reason="b")
    engine, clock = FailingEngine(FULL_GPU, unreachable, unreachable), ManualClock()
    starting = asyncio.create_task(started(engine, clock, never_looks, lambda: pytest.fail("asked")))
    async with asyncio.timeout(10):
        while not starting.done():
            await asyncio.sleep(0)
            clock.advance(LONGEST_RETRY_S)
    assert await starting is StartOutcome.READY


class StallingEngine(ScriptedEngine):
    """Reports what a test tells it to, and never starts."""

    def __init__(self) -> None:
        super().__init__()
        self.cancelled = False

    async def start(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled = True


async def test_a_start_of_which_nothing_is_heard_is_left_to_a_new_process(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine, clock = StallingEngine(), ManualClock()
    starting = asyncio.create_task(started(engine, clock, never_looks))
    await settled()
    for hundredth in range(3):
        engine.enter(EngineState(EnginePhase.LOADING, hundredth / 100, "klein"))
        await passes(clock, STALLED_S - LOOK_FOR_PROGRESS_EVERY_S)
        assert not starting.done()
    await passes(clock, 2 * LOOK_FOR_PROGRESS_EVERY_S)
    assert await asyncio.wait_for(starting, 10) is StartOutcome.NEW_PROCESS
    assert engine.cancelled
    assert "loading" in caplog.text
    assert "20 minutes" in caplog.text


async def test_a_slow_download_and_a_suspended_machine_have_not_stalled() -> None:
    engine, clock = StallingEngine(), ManualClock()
    starting = asyncio.create_task(started(engine, clock, never_looks))
    await settled()
    engine.enter(EngineState(EnginePhase.DOWNLOADING, 0.5, "klein"))
    await passes(clock, 3 * STALLED_S, LOOK_FOR_PROGRESS_EVERY_S)
    engine.enter(EngineState(EnginePhase.LOADING, 0.0, "klein"))
    await passes(clock, 8 * 3600, slice_s=8 * 3600)
    assert not starting.done()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    assert engine.cancelled


async def test_what_does_not_pass_by_itself_is_not_tried_again() -> None:
    engine = FailingEngine(StartError(Code.WEIGHTS_KLEIN_9B, file="f", found="9B", wanted="4B"))
    assert await started(engine, ManualClock(), never_looks) is StartOutcome.FAILED
    assert engine.tried == 1


async def test_what_only_a_new_process_can_do_is_left_to_one_once_the_machine_can() -> None:
    """For the whole life of a process, torch caches that it found no GPU."""
    engine, clock = FailingEngine(*[NO_CUDA] * 4), ManualClock()
    looks: list[StartError | None] = [NO_CUDA, NO_CUDA, None]
    starting = asyncio.create_task(started(engine, clock, lambda: looks.pop(0)))
    for tried, pause_s in enumerate([5, 10, 20], 1):
        async with asyncio.timeout(10):
            while engine.tried < tried:
                await asyncio.sleep(0)
        await settled()
        assert not starting.done()
        clock.advance(pause_s)
    assert await asyncio.wait_for(starting, 10) is StartOutcome.NEW_PROCESS
    assert looks == []


async def test_whoever_waits_for_a_new_process_goes_on_whatever_a_look_finds() -> None:
    away = StartError(Code.WEIGHTS_NONE, folder="/mnt/share")
    engine, clock = FailingEngine(NO_CUDA, away, away), ManualClock()
    looks = [away, away, None]
    starting = asyncio.create_task(started(engine, clock, lambda: looks.pop(0)))
    while not starting.done():
        await asyncio.sleep(0)
        clock.advance(LONGEST_RETRY_S)
    assert await starting is StartOutcome.NEW_PROCESS
    assert looks == []


async def test_a_gpu_that_is_lost_is_left_to_the_end_of_the_process() -> None:
    engine = FailingEngine(FatalEngineError("an illegal memory access"))
    with pytest.raises(FatalEngineError):
        await started(engine, ManualClock(), never_looks)


@pytest.mark.parametrize("locale", ["en-US", "de"])
def test_the_owner_reads_in_a_sentence_why_the_engine_failed(locale: str) -> None:
    state = EngineState(EnginePhase.FAILED, detail=str(FULL_GPU), error=FULL_GPU)
    [line] = status_text.engine(Texts(), locale, state)
    assert Texts().error(FULL_GPU, locale) in line
    assert {"7.5", "1.2"} <= set(line.replace(",", ".").split())


def test_the_owner_reads_what_a_running_engine_lacks() -> None:
    untuned = StartError(Code.RUNS_UNTUNED, reason="no triton")
    widened = StartError(Code.NO_NATIVE_PRODUCTS, reason="no kernel")
    state = EngineState(EnginePhase.READY, handicaps=(widened, untuned))
    first, second = status_text.engine(Texts(), "de", state)
    assert "8-Bit-Gleitkommazahlen nicht multiplizieren" in first
    assert "no kernel" in first
    assert "lässt sich das Modell nicht beschleunigen" in second
    assert "no triton" in second
    assert status_text.engine(Texts(), "en-US", EngineState(EnginePhase.READY)) == []


async def test_each_start_takes_its_listener_along() -> None:
    """The model is loaded again and again, whether a start succeeds, fails or is given up."""
    engine, clock = FailingEngine(NO_CUDA), ManualClock()
    for _ in range(3):
        starting = asyncio.create_task(started(engine, clock, lambda: None))
        await asleep(clock)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        assert engine._listeners == []
        assert await started(engine, clock, never_looks) is StartOutcome.READY
        assert engine._listeners == []
        engine.errors.append(NO_CUDA)
    stalling = StallingEngine()
    starting = asyncio.create_task(started(stalling, clock, never_looks))
    await settled()
    assert len(stalling._listeners) == 1
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    assert stalling._listeners == []
