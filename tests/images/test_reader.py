"""Reading happens off the event loop, in bounded number and memory."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.pixels import Pixels
from kleinbot.images import reader as reader_module
from kleinbot.images.containers.bare import Bare, unwrap
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.limits import MAX_BYTES, MAX_PIXELS
from kleinbot.images.reader import PictureReader
from kleinbot.images.reference import to_reference
from tests.images.craft import flat, marked, saved
from tests.images.test_corpus import CASES, fits

PNG = saved(marked(), "PNG")
LATE_S = 0.25


@pytest.fixture
async def pool() -> AsyncIterator[CpuPool]:
    pool = CpuPool()
    yield pool
    await pool.close()


async def ticks(times: list[float]) -> None:
    """Note the time whenever the loop gets round."""
    while True:
        times.append(time.perf_counter())
        await asyncio.sleep(0)


async def test_no_file_holds_the_event_loop_up(pool: CpuPool) -> None:
    """The whole corpus and a 40-megapixel picture at once; the loop must get round at least every 250 ms
    on average, and the longest pause is printed."""
    reader = PictureReader(pool)
    times: list[float] = []
    ticker = asyncio.create_task(ticks(times))
    large = saved(flat(8000, 5000), "PNG")
    reading = [reader.read(case.data) for case in CASES]
    outcomes = await asyncio.gather(*reading, reader.read_reference(large), return_exceptions=True)
    ticker.cancel()
    longest_s = max(later - earlier for earlier, later in pairwise(times))
    print(f"{len(CASES)} files in {times[-1] - times[0]:.2f} s, longest pause {longest_s * 1000:.0f} ms")  # noqa: T201
    assert len(times) * LATE_S > times[-1] - times[0]
    for case, outcome in zip(CASES, outcomes, strict=False):
        assert isinstance(outcome, Refusal | Pixels), case.name
        assert any(fits(outcome, wanted) for wanted in case.outcomes), case.name
    assert isinstance(outcomes[-1], Pixels)
    assert outcomes[-1].width_px == 1280


async def test_every_file_is_taken_apart_and_decoded_on_threads(
    pool: CpuPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def noted(data: bytes) -> Bare:
        threads.append(threading.current_thread())
        return unwrap(data)

    monkeypatch.setattr(reader_module, "unwrap", noted)
    await PictureReader(pool).read(PNG)
    assert threads
    assert threading.main_thread() not in threads


async def test_a_reference_is_the_picture_scaled(pool: CpuPool) -> None:
    reader = PictureReader(pool)
    assert await reader.read_reference(PNG) == to_reference(await reader.read(PNG))


async def test_too_many_bytes_are_not_looked_at(pool: CpuPool) -> None:
    await pool.close()
    with pytest.raises(Refusal) as refused:
        await PictureReader(pool).read(bytes(MAX_BYTES + 1))
    assert refused.value.code is Code.PICTURE_TOO_MANY_BYTES


async def test_pictures_being_decoded_share_one_budget_in_turn() -> None:
    budget = reader_module._PixelBudget(10)
    order: list[str] = []
    leave = {name: asyncio.Event() for name in ("small", "large", "late")}

    async def hold(name: str, pixels: int) -> None:
        async with budget.hold(pixels):
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


async def test_a_reader_that_leaves_keeps_its_budget_until_its_thread_is_done(
    pool: CpuPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = PictureReader(pool)
    gate, begun = threading.Event(), threading.Event()

    def held(bare: Bare) -> Pixels:
        begun.set()
        gate.wait()
        return Pixels(0, 0, b"")

    monkeypatch.setattr(reader_module, "_whole", held)
    task = asyncio.create_task(reader.read(PNG))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reader._budget._free == MAX_PIXELS - 96 * 64
    gate.set()
    await asyncio.gather(*reader._decoding)
    assert reader._budget._free == MAX_PIXELS


MEASURE = """
import asyncio, subprocess, sys
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.reader import PictureReader
from tests.images.corpus_hostile import bombs, lies

MAKE = '''
import sys
from tests.images.craft import flat, saved
sys.stdout.buffer.write(saved(flat(8000, 5000), sys.argv[1]))
'''

def memory(name):
    for line in open("/proc/self/status"):
        if line.startswith(name):
            return int(line.split()[1]) // 1024

async def main(kind):
    if kind == "hostile":
        files = [case.data for case in bombs() + lies()] * 2
    else:
        files = [subprocess.run([sys.executable, "-c", MAKE, kind], stdout=-1, check=True).stdout] * 3
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    before = memory("VmRSS:")
    pool = CpuPool()
    reader = PictureReader(pool)
    await asyncio.gather(*map(reader.read_reference, files), return_exceptions=True)
    await pool.close()
    print(memory("VmHWM:") - before)

asyncio.run(main(sys.argv[1]))
"""
"""The peak of resident memory is Linux's own, begun anew once the files are made (proc_pid_clear_refs(5))."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("kind", "most_mib"), [("hostile", 400), ("PNG", 700), ("JPEG", 700), ("WEBP", 1200), ("AVIF", 900)]
)
def test_memory_stays_bounded(kind: str, most_mib: int) -> None:
    """Peak above the start, in a process of its own: all bombs twice, or three 40-megapixel pictures."""
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, kind], capture_output=True, check=True, text=True
    )
    print(f"{kind}: {measured.stdout.strip()} MiB")  # noqa: T201
    assert int(measured.stdout) < most_mib
