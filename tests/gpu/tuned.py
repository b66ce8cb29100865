"""Measures the engine plain and tuned (cuDNN attention, compiled blocks and decoder), and its fallbacks.

``python -m tests.gpu.tuned FOLDER`` prints seconds of the start and per stage for warmed shapes and one that
was not warmed, how many graphs were compiled before and after the first request, and the fallbacks taken when
four 1024² pictures are rendered with slightly more or less memory than one picture needed.
"""

import argparse
import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch._dynamo.utils import counters

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import CUDA_BF16, Attention, Profile
from kleinbot.domain.work import BatchResult, RenderTask
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.klein.weights.source import FolderSource
from tests.specs import render_task

TUNED = replace(CUDA_BF16, name="tuned", largest_batch=4, attention=Attention.CUDNN, compiled=True)
GREY = Pixels(640, 1024, bytes([128]) * (640 * 1024 * 3))
SHAPES: dict[str, tuple[Grid, int, tuple[Pixels, ...]]] = {
    "1:1": (Aspect.SQUARE.grid, 1, ()),
    "4:3": (Aspect.LANDSCAPE_4_3.grid, 1, ()),
    "16:9": (Aspect.WIDE_16_9.grid, 1, ()),
    "two of 1:1": (Aspect.SQUARE.grid, 2, ()),
    "four of 3:2": (Aspect.LANDSCAPE_3_2.grid, 4, ()),
    "an edit of 640×1024": (Grid(40, 64), 1, (GREY,)),
}


def tasks(grid: Grid, images: int, references: tuple[Pixels, ...]) -> list[RenderTask]:
    return [
        render_task(ImageKey("measured", n), "a red fox", grid, NoiseRecipe(n), 4, pictures=references)
        for n in range(images)
    ]


async def rendered(engine: GpuEngine, batch: list[RenderTask]) -> BatchResult:
    result = await engine.render(batch, lambda _: None, lambda _: False)
    if not isinstance(result, BatchResult):
        raise TypeError("nobody asked it to yield")
    return result


async def measure(folder: Path, profile: Profile) -> None:
    engine = GpuEngine(FolderSource(folder), profile, SystemClock(), NoFaults())
    started_s = time.monotonic()
    await engine.start()
    say(profile.name, f"ready after {time.monotonic() - started_s:.1f} s,", graphs(), "graphs")
    for name, shape in SHAPES.items():
        await rendered(engine, tasks(*shape))
        seconds = (await rendered(engine, tasks(*shape))).seconds
        say(
            f"  {name}: denoise {seconds.denoise_s:.3f} s, decode {seconds.decode_s:.3f} s;",
            graphs(),
            "graphs",
        )
    await engine.close()


async def with_little_memory(folder: Path) -> None:
    engine = GpuEngine(FolderSource(folder), replace(CUDA_BF16, largest_batch=4), SystemClock(), NoFaults())
    await engine.start()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.reset_peak_memory_stats()
    await rendered(engine, tasks(Aspect.SQUARE.grid, 1, ()))
    one_bytes = torch.cuda.max_memory_allocated()
    for spare_gib in (1.0, -0.7, -1.2):
        allowed = one_bytes + int(spare_gib * 2**30)
        # torch reuses its cached memory regardless of the limit.
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(allowed / total)
        result = await rendered(engine, tasks(Aspect.SQUARE.grid, 4, ()))
        say(
            f"{spare_gib:+.1f} GiB:", [f"{event.fallback} of {event.batch}" for event in result.out_of_memory]
        )
        say("  made:", [image.pixels is not None for image in result.images])
    torch.cuda.set_per_process_memory_fraction(1.0)
    await engine.close()


def graphs() -> int:
    return int(counters["stats"]["unique_graphs"])


def say(*values: object) -> None:
    sys.stdout.write(" ".join(str(value) for value in values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    for each in (replace(CUDA_BF16, largest_batch=4), TUNED):
        asyncio.run(measure(chosen.folder, each))
    asyncio.run(with_little_memory(chosen.folder))
