"""How many pixels are decoded at a time, over all processes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class PixelBudget:
    """A semaphore of pixels, first come first served, so that a large picture is not passed for ever."""

    def __init__(self, pixels: int) -> None:
        self._free = pixels
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, pixels: int) -> AsyncIterator[None]:
        await self._take(pixels)
        try:
            yield
        finally:
            self._give(pixels)

    async def _take(self, pixels: int) -> None:
        if not self._waiting and self._free >= pixels:
            self._free -= pixels
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (pixels, called)
        self._waiting.append(place)
        try:
            await called
        except asyncio.CancelledError:
            if place in self._waiting:
                self._waiting.remove(place)
                self._give(0)
            else:  # called and cancelled in the same moment
                self._give(pixels)
            raise

    def _give(self, pixels: int) -> None:
        self._free += pixels
        while self._waiting and self._waiting[0][0] <= self._free:
            needed, called = self._waiting.popleft()
            self._free -= needed
            if not called.done():
                called.set_result(None)
