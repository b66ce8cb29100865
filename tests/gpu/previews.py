"""Measures what previews cost on a GPU, and how alike they are to the pictures.

``python -m tests.gpu.previews CHECKOUT --out FOLDER`` renders 1024² pictures through the engine without and
with previews. It prints milliseconds a step of both, the correlation of each step's preview with the picture,
and whether the pictures are equal bit for bit. FOLDER gets ``previews.png``: the previews beside the pictures
(noise where the weights are random). With ``--device cpu`` it runs the small model at 256².
"""

import argparse
import asyncio
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import CPU_SMALL, CUDA_BF16
from kleinbot.domain.work import BatchResult, RenderTask, StepReport
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.klein.pipeline.noise import draw_noise
from kleinbot.klein.weights.source import FolderSource
from tests.specs import render_task

STEPS = 4
ROUNDS = 5
SHEET_PX = 256
PROMPTS = (
    "a red circle on a blue background",
    "a green star and a yellow square on a grey background",
    "a purple triangle with spots on a white background",
    "an orange ring on a black background",
)


async def _drawn(engine: GpuEngine, task: RenderTask) -> tuple[Pixels, list[Pixels], float]:
    """Return a picture, its previews, and the seconds of a step, of which all are timed together.

    Steps are not timed one by one: a GPU is behind the program, and a preview waits for it.
    """
    reports: list[StepReport] = []
    result = await engine.render([task], reports.append, lambda _: False)
    assert isinstance(result, BatchResult)
    (image,) = result.images
    assert image.pixels is not None
    previews = [pixels for report in reports for pixels in report.previews.values()]
    return image.pixels, previews, result.seconds.denoise_s / STEPS


def _alone_s(engine: GpuEngine, grid: Grid) -> float:
    """Return the seconds of one preview, from latents on the device to pixels in host memory."""
    worker = engine._worker
    assert worker is not None
    klein, found = worker._loaded.previews._klein, worker._loaded.previews._map
    assert found is not None
    noise = draw_noise(NoiseRecipe(0), klein.packed_channels, grid).to(klein.device)
    found.picture(noise)
    began = time.perf_counter()
    for _ in range(100):
        found.picture(noise)
    return (time.perf_counter() - began) / 100


def _levels(picture: Pixels) -> "np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]":
    return np.frombuffer(picture.rgb, np.uint8).reshape(picture.height_px, picture.width_px, 3)


def _alike(preview: Pixels, picture: Pixels) -> float:
    size = (preview.width_px, preview.height_px)
    small = np.asarray(Image.fromarray(_levels(picture)).resize(size, Image.Resampling.BOX), float)
    return float(np.corrcoef(_levels(preview).astype(float).ravel(), small.ravel())[0, 1])


async def _main(folder: Path, out: Path, *, on_cpu: bool) -> None:
    out.mkdir(parents=True, exist_ok=True)
    profile, grid = (CPU_SMALL, Grid(16, 16)) if on_cpu else (CUDA_BF16, Grid(64, 64))
    engine = GpuEngine(FolderSource(folder), profile, SystemClock(), NoFaults(), scratch=out)
    await engine.start()
    tasks = [
        render_task(ImageKey("measured", number), prompt, grid, NoiseRecipe(number), STEPS)
        for number, prompt in enumerate(PROMPTS)
    ]
    began = time.perf_counter()
    await _drawn(engine, replace(tasks[0], previews=True))
    while engine._worker is not None and engine._worker.must_fit_previews:
        await asyncio.get_running_loop().run_in_executor(engine._thread, lambda: None)
    say(f"one picture and the fit: {time.perf_counter() - began:.2f} s")
    without: list[float] = []
    with_them: list[float] = []
    rows = []
    alike: dict[int, list[float]] = {}
    for round_ in range(ROUNDS):
        for task in tasks:
            plain, _, seconds = await _drawn(engine, task)
            without.append(seconds)
            picture, previews, seconds = await _drawn(engine, replace(task, previews=True))
            with_them.append(seconds)
            assert picture == plain, "previews change the picture"
            for step, preview in enumerate(previews, 1):
                alike.setdefault(step, []).append(_alike(preview, picture))
            if round_ == 0:
                shown = [Image.fromarray(_levels(each)) for each in (*previews, picture)]
                rows.append(np.hstack([np.asarray(each.resize((SHEET_PX, SHEET_PX))) for each in shown]))
    worker = engine._worker
    assert worker is not None
    if worker._loaded.previews._map is None:
        say("no map fits this VAE: there are no previews")
    else:
        say(f"a preview alone: {1e3 * _alone_s(engine, grid):.3f} ms")
    before, after = (1e3 * statistics.median(each) for each in (without, with_them))
    share = 100 * (after / before - 1)
    say(f"a step without previews {before:.2f} ms, with {after:.2f} ms ({share:+.2f} %)")
    for step, found in alike.items():
        middle = statistics.median(found)
        say(f"step {step}: correlation {min(found):.3f} to {max(found):.3f}, median {middle:.3f}")
    say("the pictures are equal bit for bit")
    Image.fromarray(np.vstack(rows)).save(out / "previews.png")
    await engine.close()


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - its output is what it is for


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    chosen = parser.parse_args()
    asyncio.run(_main(chosen.folder, chosen.out, on_cpu=chosen.device == "cpu"))
