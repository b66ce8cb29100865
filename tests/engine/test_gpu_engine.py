"""The engine with the tiny Klein on the CPU."""

import asyncio
import gc
import logging
import shutil
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch

from kleinbot.background import within
from kleinbot.domain.errors import Code, FatalEngineError, RenderError, StartError
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pixels import Pixels
from kleinbot.domain.work import (
    BatchResult,
    EnginePhase,
    EngineState,
    ImageKey,
    RenderTask,
    StageSeconds,
    StepReport,
    Suspended,
)
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.protocol import Engine
from kleinbot.engine.worker import Worker
from kleinbot.host.profile import CPU_SMALL, CUDA_BF16
from kleinbot.klein.source import FolderSource
from kleinbot.klein.text_encoder import TextEncoder
from tests.engine.conftest import STEPS, Faults, TickingClock, a_task, ignore, never, pixels_of, raising


async def test_a_start_passes_through_its_phases_on_the_event_loop(
    tiny_folder: Path, clock: TickingClock, faults: Faults
) -> None:
    engine: Engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    seen: list[EngineState] = []
    threads: set[threading.Thread] = set()

    def listener(state: EngineState) -> None:
        seen.append(state)
        threads.add(threading.current_thread())

    engine.watch(listener)
    await engine.start()
    await engine.close()

    phases = list(dict.fromkeys(state.phase for state in seen))
    assert phases == [
        EnginePhase.STARTING,
        EnginePhase.LOADING,
        EnginePhase.WARMING,
        EnginePhase.READY,
        EnginePhase.DRAINING,
    ]
    fractions = [s.fraction for s in seen if s.phase is EnginePhase.LOADING]
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert threads == {threading.main_thread()}
    assert engine.state.phase is EnginePhase.DRAINING


