"""An engine whose model runs in fused operations: the same pictures, and a way back."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kleinbot.domain.errors import Code
from kleinbot.domain.profile import CPU_SMALL, Profile
from kleinbot.domain.work import EnginePhase
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.klein.kernels.operations import PlainOperations
from kleinbot.klein.low_memory.tiled_blocks import ParallelAttention
from kleinbot.klein.pipeline.fused_text import FusedQwen3
from kleinbot.klein.pipeline.fused_transformer import FusedTransformer
from kleinbot.klein.pipeline.fused_vae import FusedDecoder, FusedEncoder
from kleinbot.klein.weights.source import FolderSource
from tests.engine.conftest import Faults, TickingClock, a_task, pixels_of
from tests.engine.test_tuning import nearly_equal, odd_task

FUSED = replace(CPU_SMALL, fused=True, largest_batch=4, largest_grid_tokens=64)


async def started(folder: Path, profile: Profile, clock: TickingClock, faults: Faults) -> GpuEngine:
    engine = GpuEngine(FolderSource(folder), profile, clock, faults, cpu_threads=1)
    await engine.start()
    return engine


async def test_pictures_edits_and_batches_are_the_plain_engines(
    tiny_folder: Path, clock: TickingClock, faults: Faults, engine: GpuEngine
) -> None:
    fused = await started(tiny_folder, FUSED, clock, faults)
    assert fused.state.handicaps == ()
    for batch in ([a_task(0)], [a_task(position) for position in range(4)], [odd_task()]):
        made, wanted = await pixels_of(fused, *batch), await pixels_of(engine, *batch)
        assert all(map(nearly_equal, made, wanted))
    assert fused._worker is not None
    klein = fused._worker._loaded.tuning._klein
    assert isinstance(next(iter(klein.transformers.values())).forward, FusedTransformer)
    assert isinstance(klein.vae.decoder.forward, FusedDecoder)
    assert isinstance(klein.vae.encoder.forward, FusedEncoder)
    encoder = klein.text_encoder
    fused_layers: object = encoder._fused
    assert isinstance(fused_layers, FusedQwen3)
    with torch.inference_mode():
        embeddings = encoder.encode(["a fox"])
        # What happens if memory runs out: packed weights do not stay where they are.
        encoder.stream()
        assert encoder._fused is None
        torch.testing.assert_close(encoder.encode(["a fox"]), embeddings, rtol=1e-4, atol=1e-4)
    await fused.close()


async def test_kernels_that_do_not_work_here_leave_a_plain_engine(
    tiny_folder: Path,
    clock: TickingClock,
    faults: Faults,
    engine: GpuEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def add_gated(
        self: PlainOperations, residual: torch.Tensor, update: torch.Tensor, gate: torch.Tensor, columns: int
    ) -> None:
        raise RuntimeError("no kernel image is available for execution on the device")

    with caplog.at_level(logging.WARNING), monkeypatch.context() as patched:
        patched.setattr(PlainOperations, "add_gated", add_gated)
        plain = await started(tiny_folder, FUSED, clock, faults)
    assert plain.state.phase is EnginePhase.READY
    assert [each.code for each in plain.state.handicaps] == [Code.RUNS_UNTUNED]
    assert not plain.profile.fuses_blocks
    made, wanted = await pixels_of(plain, a_task()), await pixels_of(engine, a_task())
    assert all(map(nearly_equal, made, wanted))
    assert plain._worker is not None
    loaded = plain._worker._loaded
    klein = loaded.tuning._klein
    [block, *_] = next(iter(klein.transformers.values())).single_transformer_blocks
    # The prediction is for fused kernels: stock blocks would need more.
    assert isinstance(block.attn.processor, ParallelAttention)
    assert loaded.autoencoder.is_tiled
    assert klein.text_encoder._fused is None
    await plain.close()
