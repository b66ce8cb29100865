"""When a late event loop causes a warning."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from kleinbot.process.loop_lag import LoopLag


class BlockedLoop:
    """A clock beside a loop: each look takes the given time, and the last look ends the loop."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.looks: list[Callable[[], None]] = []
        self.watch = LoopLag(lambda: self.now_s, self.sleep)

    async def sleep(self, seconds: float) -> None:
        if not self.looks:
            raise asyncio.CancelledError
        self.now_s += seconds
        self.looks.pop(0)()

    def blocks(self, seconds: float) -> None:
        self.now_s += seconds

    async def runs(self, looks: Sequence[Callable[[], None]]) -> float:
        self.looks = list(looks)
        with pytest.raises(asyncio.CancelledError):
            await self.watch.run()
        return self.watch.worst_s


async def test_what_blocked_the_loop_until_the_model_was_ready_is_no_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = BlockedLoop()

    def ready() -> None:
        loop.blocks(0.333)
        loop.watch.reset()

    worst_s = await loop.runs([lambda: loop.blocks(0.4), ready])
    assert worst_s == 0
    assert caplog.records == []


async def test_once_the_model_is_ready_a_late_loop_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    loop = BlockedLoop()
    loop.watch.reset()
    worst_s = await loop.runs([lambda: loop.blocks(0.1), lambda: loop.blocks(0.3), lambda: None])
    assert worst_s == pytest.approx(0.3)
    assert [record.getMessage() for record in caplog.records] == ["the event loop was 300 ms late"]


async def test_a_block_right_after_the_reset_counts_from_then_on() -> None:
    loop = BlockedLoop()

    def ready() -> None:
        loop.blocks(0.5)
        loop.watch.reset()
        loop.blocks(0.3)

    assert await loop.runs([ready]) == pytest.approx(0.3)
