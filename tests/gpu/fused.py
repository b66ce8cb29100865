"""Compares kleinbot's own kernels with diffusers' and transformers' classes, stage by stage, on one model.

``python -m tests.gpu.fused FOLDER`` prints for BF16 and for FP8 quantised on load: milliseconds of each stage
both ways, the relative difference of embeddings and latents, of pixels in 8-bit levels, the distance of FP8's
latents from BF16's, and whether two runs give the same bits. ``--device cpu`` tries it with a small model.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch

from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.profile import CPU_SMALL, CUDA_BF16, ComponentPlan, Profile, WeightFormat
from kleinbot.engine.tuning import Tuning
from kleinbot.klein.pipeline import vae
from kleinbot.klein.pipeline.denoise import Conditioning, denoise
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.pipeline.noise import draw_noise
from kleinbot.klein.weights.find_weights import find_weights

PROMPT = "a red fox in the snow"
RUNS = 7
STEPS = 4
T = TypeVar("T")


class Measured:
    """One model's stages: the results of a run, and the median of ``RUNS`` of each in milliseconds."""

    def __init__(self, klein: Klein, grid: Grid) -> None:
        transformer = next(iter(klein.transformers.values()))
        noise = draw_noise(NoiseRecipe(1), klein.packed_channels, grid).to(klein.device, klein.dtype)
        self.milliseconds: dict[str, float] = {}
        self.embeddings = self._timed("encode", klein, lambda: klein.text_encoder.encode([PROMPT]))

        def denoised() -> torch.Tensor:
            conditioning = Conditioning(self.embeddings)
            made = denoise(
                transformer, klein.scheduler, noise, conditioning, STEPS, lambda _: True, lambda _: None
            )
            assert made is not None
            return made

        self.latents = self._timed("denoise", klein, denoised)
        self.is_repeatable = bool((denoised() == self.latents).all())
        self.pixels = self._timed("decode", klein, lambda: vae.decode(klein.vae, self.latents))
        self.reference = self._timed("reference", klein, lambda: vae.encode(klein.vae, self.pixels))

    def _timed(self, name: str, klein: Klein, run: Callable[[], T]) -> T:
        made, taken = run(), []
        for _ in range(RUNS if klein.device.type == "cuda" else 1):
            wait(klein)
            started_s = time.perf_counter()
            made = run()
            wait(klein)
            taken.append(1000 * (time.perf_counter() - started_s))
        self.milliseconds[name] = round(statistics.median(taken), 1)
        return made


def wait(klein: Klein) -> None:
    if klein.device.type == "cuda":
        torch.cuda.synchronize()


def difference(made: torch.Tensor, wanted: torch.Tensor) -> float:
    return round(float((made.float() - wanted.float()).norm() / wanted.float().norm()), 5)


def say(*values: object) -> None:
    sys.stdout.write(" ".join(str(value) for value in values) + "\n")
    sys.stdout.flush()


@torch.inference_mode()
def compare(folder: Path, profile: Profile, device: torch.device, grid: Grid) -> torch.Tensor:
    """Print a profile's two ways; return the latents of the classes."""
    klein = load_klein(find_weights(folder), profile, device, lambda _: None)
    classes = Measured(klein, grid)
    say(profile.name, "classes", classes.milliseconds)
    Tuning(klein, replace(profile, fused=True)).apply()
    own = Measured(klein, grid)
    say(profile.name, "own kernels", own.milliseconds, "repeatable:", own.is_repeatable)
    pixels, others = (
        torch.frombuffer(bytearray(each.pixels.rgb), dtype=torch.uint8) for each in (own, classes)
    )
    levels = (pixels.int() - others.int()).abs()
    say(
        "  differences: embeddings", difference(own.embeddings, classes.embeddings),
        "latents", difference(own.latents, classes.latents),
        "levels at most", int(levels.max()), "mean", round(float(levels.float().mean()), 3),
    )  # fmt: skip
    return classes.latents


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default="cuda")
    chosen = parser.parse_args()
    device = torch.device(chosen.device)
    plain, grid = (CUDA_BF16, Grid(64, 64)) if device.type == "cuda" else (CPU_SMALL, Grid(4, 4))
    narrow = replace(plain, name="fp8", transformer=ComponentPlan(WeightFormat.FP8), native_fp8=True)
    wanted = compare(chosen.folder, plain, device, grid)
    say("  fp8 from plain:", difference(compare(chosen.folder, narrow, device, grid), wanted))


if __name__ == "__main__":
    main()
