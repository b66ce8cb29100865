"""Time, injected everywhere so that tests own it."""

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
        """Milliseconds since the Unix epoch, UTC: what goes into rows and messages."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never run backwards: what durations are measured with."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait at least ``seconds`` of this clock's time."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def sleep_until(event: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Sleep until ``event`` is set, for ``seconds`` at most."""
    waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def ended_within(clock: Clock, seconds: float, work: Awaitable[T]) -> T:
    """Return what ``work`` returns. Cancels it and raises TimeoutError once ``seconds`` have passed."""
    doing = asyncio.ensure_future(work)
    patience = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({doing, patience}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise TimeoutError
    finally:
        patience.cancel()
        if not doing.done():
            doing.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await doing
