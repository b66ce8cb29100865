"""Measures the cost of reading pictures in separate processes instead of threads; prints its conditions.

``python -m tests.images.intake_cost``: for each picture the shortest of ``--runs`` times and the mean CPU
time of both sides, on a thread of this process and in a process started before; then the start time of a
process and its resident memory while idle, before and after a picture of 40 megapixels. Linux only.
"""

import argparse
import asyncio
import platform
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import PIL
import psutil
from PIL import Image

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.pictures import Pixels
from kleinbot.images.containers.bare import unwrap
from kleinbot.images.intake.child import reference_of
from kleinbot.images.intake.intake import Intake
from kleinbot.images.reference import Sizing
from tests.images.craft import flat, saved

MIB = 1024 * 1024


def photo_like(width_px: int, height_px: int) -> Image.Image:
    """Return soft noise, which compresses about as well as photographs."""
    coarse = np.random.default_rng(1).integers(0, 256, (height_px // 8, width_px // 8, 3), np.uint8)
    return Image.fromarray(coarse).resize((width_px, height_px), Image.Resampling.BICUBIC)


PICTURES: dict[str, Callable[[], bytes]] = {
    "PNG 64×64": lambda: saved(photo_like(64, 64), "PNG"),
    "PNG 256×256": lambda: saved(photo_like(256, 256), "PNG"),
    "PNG 1024×1024": lambda: saved(photo_like(1024, 1024), "PNG"),
    "JPEG 4000×3000": lambda: saved(photo_like(4000, 3000), "JPEG"),
    "PNG 8000×5000": lambda: saved(flat(8000, 5000), "PNG"),
}
"""None of them is scaled up, since that takes far longer than what is measured here."""


async def timed_ms(work: Callable[[], Awaitable[Pixels]], runs: int) -> tuple[float, float]:
    """Return the shortest time of ``runs`` and the mean CPU time, in milliseconds."""
    times, cpu_s = [], processor_s()
    for _ in range(runs):
        begun = time.perf_counter()
        await work()
        times.append(1000 * (time.perf_counter() - begun))
    return min(times), 1000 * (processor_s() - cpu_s) / runs


def processor_s() -> float:
    """Return the CPU time of this process and its children."""
    times = [each.cpu_times() for each in (psutil.Process(), *psutil.Process().children())]
    return float(sum(each.user + each.system for each in times))


def resident_mib() -> float:
    (child,) = psutil.Process().children()
    return float(child.memory_info().rss) / MIB


async def measure(runs: int) -> None:
    """Print one line per picture and the cost of a process."""
    intake = Intake(SystemClock())
    small = PICTURES["PNG 256×256"]()
    started, _ = await timed_ms(lambda: intake.read_reference(small, 1), 1)
    fresh_mib = resident_mib()
    for name, make in PICTURES.items():
        data = make()

        async def on_a_thread(data: bytes = data) -> Pixels:
            return await asyncio.to_thread(lambda: reference_of(unwrap(data), Sizing(4096, upscales=False)))

        async def in_a_process(data: bytes = data) -> Pixels:
            return await intake.read_reference(data, 1, upscales=False)

        await on_a_thread()
        thread, process = await timed_ms(on_a_thread, runs), await timed_ms(in_a_process, runs)
        print(  # noqa: T201
            f"{name:15} {len(data) / MIB:5.2f} MiB  thread {thread[0]:6.1f} ms, CPU {thread[1]:6.1f}  "
            f"process {process[0]:6.1f} ms, CPU {process[1]:6.1f}"
        )
    print(  # noqa: T201
        f"the first picture, with the start of its process: {started:.0f} ms; resident while it waits: "
        f"{fresh_mib:.0f} MiB after that, {resident_mib():.0f} MiB after the last"
    )
    await intake.close()


def conditions() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    ).stdout.strip()
    load, _, _ = psutil.getloadavg()
    return (
        f"commit {commit}, Python {platform.python_version()}, Pillow {PIL.__version__}, "
        f"{psutil.cpu_count()} cores, load {load:.1f}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    print(conditions())  # noqa: T201
    asyncio.run(measure(parser.parse_args().runs))
