"""Measures what the memory model predicts: the allocated peak of each stage, for profiles and shapes.

``python -m tests.gpu.memory_table FOLDER --profiles 3060 3090 --json table.json`` renders every shape through
the engine, prints a table of predicted and measured in Markdown and writes the same as JSON. ``--card`` lets
torch have only what is usable of the profile's own card, as ``set_per_process_memory_fraction``.

The stages are told apart by hooks on the transformer and on the VAE, which are found by their types: nothing
of how the engine drives them is assumed. Run one profile per process for clean counters.
"""

import argparse
import asyncio
import gc
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import RenderError
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pixels import Pixels
from kleinbot.domain.work import BatchResult, ImageKey, RenderTask
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.host.facts import GIB
from kleinbot.host.memory_model import WorkShape, predict
from kleinbot.host.profile import CUDA_BF16, Format, Profile
from kleinbot.host.rules import CONTEXT_RESERVE_BYTES
from kleinbot.klein.source import FolderSource
from tests.host import machines

STAGES = ("encode", "denoise", "decode")
STEPS = 2
SMALL, FULL = Grid(32, 32), Grid(64, 64)
SHAPES = [
    *(WorkShape(SMALL, (), batch) for batch in (1, 2, 4)),
    *(WorkShape(FULL, (FULL,) * references, batch) for references in (0, 1, 2, 4) for batch in (1, 2, 4)),
]
MACHINES = {
    "8gb": machines.EIGHT_GB,
    "3060": machines.RTX_3060,
    "4070tis": machines.RTX_4070_TI_SUPER,
    "3090": machines.RTX_3090,
    "4090": machines.RTX_4090,
    "5090": machines.RTX_5090,
    "data-centre": machines.H100,
}


@dataclass(frozen=True)
class Row:
    """Bytes by stage; ``measured`` is None where memory did not suffice."""

    profile: str
    side_px: int
    references: int
    batch: int
    predicted: tuple[int, int, int]
    measured: tuple[int, int, int] | None
    reserved: int
    seconds: float


class Peaks:
    """Notes the peak at each boundary of stages; the counter begins anew there."""

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
    """Let the model's own modules say when denoising and decoding begin."""

    def entering(stage: int) -> Callable[..., None]:
        return lambda *_: peaks.enter(stage)

    # By type, not isinstance: that would ask weak references of what is gone for their class.
    found: list[Any] = [each for each in gc.get_objects() if issubclass(type(each), torch.nn.Module)]
    for module in found:
        if isinstance(module, Flux2Transformer2DModel):
            module.register_forward_pre_hook(entering(1))
        elif isinstance(module, AutoencoderKLFlux2):
            module.post_quant_conv.register_forward_pre_hook(entering(2))


async def measure(folder: Path, profile: Profile, shapes: Sequence[WorkShape]) -> list[Row]:
    source = FolderSource(folder, prefer_fp8=profile.transformer.format is Format.FP8)
    engine = GpuEngine(source, profile, SystemClock(), NoFaults(), scratch=folder / "scratch")
    await engine.start()
    peaks, rows = Peaks(), []
    attach(peaks)
    for shape in shapes:
        gc.collect()
        torch.cuda.empty_cache()
        peaks.begin()
        result = await rendered(engine, tasks(shape))
        peaks.end()
        predicted = predict(profile, shape)
        fits = result is not None and not result.out_of_memory
        rows.append(
            Row(
                profile=profile.name,
                side_px=shape.grid.width_px,
                references=len(shape.references),
                batch=shape.batch,
                predicted=(predicted.encode_bytes, predicted.denoise_bytes, predicted.decode_bytes),
                measured=(peaks.peaks[0], peaks.peaks[1], peaks.peaks[2]) if fits else None,
                reserved=torch.cuda.max_memory_reserved(),
                seconds=result.seconds.total_s if result is not None else 0.0,
            )
        )
        say(markdown(rows[-1]))
        if not fits:
            # The next batch is preceded by the engine's self-test, which has stages of its own.
            await rendered(engine, tasks(SHAPES[0]))
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
    """Return the batch, each image with a prompt that no image had before."""
    references = tuple(
        Pixels(grid.width_px, grid.height_px, random.randbytes(grid.width_px * grid.height_px * 3))
        for grid in shape.references
    )
    return [
        RenderTask(
            ImageKey("measured", position),
            f"a lighthouse, number {random.getrandbits(64)}",
            shape.grid,
            NoiseRecipe(position),
            STEPS,
            references=references,
        )
        for position in range(shape.batch)
    ]


HEADING = (
    "| profile | picture | references | batch | "
    + " | ".join(f"{stage}: predicted, measured GiB, ratio" for stage in STAGES)
    + " | reserved GiB |\n|---|---|---|---|---|---|---|---|"
)


def markdown(row: Row) -> str:
    cells = []
    for place, predicted in enumerate(row.predicted):
        if row.measured is None:
            cells.append(f"{predicted / GIB:.2f}, out of memory")
        else:
            measured = row.measured[place]
            ratio = f"{predicted / measured:.3f}" if measured else "–"
            cells.append(f"{predicted / GIB:.2f}, {measured / GIB:.2f}, {ratio}")
    start = f"| {row.profile} | {row.side_px}² | {row.references} | {row.batch} |"
    return f"{start} {' | '.join(cells)} | {row.reserved / GIB:.2f} |"


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - its output is what it is for


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profiles", nargs="+", choices=["bf16", *MACHINES], default=["bf16"])
    parser.add_argument("--card", action="store_true", help="let torch have only what the card has")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    rows: list[Row] = []
    say(f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}\n\n{HEADING}")
    for name in chosen.profiles:
        profile = CUDA_BF16 if name == "bf16" else MACHINES[name].choice().profile
        if chosen.card and name != "bf16":
            usable = MACHINES[name].card.free_bytes - CONTEXT_RESERVE_BYTES
            torch.cuda.set_per_process_memory_fraction(usable / torch.cuda.mem_get_info()[1])
        rows += asyncio.run(measure(chosen.folder, profile, SHAPES))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), "utf-8")


if __name__ == "__main__":
    main()
