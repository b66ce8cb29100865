"""Loads full-size weights in every format on a GPU and compares their pictures.

``python -m tests.gpu.full_size FOLDER --with fp8``, then ``python -m tests.gpu.formats FOLDER``. Prints, for
each format, the seconds of loading, the peak of host and GPU memory, the seconds of four steps at 1024² (not
compiled) and the latents' distance from plain; and whether FP8 per layer equals dequantising on load. If
FOLDER was also written ``--with bf16 comfy``, prints whether BFL's single file and ComfyUI's folder load the
same weights as the checkout.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from kleinbot.domain.geometry import Grid
from kleinbot.domain.profile import CUDA_BF16, ComponentPlan, Profile, WeightFormat
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.weight_set import WeightSet
from tests.klein.drawing import latents_of

GIB = 2**30
GRID = Grid(64, 64)
FP8 = replace(CUDA_BF16, transformer=ComponentPlan(WeightFormat.FP8))
ALL_FP8 = replace(FP8, text_encoder=ComponentPlan(WeightFormat.FP8), token_table_on_host=True)
ALL_INT8 = replace(
    ALL_FP8, transformer=ComponentPlan(WeightFormat.INT8), text_encoder=ComponentPlan(WeightFormat.INT8)
)


def measured(name: str, profile: Profile, folder: Path, scratch: Path, *, is_file: bool) -> torch.Tensor:
    """Load ``profile``, render, print the figures, and return the latents on the CPU."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    device = torch.device("cuda")
    file = single_file(folder, "flux-2-klein-4b-fp8.safetensors") if is_file else None
    started_s = time.monotonic()
    weights = find_weights(folder / "checkout", distilled=file)
    klein = load_klein(weights, profile, device, lambda _: None, scratch)
    torch.cuda.synchronize()
    loaded_s = time.monotonic() - started_s
    allocated, loading = torch.cuda.memory_allocated() / GIB, torch.cuda.max_memory_allocated() / GIB
    latents = latents_of(klein, grid=GRID)
    torch.cuda.synchronize()
    started_s = time.monotonic()
    latents = latents_of(klein, grid=GRID).cpu()
    drawn_s = time.monotonic() - started_s
    peak = torch.cuda.max_memory_allocated() / GIB
    say(
        f"{name}: loaded in {loaded_s:.1f} s, {allocated:.2f} GiB kept, {loading:.2f} GiB while loading, "
        f"{peak:.2f} GiB peak; drawn in {drawn_s:.3f} s; host peak {host_peak_gib():.2f} GiB"
    )
    return latents


def single_file(folder: Path, name: str) -> Path:
    """Return the path where ``tests.gpu.full_size`` writes BFL's file ``name``."""
    in_comfy = folder / "comfy/models/diffusion_models" / name
    return in_comfy if in_comfy.is_file() else folder / "single" / name


def compare_layouts(folder: Path, profile: Profile, device: torch.device) -> None:
    """Print whether the layouts of the same model in ``folder`` give the same tensors."""
    checkout = folder / "checkout"
    wanted = tensors_of(load_klein(find_weights(checkout), profile, device, lambda _: None))
    plain_file = single_file(folder, "flux-2-klein-4b.safetensors")
    comfy = folder / "comfy"
    layouts: tuple[tuple[str, Path, Callable[[], WeightSet]], ...] = (
        ("BFL's BF16 file", plain_file, lambda: find_weights(checkout, distilled=plain_file)),
        ("ComfyUI's folder", comfy, lambda: find_weights(comfy)),
    )
    for name, place, find in layouts:
        if not place.exists():
            say(f"{name}: not there, not compared")
            continue
        started_s = time.monotonic()
        found = tensors_of(load_klein(find(), profile, device, lambda _: None))
        differing = [key for key, tensor in wanted.items() if not torch.equal(tensor, found[key])]
        say(
            f"{name}: loaded in {time.monotonic() - started_s:.1f} s;",
            f"{len(found)} tensors of {len(wanted)}, {len(differing)} differ",
        )


def tensors_of(klein: Klein) -> dict[str, torch.Tensor]:
    [transformer] = klein.transformers.values()
    parts: dict[str, torch.nn.Module] = {
        "transformer": transformer,
        "text_encoder": klein.text_encoder._model,
        "vae": klein.vae,
    }
    return {
        f"{part}.{name}": tensor for part, each in parts.items() for name, tensor in each.state_dict().items()
    }


def host_peak_gib() -> float:
    """Return the process's peak resident size, including mapped weight files."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB


def away(one: torch.Tensor, other: torch.Tensor) -> str:
    error = float((one.float() - other.float()).norm() / other.float().norm())
    return f"relative difference {error:.4f}, every bit equal: {torch.equal(one, other)}"


def main(folder: Path) -> None:
    say(torch.cuda.get_device_name(), torch.__version__)
    compare_layouts(folder, CUDA_BF16, torch.device("cuda"))
    with tempfile.TemporaryDirectory(dir=folder) as scratch_name:
        scratch = Path(scratch_name)

        def run(name: str, profile: Profile, *, is_file: bool = False) -> torch.Tensor:
            return measured(name, profile, folder, scratch, is_file=is_file)

        plain = run("BF16", CUDA_BF16)
        dequantised = run("FP8 file, dequantised at load", CUDA_BF16, is_file=True)
        say("  from BF16:", away(dequantised, plain))
        per_layer = run("FP8 file, dequantised per layer", FP8, is_file=True)
        say("  from dequantised at load:", away(per_layer, dequantised))
        native = run("FP8 file, native", replace(FP8, native_fp8=True), is_file=True)
        say("  from BF16:", away(native, plain))
        for name, profile in (
            ("FP8 on load, encoder too", ALL_FP8),
            ("FP8 on load, native", replace(ALL_FP8, native_fp8=True)),
            ("INT8 on load, encoder too", ALL_INT8),
        ):
            first = run(f"{name}, first start", profile)
            second = run(f"{name}, second start", profile)
            say("  from BF16:", away(first, plain))
            say("  second from first:", away(second, first))


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - its output is what it is for


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
