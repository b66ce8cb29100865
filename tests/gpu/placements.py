"""Shows on a GPU that streamed weights give the same bits as resident ones, and their memory.

``python -m tests.gpu.placements FOLDER`` (a checkout, see ``tests.gpu.full_size``) prints, for the encoder
resident, streamed and from disk, and for the transformer resident and streamed: whether embeddings and
latents are bit-equal, the peak of additionally allocated memory, and the seconds of a second pass.
``--scratch`` is the folder of weights on disk (8 GB; default: next to the checkout).
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import torch

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.profile import CUDA_BF16, ComponentPlan, Placement, Profile
from kleinbot.klein.pipeline.denoise import Conditioning, Denoising
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.pipeline.noise import draw_noise
from kleinbot.klein.weights.find_weights import find_weights

GIB = 2**30
GRID = Grid(64, 64)
STEPS = 2
PROMPT = "a red fox in the snow"
CASES = {
    "all resident": CUDA_BF16,
    "encoder streamed, table on the card's side": replace(
        CUDA_BF16, text_encoder=ComponentPlan(placement=Placement.STREAMED)
    ),
    "encoder streamed, table on the host": replace(
        CUDA_BF16, text_encoder=ComponentPlan(placement=Placement.STREAMED), token_table_on_host=True
    ),
    "encoder on disk, table on the host": replace(
        CUDA_BF16, text_encoder=ComponentPlan(placement=Placement.DISK), token_table_on_host=True
    ),
    "transformer streamed": replace(CUDA_BF16, transformer=ComponentPlan(placement=Placement.STREAMED)),
    "both on disk": replace(
        CUDA_BF16,
        transformer=ComponentPlan(placement=Placement.DISK),
        text_encoder=ComponentPlan(placement=Placement.DISK),
        token_table_on_host=True,
    ),
}


def measured(what: str, act: Callable[[], torch.Tensor]) -> torch.Tensor:
    act()  # loads kernels and workspaces
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    started_s = time.monotonic()
    result = act()
    torch.cuda.synchronize()
    seconds = time.monotonic() - started_s
    peak = torch.cuda.max_memory_allocated()
    say(
        f"  {what}: {1000 * seconds:.0f} ms, {before / GIB:.2f} GiB there before, peak {peak / GIB:.2f} GiB,"
        f" so {(peak - before) / GIB:.2f} GiB for the pass"
    )
    return result


@torch.inference_mode()
def run(klein: Klein) -> tuple[torch.Tensor, torch.Tensor]:
    embeddings = measured("encode", lambda: klein.text_encoder.encode([PROMPT]))
    noise = draw_noise(NoiseRecipe(1), klein.packed_channels, GRID).to(klein.dtype).to(klein.device)

    def denoised() -> torch.Tensor:
        way = Denoising(
            klein.transformers[Checkpoint.DISTILLED],
            klein.scheduler,
            noise,
            Conditioning(embeddings),
            STEPS,
        )
        while not way.is_done:
            way.step()
        return way.latents

    latents = measured(f"denoise, {STEPS} steps", denoised)
    return embeddings.cpu(), latents.cpu()


def case(name: str, folder: Path, profile: Profile, scratch: Path) -> tuple[torch.Tensor, torch.Tensor]:
    say(name)
    started_s = time.monotonic()
    device = torch.device("cuda", 0)
    klein = load_klein(find_weights(folder), profile, device, lambda _: None, scratch)
    say(f"  loaded in {time.monotonic() - started_s:.1f} s")
    result = run(klein)
    say(f"  host memory in use {psutil.Process().memory_info().rss / GIB:.1f} GiB")
    return result


def main(folder: Path, scratch: Path) -> None:
    scratch.mkdir(parents=True, exist_ok=True)
    wanted: tuple[torch.Tensor, torch.Tensor] | None = None
    for name, profile in CASES.items():
        made = case(name, folder, profile, scratch)
        gc.collect()
        torch.cuda.empty_cache()
        if wanted is None:
            wanted = made
        same = [torch.equal(one, other) for one, other in zip(made, wanted, strict=True)]
        say(f"  the same bits: embeddings {same[0]}, latents {same[1]}")
    say(
        f"left on the card: {torch.cuda.memory_allocated() / GIB:.3f} GiB; in the scratch folder:",
        sum(file.stat().st_size for file in scratch.iterdir()),
    )


def say(*values: object) -> None:
    sys.stdout.write(" ".join(str(value) for value in values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scratch", type=Path)
    chosen = parser.parse_args()
    main(chosen.folder, chosen.scratch or chosen.folder.parent / "scratch")
