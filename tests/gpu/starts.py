"""Measures the GPU memory of starts.

``python -m tests.gpu.starts FOLDER --out RESULTS``: FOLDER is a checkout in the published layout. Four
checks, each in its own process: rows quantised on the GPU equal those of the CPU, bit for bit; a failed start
frees the GPU memory; without expandable segments, torch's reserved memory stays within the share for Windows
and WSL2; a GPU that refuses expandable segments is used without them. Prints the results and writes
``starts.json`` to the folder ``--out``.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kleinbot.engine.gpu_engine import _prefer_expandable_segments
from tests.specs import render_task

GIB = 2**30
LIMIT_S = 240


def rows_in_eight_bits(_: Path) -> dict[str, Any]:
    import torch

    from kleinbot.domain.profile import WeightFormat
    from kleinbot.klein.quantisation.quantise import quantise

    found: dict[str, Any] = {"torch": torch.__version__, "card": torch.cuda.get_device_name(0)}
    for dtype in (torch.bfloat16, torch.float32):
        weight = torch.randn(27648, 3072, generator=torch.Generator().manual_seed(1)).mul_(0.02).to(dtype)
        for weight_format in (WeightFormat.INT8, WeightFormat.FP8):
            torch.cuda.reset_peak_memory_stats()
            on_gpu, gpu_scales = quantise(weight, weight_format, torch.device("cuda", 0))
            peak_mib = torch.cuda.max_memory_allocated() >> 20
            on_cpu, cpu_scales = quantise(weight, weight_format, torch.device("cpu"))
            is_same = torch.equal(on_gpu.view(torch.uint8), on_cpu.view(torch.uint8))
            found[f"{weight_format} of {dtype}"] = {
                "equal": is_same and torch.equal(gpu_scales, cpu_scales),
                "peak_mib": peak_mib,
            }
    return found


def _started(folder: Path, fail: Callable[[], None] | None = None) -> dict[str, Any]:
    """Start an engine with the chosen profile, and return the GPU memory before and after."""
    import torch

    from kleinbot.domain.clock import SystemClock
    from kleinbot.domain.errors import StartError
    from kleinbot.domain.faults import NoFaults
    from kleinbot.domain.geometry import Grid
    from kleinbot.domain.job_spec import ImageKey
    from kleinbot.domain.noise import NoiseRecipe
    from kleinbot.domain.profile import CUDA_BF16
    from kleinbot.engine.gpu_engine import GpuEngine
    from kleinbot.klein.weights.source import FolderSource

    async def run() -> dict[str, Any]:
        engine = GpuEngine(FolderSource(folder), CUDA_BF16, SystemClock(), NoFaults())
        before = torch.cuda.mem_get_info(0)[0]
        found: dict[str, Any] = {}
        if fail is not None:
            fail()
        try:
            await engine.start()
        except StartError as error:
            found["error"] = str(error)
        else:
            task = render_task(ImageKey("a", 0), "a red fox", Grid(64, 64), NoiseRecipe(1), 4)
            await engine.render([task], lambda _: None, lambda _: False)
            found["allocated_gib"] = round(torch.cuda.max_memory_allocated(0) / GIB, 2)
            found["reserved_gib"] = round(torch.cuda.max_memory_reserved(0) / GIB, 2)
        found["held_after_gib"] = round((before - torch.cuda.mem_get_info(0)[0]) / GIB, 2)
        await engine.close()
        return found

    return asyncio.run(run())


def failed_start(folder: Path) -> dict[str, Any]:
    from kleinbot.engine.worker import Worker

    def fail() -> None:
        def warm(*_: object) -> None:
            raise RuntimeError("the last step of the start fails")

        Worker.warm = warm  # type: ignore[method-assign, assignment]

    return _started(folder, fail)


def bounded(folder: Path) -> dict[str, Any]:
    """As on Windows: no expandable segments, and a driver that spills to host memory."""
    os.environ["PYTORCH_ALLOC_CONF"] = "expandable_segments:False"
    import torch

    found = {"unbounded": _started(folder)}
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(float(os.environ["BOUND_GIB"]) * GIB / total, 0)
    found["bounded"] = _started(folder)
    return found


def refused_segments(folder: Path) -> dict[str, Any]:
    """Simulate a vGPU, where the first allocation with expandable segments fails."""
    import torch

    from kleinbot.engine import device

    zeros, calls = torch.zeros, 0

    def refusing(*args: Any, **options: Any) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("CUDA driver error: operation not supported")
        return zeros(*args, **options)

    device.torch.zeros = refusing  # type: ignore[attr-defined]
    found = _started(folder)
    return found | {"settings": torch._C._accelerator_getAllocatorSettings()}


LOOKS: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    "rows": rows_in_eight_bits,
    "failed": failed_start,
    "bounded": bounded,
    "refused": refused_segments,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--bound-gib", default="17")
    parser.add_argument("--look", choices=LOOKS)
    chosen = parser.parse_args()
    if chosen.look:
        if chosen.look != "bounded":
            _prefer_expandable_segments()
        sys.stdout.write(json.dumps(LOOKS[chosen.look](chosen.folder)) + "\n")
        return
    chosen.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    for name in LOOKS:
        command = [sys.executable, "-m", "tests.gpu.starts", str(chosen.folder), "--out", str(chosen.out)]
        done = subprocess.run(
            [*command, "--look", name],
            env={**os.environ, "BOUND_GIB": chosen.bound_gib},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        last = done.stdout.strip().splitlines()[-1:]
        found[name] = json.loads(last[0]) if done.returncode == 0 and last else done.stderr[-2000:]
        sys.stdout.write(f"{name}: {json.dumps(found[name])}\n")
        sys.stdout.flush()
    (chosen.out / "starts.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
