"""Reading all the corpus: off the event loop, in bounded number and memory."""

import asyncio
import random
import sys
import time
from itertools import pairwise

import pytest

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Refusal
from kleinbot.domain.pixels import Pixels
from kleinbot.images.intake import Intake, IntakeLimits
from kleinbot.images.limits import MIB
from kleinbot.images.pixel_budget import PixelBudget
from tests.images.craft import flat, saved
from tests.images.test_corpus import CASES, fits
from tests.processes import finished

LATE_S = 0.25


async def ticks(times: list[float]) -> None:
    """Note the time whenever the loop gets round, without keeping a core busy that the others need."""
    while True:
        times.append(time.perf_counter())
        await asyncio.sleep(0.001)


async def test_no_file_holds_the_event_loop_up() -> None:
    """Many of the corpus and a 40-megapixel picture at once; the loop must get round at least every 250 ms
    on average, and the longest pause is printed. All of it: ``python -m tests.images.hostile --bot``."""
    cases = random.Random(7).sample(CASES, 120)
    intake = Intake(SystemClock(), IntakeLimits(waiting=len(cases), deadline_s=60))
    times: list[float] = []
    ticker = asyncio.create_task(ticks(times))
    large = saved(flat(8000, 5000), "PNG")
    reading = [intake.read_reference(case.data, member) for member, case in enumerate(cases)]
    outcomes = await asyncio.gather(*reading, intake.read_reference(large, -1), return_exceptions=True)
    ticker.cancel()
    await intake.close()
    longest_s = max(later - earlier for earlier, later in pairwise(times))
    print(f"{len(cases)} files in {times[-1] - times[0]:.2f} s, longest pause {longest_s * 1000:.0f} ms")  # noqa: T201
    assert len(times) * LATE_S > times[-1] - times[0]
    for case, outcome in zip(cases, outcomes, strict=False):
        assert isinstance(outcome, Refusal | Pixels), case.name
        if isinstance(outcome, Refusal):
            assert any(fits(outcome, wanted) for wanted in case.outcomes), case.name
    assert isinstance(outcomes[-1], Pixels)
    assert outcomes[-1].width_px == 1280


async def test_pictures_being_decoded_share_one_budget_in_turn() -> None:
    budget = PixelBudget(10, kept=0)
    order: list[str] = []
    leave = {name: asyncio.Event() for name in ("small", "large", "late")}

    async def hold(name: str, pixels: int) -> None:
        async with budget.hold(pixels, is_quick=False):
            order.append(name)
            await leave[name].wait()

    tasks = [asyncio.create_task(hold(*one)) for one in (("small", 4), ("large", 8), ("late", 2))]
    for _ in range(10):
        await asyncio.sleep(0)
    assert order == ["small"], "the late one would fit, but the large one is before it"
    leave["small"].set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert order == ["small", "large", "late"]
    for event in leave.values():
        event.set()
    await asyncio.gather(*tasks)


async def test_whoever_leaves_gives_its_pixels_to_the_next() -> None:
    """Cancelled while waiting, while holding, and in the moment in which it was called."""
    budget = PixelBudget(10, kept=0)

    async def hold(pixels: int) -> None:
        async with budget.hold(pixels, is_quick=False):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(hold(pixels)) for pixels in (10, 10, 10)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    tasks[0].cancel()
    await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert budget.free == 10


MEASURE = """
import subprocess, sys
from kleinbot.domain.errors import Refusal
from kleinbot.images.containers.bare import unwrap
from kleinbot.images.intake_child import reference_of
from kleinbot.images.reference import Sizing
from tests.images.corpus_hostile import bombs, lies

MAKE = '''
import sys
from tests.images.craft import flat, saved
quick = {"AVIF": {"speed": 10}, "WEBP": {"method": 0}}  # what it costs to make them is nobody's question
sys.stdout.buffer.write(saved(flat(8000, 5000), sys.argv[1], **quick.get(sys.argv[1], {})))
'''

def memory(name):
    for line in open("/proc/self/status"):
        if line.startswith(name):
            return int(line.split()[1]) // 1024

def main(kind):
    if kind == "hostile":
        files = [case.data for case in bombs() + lies()] * 2
    else:
        files = [subprocess.run([sys.executable, "-c", MAKE, kind], stdout=-1, check=True).stdout] * 3
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    before = memory("VmRSS:")
    for file in files:
        try:
            reference_of(unwrap(file), Sizing())
        except Refusal:
            pass
    print(memory("VmHWM:") - before)

main(sys.argv[1])
"""
"""The peak of resident memory is Linux's own, begun anew once the files are made (proc_pid_clear_refs(5))."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("kind", "most_mib"), [("hostile", 400), ("PNG", 300), ("JPEG", 300), ("WEBP", 700), ("AVIF", 500)]
)
def test_memory_stays_bounded(kind: str, most_mib: int) -> None:
    """Peak above the start of what a process does: all bombs twice, or three 40-megapixel pictures."""
    measured = finished([sys.executable, "-c", MEASURE, kind])
    print(f"{kind}: {measured.stdout.strip()} MiB")  # noqa: T201
    assert most_mib * MIB < IntakeLimits().memory_bytes
    assert int(measured.stdout) < most_mib
