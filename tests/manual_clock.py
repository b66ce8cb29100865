"""A clock that advances only when a test says so."""

import asyncio

START_MS = 1_790_000_000_000


class ManualClock:
    """Sleeping tasks wake when ``advance`` passes their time."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self._start_ms = now_ms
        self._now_ms = now_ms
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return (self._now_ms - self._start_ms) / 1000

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now_ms + round(seconds * 1000), woken))
        await woken

    def advance(self, seconds: float) -> None:
        self._now_ms += round(seconds * 1000)
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._now_ms]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self._now_ms]
        for _, woken in due:
            if not woken.done():
                woken.set_result(None)


async def passes(clock: ManualClock, seconds: float, slice_s: float = 5.0) -> None:
    """Advance in small steps, so that tasks sleeping in slices count all of it.

    They take a jump for a suspended machine.
    """
    while seconds > 0:
        clock.advance(min(seconds, slice_s))
        seconds -= slice_s
        for _ in range(5):
            await asyncio.sleep(0)
