"""Measures the memory model's predictions: the allocated peak of each stage, for named hosts and shapes.

``python -m tests.gpu.memory_table FOLDER --hosts 3060 3090 --json table.json`` renders every shape through
the engine, with the host's chosen profile, and writes the input of ``tests.hardware.measured_memory``.
``--card`` limits torch to the usable memory of the host's own GPU with ``set_per_process_memory_fraction``;
a batch that does not fit then has no row.

Hooks on the transformer and the VAE, found by their types, separate the stages, independently of how the
engine calls them. Run one host per process for clean counters.
"""

import argparse
import asyncio
import gc
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import RenderError
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import Profile, WeightFormat
from kleinbot.domain.work import BatchResult, RenderTask
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.hardware.memory_model import WorkShape
from kleinbot.hardware.profile_choice import CONTEXT_RESERVE_BYTES
from kleinbot.klein.weights.source import FolderSource
from tests.hardware.measured_memory import Measured, Row, as_json, shape_of
from tests.hardware.named_hosts import HOSTS
from tests.specs import render_task

STEPS = 2
SHAPES = [
    *((512, 0, batch) for batch in (1, 2, 4)),
    *((1024, references, batch) for references in (0, 1, 2, 4) for batch in (1, 2, 4)),
]
"""Side in px, references of 1024², batch."""


class Peaks:
    """Records the peak at each stage boundary and resets the counter."""

    def __init__(self) -> None:
        self._running = 0
        self.peaks = [0, 0, 0]

    def begin(self) -> None:
        self._running, self.peaks = 0, [0, 0, 0]
        torch.cuda.reset_peak_memory_stats()

    def enter(self, stage: int) -> None:
        if stage != self._running:
            self.end()
            self._running = stage

    def end(self) -> None:
        peak = torch.cuda.max_memory_allocated()
        self.peaks[self._running] = max(self.peaks[self._running], peak)
        torch.cuda.reset_peak_memory_stats()


def attach(peaks: Peaks) -> None:
    """Hook the model's modules to detect the start of denoising and decoding."""

    def entering(stage: int) -> Callable[..., None]:
        return lambda *_: peaks.enter(stage)

    # By type, not isinstance, which would access the class of dead weak references.
    found: list[Any] = [each for each in gc.get_objects() if issubclass(type(each), torch.nn.Module)]
    for module in found:
        if isinstance(module, Flux2Transformer2DModel):
            # Before the hook that streams weights.
            module.register_forward_pre_hook(entering(1), prepend=True)
        elif isinstance(module, AutoencoderKLFlux2):
            module.post_quant_conv.register_forward_pre_hook(entering(2), prepend=True)


async def measure(folder: Path, profile: Profile) -> list[Row]:
    source = FolderSource(folder, prefer_fp8=profile.transformer.format is WeightFormat.FP8)
    engine = GpuEngine(source, profile, SystemClock(), NoFaults(), scratch=folder / "scratch")
    await engine.start()
    peaks, rows = Peaks(), []
    attach(peaks)
    for side_px, references, batch in SHAPES:
        shape = shape_of(side_px, references, batch)
        gc.collect()
        torch.cuda.empty_cache()
        peaks.begin()
        result = await rendered(engine, tasks(shape))
        peaks.end()
        name = f"{profile.name}, {side_px}², {references} references, batch of {batch}:"
        if result is None or result.out_of_memory:
            say(name, "out of memory")
            # The engine's self-test, which has its own stages, precedes the next batch.
            await rendered(engine, tasks(shape_of(*SHAPES[0])))
            continue
        reserved = torch.cuda.max_memory_reserved()
        encode, denoise, decode = peaks.peaks
        rows.append(Row(side_px, references, batch, encode, denoise, decode, reserved))
        ratios = " ".join(f"{ratio:.3f}" for ratio in rows[-1].ratios(profile))
        say(name, f"predicted to measured {ratios}; {result.seconds.total_s:.2f} s")
    await engine.close()
    return rows


async def rendered(engine: GpuEngine, batch: Sequence[RenderTask]) -> BatchResult | None:
    try:
        result = await engine.render(batch, lambda _: None, lambda _: False)
    except RenderError as error:
        say(f"<!-- {error} -->")
        return None
    return result if isinstance(result, BatchResult) else None


def tasks(shape: WorkShape) -> list[RenderTask]:
    """Return the batch, each image with a new prompt."""
    references = tuple(
        Pixels(grid.width_px, grid.height_px, random.randbytes(grid.width_px * grid.height_px * 3))
        for grid in shape.references
    )
    return [
        render_task(
            ImageKey("measured", position),
            f"a lighthouse, number {random.getrandbits(64)}",
            shape.grid,
            NoiseRecipe(position),
            STEPS,
            pictures=references,
        )
        for position in range(shape.batch)
    ]


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - a command-line tool


def main() -> None:
    hosts = {host.name: host for host in HOSTS if not host.too_large}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hosts", nargs="+", choices=list(hosts), default=list(hosts))
    parser.add_argument("--card", action="store_true", help="let torch have only what the card has")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    conditions = (
        f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}, diffusers {diffusers.__version__}, "
        f"{STEPS} steps, full-size random weights"
    )
    say(conditions)
    measured: dict[str, Measured] = {}
    for name in chosen.hosts:
        if chosen.gpu:
            usable = hosts[name].machine.gpu.free_bytes - CONTEXT_RESERVE_BYTES
            torch.cuda.set_per_process_memory_fraction(usable / torch.cuda.mem_get_info()[1])
        rows = asyncio.run(measure(chosen.folder, hosts[name].profile()))
        measured[name] = Measured(conditions, rows)
        if chosen.json is not None:
            chosen.json.write_text(as_json(measured), "utf-8")


if __name__ == "__main__":
    main()
