"""Measures a checkout on a GPU and compares our stages with diffusers' pipeline.

``python -m tests.gpu.measure FOLDER`` prints seconds per stage and peak memory of four 1024² pictures
rendered one by one through the engine, of an edit with one reference, and whether latents and pixels are
bit-equal to the pipeline's in bfloat16.
"""

import argparse
import asyncio
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import Flux2KleinPipeline

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import CUDA_BF16
from kleinbot.domain.work import BatchResult, RenderTask
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.hardware.probe import read_machine_facts
from kleinbot.hardware.profile_choice import choose
from kleinbot.klein.pipeline.noise import draw_noise
from kleinbot.klein.weights.source import FolderSource
from tests.specs import render_task

GIB = 2**30
SEEDS = (1, 2, 3, 4)
PROMPT = "a red fox in the snow"
GRID = Grid(64, 64)
STEPS = 4


def task(position: int, references: tuple[Pixels, ...] = ()) -> RenderTask:
    key = ImageKey("measured", position)
    return render_task(key, PROMPT, GRID, NoiseRecipe(SEEDS[position]), STEPS, pictures=references)


async def through_the_engine(folder: Path) -> list[Pixels]:
    engine = GpuEngine(FolderSource(folder), CUDA_BF16, SystemClock(), NoFaults())
    started_s = time.monotonic()
    engine.watch(lambda state: say(f"{time.monotonic() - started_s:6.1f} s", state.phase, state.fraction))
    await engine.start()
    report("loaded and warm", engine)
    torch.cuda.reset_peak_memory_stats()

    async def render(*tasks: RenderTask) -> list[Pixels]:
        result = await engine.render(tasks, lambda _: None, lambda _: False)
        assert isinstance(result, BatchResult)
        say(result.seconds)
        drawn = [image.pixels for image in result.images if image.pixels is not None]
        assert len(drawn) == len(tasks)
        return drawn

    pictures: list[Pixels] = []
    for position in range(len(SEEDS)):
        pictures += await render(task(position))
    report("four single pictures", engine)
    torch.cuda.reset_peak_memory_stats()
    edited = await render(task(0, references=(pictures[0],)))
    report("an edit with one reference", engine)
    pictures += edited
    torch.cuda.reset_peak_memory_stats()
    batch = await render(*(task(position) for position in range(len(SEEDS))))
    report("a batch of four", engine)
    for one, together in zip(pictures, batch, strict=False):
        say("in a batch:", difference(one, together))
    await engine.close()
    say("after close:", torch.cuda.memory_reserved() / GIB, "GiB reserved")
    return pictures


def compare(folder: Path, ours: list[Pixels]) -> None:
    pipe = Flux2KleinPipeline.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True).to("cuda")
    pipe.set_progress_bar_config(disable=True)
    pipe.vae.enable_slicing()

    def theirs(seed: int, image: object = None) -> Pixels:
        made = pipe(
            image=image,
            prompt=PROMPT,
            height=GRID.height_px,
            width=GRID.width_px,
            num_inference_steps=STEPS,
            guidance_scale=1.0,
            # Passed explicitly: the numbers of a bfloat16 draw depend on torch's version.
            latents=draw_noise(NoiseRecipe(seed), pipe.transformer.config.in_channels, GRID),
        ).images[0]
        return Pixels(made.width, made.height, np.asarray(made).tobytes())

    from PIL import Image

    for position, seed in enumerate(SEEDS):
        say("against the pipeline:", difference(ours[position], theirs(seed)))
    reference = Image.frombytes("RGB", (GRID.width_px, GRID.height_px), ours[0].rgb)
    say("against the pipeline, edit:", difference(ours[-1], theirs(SEEDS[0], reference)))


def difference(one: Pixels, other: Pixels) -> str:
    apart = np.abs(np.frombuffer(one.rgb, np.uint8).astype(int) - np.frombuffer(other.rgb, np.uint8))
    spread = np.frombuffer(one.rgb, np.uint8).std()
    return f"{(apart > 0).mean():.2%} of bytes differ, at most {apart.max()} (std of pixels {spread:.1f})"


def report(what: str, engine: GpuEngine) -> None:
    allocated, reserved = torch.cuda.max_memory_allocated() / GIB, torch.cuda.max_memory_reserved() / GIB
    say(f"{what}: peak {allocated:.2f} GiB allocated, {reserved:.2f} GiB reserved; {engine.memory_peak}")


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - its output is what it is for


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args().folder
    facts = read_machine_facts()
    say(facts.gpus, choose(facts).profile.name, torch.__version__)
    compare(chosen, asyncio.run(through_the_engine(chosen)))
