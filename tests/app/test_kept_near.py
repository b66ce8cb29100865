"""The files of a model that has left the card stay in the host's memory where there is room for them."""

import asyncio
from pathlib import Path

import pytest

from kleinbot.app.kept_near import AFTER_S, AGAIN_AFTER_S, KeptNear
from kleinbot.hardware.facts import GIB, HostMemory
from kleinbot.hardware.memory_model import stay_in_host_memory
from tests.manual_clock import ManualClock

ROOMY = HostMemory(64 * GIB, 40 * GIB)
FULL = HostMemory(64 * GIB, 15 * GIB)


@pytest.mark.parametrize(
    ("memory", "stays"),
    [
        (HostMemory(64 * GIB, 33 * GIB), True),
        (HostMemory(64 * GIB, 31 * GIB), False),
        (HostMemory(32 * GIB, 25 * GIB), True),
        (HostMemory(16 * GIB, 16 * GIB), False),
        (HostMemory(8 * GIB, 1), False),
    ],
)
def test_weights_stay_where_a_quarter_of_the_memory_is_left_beside_them(
    memory: HostMemory, stays: bool
) -> None:
    assert stay_in_host_memory(16 * GIB, memory) == stays


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "a", tmp_path / "b"]
    for file in found:
        file.write_bytes(b"weights")
    return found


async def _reads(near: KeptNear, clock: ManualClock, seconds: float, expected: int) -> None:
    async with asyncio.timeout(10):
        while not any(not woken.done() for _, woken in clock._sleepers):
            await asyncio.sleep(0)
        clock.advance(seconds)
        while near.reads < expected:
            await asyncio.sleep(0)


async def test_they_are_read_after_a_while_and_now_and_then_until_the_model_is_loaded(
    files: list[Path],
) -> None:
    clock = ManualClock()
    near = KeptNear(lambda: files, clock, lambda: ROOMY)
    running = asyncio.create_task(near.run())
    await _reads(near, clock, AFTER_S - 1, 0)
    await _reads(near, clock, 1, 1)
    await _reads(near, clock, AGAIN_AFTER_S, 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


async def test_nothing_is_read_where_there_is_no_room_no_file_or_no_model(files: list[Path]) -> None:
    asked: list[None] = []

    def full() -> HostMemory:
        asked.append(None)
        return FULL

    clock = ManualClock()
    near = KeptNear(lambda: files, clock, full)
    running = asyncio.create_task(near.run())
    await _reads(near, clock, AFTER_S, 0)
    while not asked:
        await asyncio.sleep(0)
    files[0].unlink()
    await _reads(near, clock, AGAIN_AFTER_S, 0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (near.reads, len(asked)) == (0, 1)
    await KeptNear(list, clock, full).run()
