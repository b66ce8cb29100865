"""Time, injected everywhere so that tests control it."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import Protocol, TypeVar

T = TypeVar("T")

MS_PER_S = 1000
HOUR_MS = 60 * 60 * MS_PER_S
DAY_MS = 24 * HOUR_MS


class Clock(Protocol):
    """The only source of time."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC; for rows and messages."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never run backwards; for measuring durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait at least ``seconds`` of this clock's time."""
        ...


class SystemClock:
    """The operating system's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def sleep_until(event: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Sleep until ``event`` is set, but at most ``seconds``."""
    waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def run_within(clock: Clock, seconds: float, work: Awaitable[T]) -> T:
    """Await ``work`` and return its result. After ``seconds``, cancel it and raise TimeoutError."""
    task = asyncio.ensure_future(work)
    timeout = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timeout}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        timeout.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
