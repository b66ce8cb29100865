"""The engine with the tiny Klein on the CPU."""

import asyncio
import logging
import threading

import pytest
import torch

from kleinbot.domain.errors import Code, FatalEngineError, RenderError
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import BatchResult, EnginePhase, StageSeconds, StepReport, Suspended
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.klein.pipeline.text_encoder import TextEncoder
from kleinbot.process.background import within
from tests.engine.conftest import STEPS, Faults, a_task, ignore, never, pixels_of, raising
from tests.specs import render_task


async def test_a_picture_comes_with_steps_and_seconds(engine: GpuEngine, faults: Faults) -> None:
    steps: list[StepReport] = []
    result = await engine.render([a_task()], steps.append, never)

    assert isinstance(result, BatchResult)
    picture = result.images[0].pixels
    assert picture is not None
    assert (picture.width_px, picture.height_px) == (64, 64)
    assert len(set(picture.rgb)) > 100
    assert steps == [StepReport(done, STEPS) for done in range(1, STEPS + 1)]
    assert result.seconds == StageSeconds(1.0, 1.0, 1.0)
    assert faults.reached == [
        FaultPoint.WITHIN_ENCODE,
        *[FaultPoint.WITHIN_STEP] * STEPS,
        FaultPoint.WITHIN_DECODE,
    ]
    assert result.out_of_memory == ()
    assert engine.memory_peak is not None


async def test_the_same_task_gives_the_same_picture_and_another_does_not(engine: GpuEngine) -> None:
    first, again = await pixels_of(engine, a_task()), await pixels_of(engine, a_task())
    assert first == again
    assert first != await pixels_of(engine, a_task(1))
    assert first != await pixels_of(engine, a_task(prompt="a blue fox"))


async def test_a_batch_holds_each_tasks_own_prompt_noise_and_reference(engine: GpuEngine) -> None:
    white, black = (Pixels(64, 64, bytes([level]) * (64 * 64 * 3)) for level in (255, 0))
    tasks = [
        a_task(0, "a red fox", (white, black)),
        a_task(1, "a blue fox", (black, black)),
        a_task(2, "a red fox", (black, white)),
    ]
    together = await pixels_of(engine, *tasks)
    for task, picture in zip(tasks, together, strict=True):
        alone = (await pixels_of(engine, task))[0]
        assert alone is not None
        assert picture is not None
        apart = [abs(a - b) for a, b in zip(alone.rgb, picture.rgb, strict=True)]
        assert max(apart) <= 1
    assert len(set(together)) == 3


