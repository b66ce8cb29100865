"""Starts of the engine: their phases, and what keeps them from succeeding."""

import asyncio
import gc
import logging
import shutil
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch

from kleinbot.domain.errors import Code, FatalEngineError, RenderError, StartError
from kleinbot.domain.work import (
    EnginePhase,
    EngineState,
)
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.protocol import Engine
from kleinbot.engine.worker import Worker
from kleinbot.engine_start import Remedy, remedy_of
from kleinbot.host.facts import GIB
from kleinbot.host.profile import CPU_SMALL, CUDA_BF16
from kleinbot.klein.source import FolderSource
from kleinbot.klein.text_encoder import TextEncoder
from tests.engine.conftest import Faults, TickingClock, a_task, ignore, never
from tests.processes import finished


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
    done = finished([sys.executable, "-c", code])
    done.check_returncode()
    assert not {"torch", "diffusers", "transformers"} & set(done.stdout.split())


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
    monkeypatch.setattr("kleinbot.engine.bring_up.free_bytes", lambda: GIB)
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    faults.act = fail
    with pytest.raises(StartError) as raised:
        await engine.start()
    assert alive_at_release == [False]
    assert raised.value.code is Code.START_OUT_OF_MEMORY
    assert {"profile", "needed", "free"} == raised.value.parameters.keys()
    assert raised.value.parameters["free"] == 1.0
    assert engine.state.error is not None
    assert engine.state.error.__traceback__ is None

    faults.at.clear()
    await engine.start()
    assert engine.state.phase is EnginePhase.READY
    await engine.close()


CUDA_ERROR = "CUDA error: an illegal memory access was encountered"


def lose_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_: torch.device) -> None:
        raise RuntimeError(CUDA_ERROR)

    monkeypatch.setattr("kleinbot.engine.bring_up.wait_for", lost)


@pytest.mark.parametrize("kind", [RuntimeError, torch.AcceleratorError])
@pytest.mark.parametrize("stage", ["load_klein", "Worker.warm"])
async def test_a_card_that_is_lost_during_the_start_ends_the_process_with_what_was_loaded_kept(
    tiny_folder: Path,
    clock: TickingClock,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    kind: type[Exception],
) -> None:
    def fail(*_: object) -> None:
        raise kind(CUDA_ERROR)

    never_freed: list[object] = []
    monkeypatch.setattr("kleinbot.engine.bring_up.NEVER_FREED", never_freed)
    monkeypatch.setattr(f"kleinbot.engine.bring_up.{stage}", fail)
    lose_the_card(monkeypatch)
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    with pytest.raises(FatalEngineError):
        await engine.start()
    assert engine.state.phase is EnginePhase.FAILED
    assert engine.state.detail
    await engine.close()
    [error] = never_freed
    assert isinstance(error, kind)
    assert error.__traceback__ is not None


async def test_a_cuda_error_that_the_card_survives_is_no_reason_for_a_new_process(
    tiny_folder: Path, clock: TickingClock, faults: Faults
) -> None:
    """Such as a kernel that this build lacks: a new process would only fail again."""

    def fail() -> None:
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")

    faults.act = fail
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    with pytest.raises(StartError) as raised:
        await engine.start()
    assert raised.value.code is Code.ENGINE_FAILED
    await engine.close()


async def test_a_card_too_full_for_a_context_is_not_lost(
    tiny_folder: Path, clock: TickingClock, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("CUDA error: out of memory")

    faults.act = fail
    monkeypatch.setattr("kleinbot.engine.bring_up.free_bytes", lambda: 0)
    lose_the_card(monkeypatch)
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    with pytest.raises(StartError) as raised:
        await engine.start()
    assert raised.value.code is Code.START_OUT_OF_MEMORY
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


async def test_closing_while_the_model_is_loaded_ends_the_loading(
    tiny_folder: Path, clock: TickingClock, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    told: list[float] = []

    def load(*given: Any) -> None:
        engine._closing.set()
        given[3](0.5)
        told.append(0.5)

    monkeypatch.setattr("kleinbot.engine.bring_up.load_klein", load)
    with pytest.raises(StartError) as raised:
        await engine.start()
    assert raised.value.code is Code.STOPPING
    assert told == []
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


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")]
)
async def test_host_memory_that_runs_out_at_the_start_is_not_told_as_the_cards(
    tiny_folder: Path, clock: TickingClock, faults: Faults, error: Exception
) -> None:
    def fail() -> None:
        raise error

    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    faults.act = fail
    with pytest.raises(StartError) as raised:
        await engine.start()
    assert raised.value.code is Code.START_HOST_OUT_OF_MEMORY
    assert raised.value.parameters["profile"] == CPU_SMALL.name
    assert float(raised.value.parameters["available"]) > 0
    faults.at.clear()
    await engine.start()
    await engine.close()


async def test_a_scratch_folder_that_cannot_be_made_is_a_sentence_and_tried_again(
    tiny_folder: Path, tmp_path: Path, clock: TickingClock, faults: Faults
) -> None:
    file = tmp_path / "file"
    file.write_text("in its way")
    engine = GpuEngine(
        FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1, scratch=file / "scratch"
    )
    with pytest.raises(StartError) as raised:
        await engine.start()
    assert raised.value.code is Code.SCRATCH_UNUSABLE
    assert remedy_of(raised.value) is Remedy.AGAIN
    await engine.close()
