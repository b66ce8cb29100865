"""Compares the tiled VAE stages with the stock ones on a GPU: ``python -m tests.gpu.tiled_vae``.

Needs no checkout: random weights of the published layout, 1024², bfloat16. Prints seconds, peak memory
besides the weights, and the difference of the pictures; also each one's difference from the stock decode in
float32, which shows how much of it bfloat16 causes.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2

from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.pictures import Pixels
from kleinbot.klein.low_memory.tiled_vae import TILE_PX, decode_tiled, encode_tiled
from kleinbot.klein.pipeline import vae as stock
from tests.gpu.full_size import VAE

MIB = 2**20
REPEATS = 5
Result = TypeVar("Result")


def compare() -> None:
    """Print one line for each method and size."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    exact = AutoencoderKLFlux2.from_config(VAE).eval()
    exact.bn.running_var.uniform_(0.5, 2.0)
    for name, parameter in exact.named_parameters():
        if "norm" in name:
            parameter.data.add_(0.1 * torch.randn_like(parameter))
    exact = exact.to(torch.bfloat16).float()
    vae = AutoencoderKLFlux2.from_config(VAE).eval().to(torch.bfloat16)
    vae.load_state_dict(exact.state_dict())
    exact, vae = exact.to(device), vae.to(device)
    for grid in (Aspect.SQUARE.grid, Aspect.WIDE_16_9.grid) if device.type == "cuda" else (Grid(2, 3),):
        compare_one(exact, vae, grid)


@torch.inference_mode()
def compare_one(exact: AutoencoderKLFlux2, vae: AutoencoderKLFlux2, grid: Grid) -> None:
    latents = torch.randn(1, 128, grid.rows, grid.columns, device=vae.device)
    truth = stock.decode(exact, latents)
    low = latents.to(vae.dtype)
    wanted = measured(f"{grid} stock decode", lambda: stock.decode(vae, low), vae.device)
    say("   from float32:", difference(wanted, truth))
    for tile_px in (TILE_PX // 2, TILE_PX, 2 * TILE_PX, 4 * TILE_PX):
        found = measured(
            f"{grid} tiled decode, tiles of {tile_px} px",
            partial(decode_tiled, vae, low, tile_px),
            vae.device,
        )
        say("   from stock:", difference(found, wanted), "from float32:", difference(found, truth))
    wanted_latents = measured(f"{grid} stock encode", lambda: stock.encode(vae, wanted), vae.device)
    found_latents = measured(f"{grid} tiled encode", lambda: encode_tiled(vae, wanted), vae.device)
    exact_latents = stock.encode(exact, wanted)
    for name, ours in (("stock", wanted_latents), ("tiled", found_latents)):
        say(f"   {name} from float32, rms {(ours - exact_latents).square().mean().sqrt().item():.2e}")
    say(f"   tiled from stock at most {(found_latents - wanted_latents).abs().max().item():.2e}")


def measured(what: str, work: Callable[[], Result], device: torch.device) -> Result:
    """Print the median seconds of ``work`` and its peak besides earlier allocations."""
    result = work()
    if device.type != "cuda":
        say(what)
        return result
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated(), torch.cuda.memory_reserved()
    seconds = []
    for _ in range(REPEATS):
        torch.cuda.synchronize()
        started_s = time.perf_counter()
        result = work()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started_s)
    allocated = (torch.cuda.max_memory_allocated() - before[0]) / MIB
    reserved = (torch.cuda.max_memory_reserved() - before[1]) / MIB
    memory = f"{allocated:.0f} MiB allocated, {reserved:.0f} MiB reserved"
    say(f"{what}: {statistics.median(seconds):.4f} s, {memory}")
    return result


def difference(one: Pixels, other: Pixels) -> str:
    levels = np.frombuffer(one.rgb, np.uint8).astype(int)
    apart = np.abs(levels - np.frombuffer(other.rgb, np.uint8))
    return (
        f"{(apart > 0).mean():.2%} of bytes differ, at most {apart.max()} (std of pixels {levels.std():.1f})"
    )


def say(*values: object) -> None:
    sys.stdout.write(" ".join(str(value) for value in values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    compare()
