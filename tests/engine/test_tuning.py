"""Tuned models: everything is compiled before the first member comes, and nothing afterwards."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import Flux2Transformer2DModel
from diffusers.models.attention_dispatch import _AttentionBackendRegistry
from torch._dynamo.utils import counters

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.pixels import Pixels
from kleinbot.domain.work import EnginePhase, EngineState, RenderTask
from kleinbot.engine import tuning
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.host.profile import CPU_SMALL, ComponentPlan, Format, Profile
from kleinbot.klein.source import FolderSource
from kleinbot.klein.strip_blocks import ParallelAttention, _InStrips
from tests.engine.conftest import Faults, TickingClock, a_task, pixels_of
from tests.engine.test_engine_parity import some_picture

TUNED = replace(CPU_SMALL, compiled=True, largest_batch=4, largest_grid_tokens=64)


@pytest.fixture(autouse=True)
def fresh_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trace only: what the graphs are turned into is torch's own matter."""
    monkeypatch.setattr(tuning, "BACKEND", "eager")
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


async def started(folder: Path, profile: Profile, clock: TickingClock, faults: Faults) -> GpuEngine:
    engine = GpuEngine(FolderSource(folder), profile, clock, faults, cpu_threads=1)
    await engine.start()
    return engine


def graphs() -> int:
    return counters["stats"]["unique_graphs"]


def odd_task(position: int = 0) -> RenderTask:
    """Nobody warmed this: a narrow grid and three references of odd sizes."""
    references = (some_picture(96, 16, 1), some_picture(64, 32, 2), some_picture(16, 16, 3))
    return replace(a_task(position, references=references), grid=Grid(3, 1))


def nearly_equal(one: Pixels | None, other: Pixels | None) -> bool:
    assert one is not None
    assert other is not None
    return max(abs(a - b) for a, b in zip(one.rgb, other.rgb, strict=True)) <= 1


@pytest.mark.timeout(300)  # tracing is slow where tests run beside each other
async def test_all_is_compiled_before_the_first_member_and_gives_the_same_pictures(
    tiny_folder: Path, clock: TickingClock, faults: Faults, engine: GpuEngine
) -> None:
    tuned = GpuEngine(FolderSource(tiny_folder), TUNED, clock, faults, cpu_threads=1)
    states: list[EngineState] = []
    tuned.watch(states.append)
    await tuned.start()
    told = [state.fraction or 0.0 for state in states if state.phase is EnginePhase.WARMING]
    assert told == sorted(set(told))
    assert len(told) > 3
    compiled = graphs()
    # Two kinds of blocks and the decoder, each fixed, for any number of tokens and for any batch.
    assert 0 < compiled <= 9

    for batch in ([a_task(0)], [a_task(position) for position in range(4)], [odd_task()]):
        made, wanted = await pixels_of(tuned, *batch), await pixels_of(engine, *batch)
        assert all(map(nearly_equal, made, wanted))
    assert graphs() == compiled
    await tuned.close()


async def test_a_compiler_that_fails_leaves_a_plain_engine(
    tiny_folder: Path,
    clock: TickingClock,
    faults: Faults,
    engine: GpuEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def no_compiler(graph: object, inputs: object) -> object:
        raise RuntimeError("Cannot find a working triton installation")

    monkeypatch.setattr(tuning, "BACKEND", no_compiler)
    with caplog.at_level(logging.WARNING):
        plain = await started(tiny_folder, TUNED, clock, faults)
    assert plain.state.phase is EnginePhase.READY
    assert "runs plainly" in caplog.text
    [untuned] = plain.state.handicaps
    assert untuned.code is Code.RUNS_UNTUNED
    assert "Cannot find a working triton installation" in str(untuned.parameters["reason"])
    assert not plain.profile.compiles_blocks
    made, wanted = await pixels_of(plain, a_task()), await pixels_of(engine, a_task())
    assert all(map(nearly_equal, made, wanted))
    assert graphs() <= 1
    await plain.close()


async def test_compiled_kernels_that_give_no_numbers_are_no_damaged_weights(
    tiny_folder: Path, clock: TickingClock, faults: Faults, engine: GpuEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_numbers(graph: torch.fx.GraphModule, inputs: object) -> object:
        return lambda *given: tuple(each * float("nan") for each in graph(*given))

    monkeypatch.setattr(tuning, "BACKEND", no_numbers)
    plain = await started(tiny_folder, TUNED, clock, faults)
    assert [each.code for each in plain.state.handicaps] == [Code.RUNS_UNTUNED]
    made, wanted = await pixels_of(plain, a_task()), await pixels_of(engine, a_task())
    assert all(map(nearly_equal, made, wanted))
    await plain.close()


async def test_memory_that_runs_out_while_it_is_tuned_is_no_failure_of_the_compiler(
    tiny_folder: Path, clock: TickingClock, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would run plainly, and slowly, for as long as the process lives; a later start may have room."""

    def no_memory(graph: object, inputs: object) -> object:
        raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")

    monkeypatch.setattr(tuning, "BACKEND", no_memory)
    monkeypatch.setattr("kleinbot.engine.bring_up.free_bytes", lambda: 0)
    engine = GpuEngine(FolderSource(tiny_folder), TUNED, clock, faults, cpu_threads=1)
    with pytest.raises(StartError) as raised:
        await engine.start()
    assert raised.value.code is Code.START_OUT_OF_MEMORY
    await engine.close()


@pytest.mark.parametrize("kept", Format)
async def test_what_could_not_be_compiled_stays_within_the_prediction(
    tiny_folder: Path,
    clock: TickingClock,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
    kept: Format,
) -> None:
    """The predictions are of compiled blocks and coders; the stock ones need more, strips less."""

    def no_compiler(graph: object, inputs: object) -> object:
        raise RuntimeError("no compiler")

    monkeypatch.setattr(tuning, "BACKEND", no_compiler)
    plain = await started(tiny_folder, replace(TUNED, transformer=ComponentPlan(kept)), clock, faults)
    assert plain._worker is not None
    loaded = plain._worker._loaded
    assert loaded.autoencoder.is_lean
    [block, *_] = next(iter(loaded.tuning._klein.transformers.values())).single_transformer_blocks
    assert isinstance(block.attn.processor, ParallelAttention)
    assert isinstance(block.attn.processor._linears, _InStrips)
    await plain.close()


async def test_a_plain_profile_compiles_nothing(engine: GpuEngine) -> None:
    await pixels_of(engine, a_task())
    assert graphs() == 0


def test_chosen_kernels_are_one_models_alone() -> None:
    """The model card's own call, beside which bench measures, would else take ours."""
    transformer = Flux2Transformer2DModel(
        num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, axes_dims_rope=(4, 4, 4, 4), in_channels=16,
    )  # fmt: skip
    before = _AttentionBackendRegistry.get_active_backend()
    tuning.attend_with_cudnn(transformer)
    chosen = {block.attn.processor._attention_backend.value for block in transformer.transformer_blocks}
    assert chosen == {"_native_cudnn"}
    assert _AttentionBackendRegistry.get_active_backend() == before