async def test_a_prompt_is_encoded_once_for_all_images_of_a_job(
    engine: GpuEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    original = TextEncoder.encode

    def counting(encoder: TextEncoder, prompts: list[str]) -> torch.Tensor:
        encoded.extend(prompts)
        return original(encoder, prompts)

    monkeypatch.setattr(TextEncoder, "encode", counting)
    for position in range(3):
        await pixels_of(engine, a_task(position))
    await pixels_of(engine, a_task(prompt="another"))
    assert encoded == ["a red fox", "another"]


async def test_a_cancelled_image_ends_between_two_steps(engine: GpuEngine, faults: Faults) -> None:
    steps: list[StepReport] = []
    asked_on: set[threading.Thread] = set()

    def cancelled_after_two(_: ImageKey) -> bool:
        asked_on.add(threading.current_thread())
        return faults.steps_reached >= 2

    result = await engine.render([a_task()], steps.append, cancelled_after_two)

    assert isinstance(result, BatchResult)
    assert result.images[0].pixels is None
    assert [step.done for step in steps] == [1, 2]
    assert FaultPoint.WITHIN_DECODE not in faults.reached
    assert threading.main_thread() not in asked_on
    assert None not in await pixels_of(engine, a_task())


async def test_the_others_of_a_batch_go_on(engine: GpuEngine, faults: Faults) -> None:
    tasks = [a_task(0), a_task(1)]
    whole = await pixels_of(engine, *tasks)

    faults.reached.clear()
    result = await engine.render(tasks, ignore, lambda key: key.position == 0)

    assert isinstance(result, BatchResult)
    assert faults.reached.count(FaultPoint.WITHIN_DECODE) == 1
    assert [image.pixels for image in result.images] == [None, whole[1]]


async def test_a_cancelled_caller_stops_the_batch_and_the_engine_stays_usable(
    engine: GpuEngine, faults: Faults
) -> None:
    running, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        running.set()
        assert go_on.wait(10)

    faults.act = hold
    reported: list[StepReport] = []
    caller = asyncio.create_task(engine.render([a_task()], reported.append, never))
    await asyncio.to_thread(running.wait, 10)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    faults.act = lambda: None
    go_on.set()

    assert None not in await pixels_of(engine, a_task())
    assert reported == []
    assert faults.steps_reached == 1 + STEPS


@pytest.mark.parametrize("error", [RuntimeError("The size of tensor a must match"), KeyError("anything")])
async def test_a_failed_batch_fails_alone(
    engine: GpuEngine, faults: Faults, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    before = await pixels_of(engine, a_task())
    faults.act = raising(error)

    with caplog.at_level(logging.ERROR), pytest.raises(RenderError) as raised:
        await engine.render([a_task()], ignore, never)

    assert raised.value.code is Code.RENDER_FAILED
    assert raised.value.__context__ is None, "a traceback would keep the batch's tensors"
    assert "failed" in caplog.text
    faults.act = lambda: None
    assert engine.state.phase is EnginePhase.READY
    assert await pixels_of(engine, a_task()) == before


async def test_a_gpu_that_is_gone_is_fatal_for_good(
    engine: GpuEngine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    def lose_the_gpu() -> None:
        monkeypatch.setattr("kleinbot.engine.worker.wait_for", lambda _: raising(gone)())
        raise gone

    faults.act = lose_the_gpu
    with pytest.raises(FatalEngineError):
        await engine.render([a_task()], ignore, never)
    assert engine.state.phase is EnginePhase.FAILED

    faults.act = lambda: None
    monkeypatch.undo()
    with pytest.raises(FatalEngineError):
        await engine.render([a_task()], ignore, never)


async def test_unequal_grids_are_no_batch(engine: GpuEngine) -> None:
    other = render_task(ImageKey("job", 1), "a", Grid(4, 5), NoiseRecipe(1), STEPS)
    with pytest.raises(RenderError) as raised:
        await engine.render([a_task(), other], ignore, never)
    assert raised.value.code is Code.RENDER_FAILED


async def test_closing_ends_the_batch_between_two_steps_and_the_thread(
    engine: GpuEngine, faults: Faults
) -> None:
    running, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        running.set()
        assert go_on.wait(10)

    faults.act = hold
    caller = asyncio.create_task(engine.render([a_task()], ignore, never))
    await asyncio.to_thread(running.wait, 10)
    closing = asyncio.create_task(engine.close())
    await asyncio.to_thread(engine._closing.wait, 10)
    go_on.set()

    with pytest.raises(RenderError) as raised:
        await caller
    await closing
    assert raised.value.code is Code.STOPPING
    assert faults.steps_reached == 1
    assert not [thread for thread in engine._thread._threads if thread.is_alive()]

    await engine.close()
    with pytest.raises(RenderError) as after:
        await engine.render([a_task()], ignore, never)
    assert after.value.code is Code.STOPPING


async def test_a_step_that_hangs_keeps_nobody_from_leaving(
    engine: GpuEngine, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    running, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        running.set()
        assert go_on.wait(30)

    faults.act = hang
    caller = asyncio.create_task(engine.render([a_task()], ignore, never))
    await asyncio.to_thread(running.wait, 10)

    await asyncio.wait_for(engine.discard(Suspended(1, 1, STEPS)), 5)
    with caplog.at_level(logging.ERROR):
        await within(0.01, engine.close)
    assert "close has not ended after 0.01 s while stopping" in caplog.text

    go_on.set()
    with pytest.raises(RenderError):
        await caller


async def test_a_batch_that_nobody_wants_any_more_is_not_encoded(engine: GpuEngine, faults: Faults) -> None:
    result = await engine.render([a_task(0, "not seen before"), a_task(1)], ignore, lambda _: True)
    assert isinstance(result, BatchResult)
    assert [image.pixels for image in result.images] == [None, None]
    assert faults.reached == []
