"""What comes out of the engine is what diffusers' own pipeline makes, to the last bit."""

from pathlib import Path

import numpy as np
import torch
from diffusers import Flux2KleinPipeline
from PIL import Image

from kleinbot.domain.faults import NoFaults
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import NoiseRecipe, seed_of_image
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.domain.work import BatchResult
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.klein.weights.source import FolderSource
from tests.engine.conftest import TickingClock
from tests.specs import render_task

GRID = Grid(6, 5)
STEPS = 4
PROMPT = "make the sky blue"
JOB_SEED = 2**32 - 2
"""The third image's seed starts again at 0."""


def some_picture(width_px: int, height_px: int, seed: int) -> Pixels:
    levels = np.random.default_rng(seed).integers(0, 256, (height_px, width_px, 3), np.uint8)
    return Pixels(width_px, height_px, levels.tobytes())


async def test_four_images_of_a_job_with_three_references(tiny_folder: Path, clock: TickingClock) -> None:
    references = (some_picture(96, 64, 1), some_picture(64, 64, 2), some_picture(64, 128, 3))
    seeds = [seed_of_image(JOB_SEED, position) for position in range(4)]
    pipe = Flux2KleinPipeline.from_pretrained(tiny_folder, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    pipe.vae.enable_slicing()
    wanted = pipe(
        image=[Image.frombytes("RGB", (p.width_px, p.height_px), p.rgb) for p in references],
        prompt=PROMPT,
        num_images_per_prompt=len(seeds),
        width=GRID.width_px,
        height=GRID.height_px,
        num_inference_steps=STEPS,
        guidance_scale=1.0,
        generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
    ).images

    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, NoFaults(), cpu_threads=1)
    await engine.start()
    tasks = [
        render_task(ImageKey("job", i), PROMPT, GRID, NoiseRecipe(seed), STEPS, pictures=references)
        for i, seed in enumerate(seeds)
    ]
    made = await engine.render(tasks, lambda _: None, lambda _: False)
    assert isinstance(made, BatchResult)
    await engine.close()

    assert seeds == [2**32 - 2, 2**32 - 1, 0, 1]
    assert [image.pixels.rgb for image in made.images if image.pixels] == [w.tobytes() for w in wanted]