async def test_the_log_says_each_phase_once(
    tiny_folder: Path, clock: TickingClock, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    with caplog.at_level(logging.INFO, "kleinbot.engine.gpu_engine"):
        await engine.start()
        await engine.close()
    told = [record.getMessage().split()[1] for record in caplog.records]
    assert told == ["loading", "warming", "ready", "draining"]


def test_making_an_engine_imports_no_torch() -> None:
    rooms = "kleinbot.engine.gpu_engine, kleinbot.host.probe, kleinbot.klein.prompt"
    code = f"import sys, {rooms}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "diffusers", "transformers"} & set(done.stdout.split())


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
    told: list[StepReport] = []
    caller = asyncio.create_task(engine.render([a_task()], told.append, never))
    await asyncio.to_thread(running.wait, 10)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    faults.act = lambda: None
    go_on.set()

    assert None not in await pixels_of(engine, a_task())
    assert told == []
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


async def test_a_card_that_is_gone_is_fatal_for_good(
    engine: GpuEngine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    def lose_the_card() -> None:
        monkeypatch.setattr("kleinbot.engine.worker.wait_for", lambda _: raising(gone)())
        raise gone

    faults.act = lose_the_card
    with pytest.raises(FatalEngineError):
        await engine.render([a_task()], ignore, never)
    assert engine.state.phase is EnginePhase.FAILED

    faults.act = lambda: None
    monkeypatch.undo()
    with pytest.raises(FatalEngineError):
        await engine.render([a_task()], ignore, never)


async def test_unequal_grids_are_no_batch(engine: GpuEngine) -> None:
    other = RenderTask(ImageKey("job", 1), "a", Grid(4, 5), NoiseRecipe(1), STEPS)
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
    assert "failed while stopping" in caplog.text

    go_on.set()
    with pytest.raises(RenderError):
        await caller


async def test_an_engine_that_was_never_started_closes(clock: TickingClock, faults: Faults) -> None:
    engine = GpuEngine(FolderSource(Path("nowhere")), CPU_SMALL, clock, faults)
    await asyncio.gather(engine.close(), engine.close())


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (torch.OutOfMemoryError, "CUDA out of memory. Tried to allocate"),
        (RuntimeError, "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
async def test_memory_that_runs_out_at_the_start_is_told_with_figures_and_the_next_start_may_do(
    tiny_folder: Path,
    clock: TickingClock,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Exception],
    words: str,
) -> None:
    workers: list[weakref.ref[Worker]] = []
    alive_at_release: list[bool] = []

    def noted(*parts: Any) -> Worker:
        worker = Worker(*parts)
        workers.append(weakref.ref(worker))
        return worker

    def fail() -> None:
        raise kind(words)

    def release(_: torch.device) -> None:
        gc.collect()
        alive_at_release.extend(worker() is not None for worker in workers)

    monkeypatch.setattr("kleinbot.engine.bring_up.Worker", noted)
    monkeypatch.setattr("kleinbot.engine.bring_up.release_memory", release)
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    faults.act = fail
    with pytest.raises(StartError) as raised:
        await engine.start()
    assert alive_at_release == [False]
    assert raised.value.code is Code.START_OUT_OF_MEMORY
    assert {"profile", "needed", "free"} == raised.value.parameters.keys()
    assert float(raised.value.parameters["free"]) > 0
    assert engine.state.error is not None
    assert engine.state.error.__traceback__ is None

    faults.at.clear()
    await engine.start()
    assert engine.state.phase is EnginePhase.READY
    await engine.close()


async def test_wrong_weights_fail_the_start(tmp_path: Path, clock: TickingClock, faults: Faults) -> None:
    engine = GpuEngine(FolderSource(tmp_path), CPU_SMALL, clock, faults, cpu_threads=1)

    with pytest.raises(StartError) as raised:
        await engine.start()

    assert raised.value.code is Code.WEIGHTS_NONE
    assert engine.state.phase is EnginePhase.FAILED
    assert str(tmp_path) in engine.state.detail
    with pytest.raises(RenderError) as refused:
        await engine.render([a_task()], ignore, never)
    assert refused.value.code is Code.ENGINE_FAILED
    await engine.close()
    assert engine.state.phase is EnginePhase.FAILED


async def test_a_file_with_other_bytes_than_the_hubs_does_not_start(
    tiny_folder: Path, tmp_path: Path, clock: TickingClock, faults: Faults
) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "klein")
    name = "vae/diffusion_pytorch_model.safetensors"
    note = folder / ".cache/huggingface/download" / f"{name}.metadata"
    note.parent.mkdir(parents=True)
    note.write_text(f"commit\n{'0' * 64}\n{2**40}\n")
    engine = GpuEngine(FolderSource(folder), CPU_SMALL, clock, faults, 1, tmp_path / "scratch")
    with pytest.raises(StartError) as raised:
        await engine.start()
    assert raised.value.code is Code.WEIGHTS_DAMAGED
    await engine.close()


async def test_a_model_that_gives_no_numbers_fails_the_start(
    tiny_folder: Path, clock: TickingClock, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = TextEncoder.encode
    monkeypatch.setattr(TextEncoder, "encode", lambda self, prompts: original(self, prompts) * float("nan"))
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)

    with pytest.raises(StartError) as raised:
        await engine.start()

    assert raised.value.code is Code.WEIGHTS_DAMAGED
    await engine.close()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the test lacks")
async def test_a_card_that_torch_cannot_use_fails_the_start(
    tiny_folder: Path, clock: TickingClock, faults: Faults
) -> None:
    engine = GpuEngine(FolderSource(tiny_folder), CUDA_BF16, clock, faults)

    with pytest.raises(StartError) as raised:
        await engine.start()

    assert raised.value.code is Code.CUDA_UNAVAILABLE
    assert raised.value.parameters == {"torch": torch.__version__}
    await engine.close()


async def test_closing_during_the_start_is_no_failure(
    tiny_folder: Path, clock: TickingClock, faults: Faults
) -> None:
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    warming, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        warming.set()
        assert go_on.wait(10)

    faults.act = hold
    starting = asyncio.create_task(engine.start())
    await asyncio.to_thread(warming.wait, 10)
    closing = asyncio.create_task(engine.close())
    await asyncio.to_thread(engine._closing.wait, 10)
    go_on.set()

    with pytest.raises(StartError) as raised:
        await starting
    await closing
    assert raised.value.code is Code.STOPPING
    assert engine.state.phase is EnginePhase.DRAINING
