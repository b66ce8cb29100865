"""Batches suspended between two steps for other ones."""

import asyncio
import threading

import pytest
import torch

from kleinbot.domain.errors import Code, FatalEngineError, RenderError
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.work import BatchResult, StageSeconds, StepReport, Suspended
from kleinbot.engine.gpu_engine import GpuEngine
from tests.engine.conftest import (
    STEPS,
    Faults,
    TickingClock,
    a_task,
    ignore,
    never,
    pixels_of,
    raising,
    result_of,
)
from tests.engine.test_engine_parity import some_picture


def always() -> bool:
    return True


async def suspended(engine: GpuEngine, position: int = 0) -> Suspended:
    """Return a batch of one, suspended after its first step."""
    result = await engine.render([a_task(position)], ignore, never, always)
    assert isinstance(result, Suspended)
    return result


def suspended_count(engine: GpuEngine) -> int:
    assert engine._worker is not None
    return len(engine._worker._suspended)


async def test_a_batch_that_was_suspended_gives_the_same_pictures_as_one_that_did_not(
    engine: GpuEngine,
) -> None:
    references = (some_picture(96, 64, 1), some_picture(64, 64, 2))
    tasks = [a_task(0, "a red fox", references), a_task(1, "a blue fox", references)]
    whole = await pixels_of(engine, *tasks)

    steps: list[StepReport] = []
    result = await engine.render(tasks, steps.append, never, always)
    parts = [result]
    while isinstance(result, Suspended):
        assert None not in await pixels_of(engine, a_task(9, "somebody else's"))
        result = await engine.resume(result, steps.append, never, always)
        parts.append(result)

    assert isinstance(result, BatchResult)
    assert [image.pixels for image in result.images] == whole
    assert [(p.steps_done, p.steps_total) for p in parts if isinstance(p, Suspended)] == [
        (1, STEPS),
        (2, STEPS),
        (3, STEPS),
    ]
    assert steps == [StepReport(done, STEPS) for done in range(1, STEPS + 1)]
    assert suspended_count(engine) == 0


async def test_nobody_is_asked_to_yield_before_the_first_step_and_after_the_last(
    engine: GpuEngine, faults: Faults
) -> None:
    asked_after: list[int] = []
    asked_on: set[threading.Thread] = set()

    def must_yield() -> bool:
        asked_after.append(faults.steps_reached)
        asked_on.add(threading.current_thread())
        return False

    await engine.render([a_task()], ignore, never, must_yield)
    assert asked_after == [1, 2, 3]
    assert threading.main_thread() not in asked_on


async def test_the_pause_does_not_count_as_time_of_a_stage(engine: GpuEngine, clock: TickingClock) -> None:
    first = await suspended(engine)
    clock.seconds += 3600
    result = await engine.resume(first, ignore, never)
    assert isinstance(result, BatchResult)
    assert result.seconds == StageSeconds(1.0, 2.0, 1.0)


async def test_a_third_batch_is_not_asked_to_yield_while_two_are_suspended(engine: GpuEngine) -> None:
    first, second = await suspended(engine, 1), await suspended(engine, 2)
    third = await engine.render([a_task(3)], ignore, never, always)
    assert isinstance(third, BatchResult)

    resumed = await engine.resume(first, ignore, never, always)
    assert isinstance(resumed, Suspended)  # there is room again while it runs
    assert suspended_count(engine) == 2
    for rest in (second, resumed):
        assert isinstance(await engine.resume(rest, ignore, never), BatchResult)


async def test_a_batch_cancelled_while_suspended_ends_without_another_step(
    engine: GpuEngine, faults: Faults
) -> None:
    first = await suspended(engine)
    result = await engine.resume(first, ignore, lambda _: True)
    assert isinstance(result, BatchResult)
    assert result.images[0].pixels is None
    assert result.images[0].error is None
    assert faults.steps_reached == 1


async def test_a_discarded_batch_is_forgotten(engine: GpuEngine, faults: Faults) -> None:
    first = await suspended(engine)
    await engine.discard(first)
    await engine.discard(first)
    with pytest.raises(RenderError) as raised:
        await engine.resume(first, ignore, never)
    assert raised.value.code is Code.RENDER_FAILED
    assert suspended_count(engine) == 0


async def test_closing_forgets_what_is_suspended(engine: GpuEngine) -> None:
    first = await suspended(engine)
    worker = engine._worker
    assert worker is not None
    await engine.close()
    assert not worker._suspended
    with pytest.raises(RenderError) as raised:
        await engine.resume(first, ignore, never)
    assert raised.value.code is Code.STOPPING
    await engine.discard(first)


async def test_a_fatal_error_forgets_what_is_suspended(
    engine: GpuEngine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await suspended(engine)
    gone = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    def lose_the_gpu() -> None:
        monkeypatch.setattr("kleinbot.engine.worker.wait_for", lambda _: raising(gone)())
        raise gone

    faults.act = lose_the_gpu
    with pytest.raises(FatalEngineError):
        await engine.render([a_task(1)], ignore, never)
    assert suspended_count(engine) == 0
    with pytest.raises(FatalEngineError):
        await engine.resume(first, ignore, never)
    monkeypatch.undo()


async def test_a_caller_that_is_cancelled_leaves_nothing_suspended(engine: GpuEngine, faults: Faults) -> None:
    asked, answer = threading.Event(), threading.Event()

    def yield_late() -> bool:
        asked.set()
        assert answer.wait(10)
        return True

    caller = asyncio.create_task(engine.render([a_task()], ignore, never, yield_late))
    await asyncio.to_thread(asked.wait, 10)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    answer.set()

    await result_of(engine, a_task(1))
    assert suspended_count(engine) == 0


async def test_a_split_batch_is_suspended_too(engine: GpuEngine, faults: Faults) -> None:
    tasks = [a_task(0), a_task(1)]
    alone = [(await pixels_of(engine, task))[0] for task in tasks]
    faults.out_of_memory(FaultPoint.WITHIN_STEP, 1)
    result = await engine.render(tasks, ignore, never, always)
    rests = 0
    while isinstance(result, Suspended):
        rests += 1
        result = await engine.resume(result, ignore, never, always)
    assert rests == 2 * (STEPS - 1)
    assert [image.pixels for image in result.images] == alone
    assert [event.batch for event in result.out_of_memory] == [2]
