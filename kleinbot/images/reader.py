"""Pictures from people: bytes in, pixels out, off the event loop, in bounded number and memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS
from kleinbot.domain.pixels import Pixels
from kleinbot.images.containers.bare import Bare, unwrap
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.decode import decode, pixels_of
from kleinbot.images.limits import MAX_PIXELS, check_bytes
from kleinbot.images.reference import fitted


class PictureReader:
    """Reads pictures that nobody has checked yet.

    Together the pictures being decoded have at most ``budget_px`` pixels: one of the largest, or many
    small ones. Measured at 8000×5000: 790 MiB for WebP, 540 for AVIF, 360 for JPEG, 240 for PNG.
    """

    def __init__(self, pool: CpuPool, budget_px: int = MAX_PIXELS) -> None:
        self._pool = pool
        self._budget = _PixelBudget(max(budget_px, MAX_PIXELS))
        self._decoding: set[asyncio.Task[Pixels]] = set()

    async def read(self, data: bytes) -> Pixels:
        """Return the picture upright, in sRGB, on white, at its own size.

        Raises Refusal PICTURE_NOT_AN_IMAGE, PICTURE_FORMAT_UNSUPPORTED, PICTURE_TOO_MANY_BYTES,
        PICTURE_TOO_MANY_PIXELS, PICTURE_TOO_SMALL, PICTURE_TOO_NARROW or PICTURE_TRUNCATED.
        """
        return await self._read(data, _whole)

    async def read_reference(self, data: bytes, max_tokens: int = MAX_OUTPUT_TOKENS) -> Pixels:
        """Return what ``to_reference`` makes of ``read``'s picture, without holding that at full size twice.

        Raises the refusals of ``read``.
        """
        return await self._read(data, lambda bare: pixels_of(fitted(decode(bare), max_tokens)))

    async def _read(self, data: bytes, work: Callable[[Bare], Pixels]) -> Pixels:
        check_bytes(len(data))
        bare = await self._pool.run(unwrap, data)
        # A thread cannot be stopped: a caller that leaves must not free the budget of what still runs.
        task = asyncio.create_task(self._decode(bare, work))
        self._decoding.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    async def _decode(self, bare: Bare, work: Callable[[Bare], Pixels]) -> Pixels:
        async with self._budget.hold(bare.pixels):
            return await self._pool.run(work, bare)

    def _finished(self, task: asyncio.Task[Pixels]) -> None:
        self._decoding.discard(task)
        if not task.cancelled():
            task.exception()  # told to the caller, if there still is one


class _PixelBudget:
    """A semaphore of pixels, first come first served, so that a large picture is not passed for ever."""

    def __init__(self, pixels: int) -> None:
        self._free = pixels
        self._turn = asyncio.Lock()
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, pixels: int) -> AsyncIterator[None]:
        async with self._turn, self._freed:
            await self._freed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            async with self._freed:
                self._free += pixels
                self._freed.notify_all()


def _whole(bare: Bare) -> Pixels:
    return pixels_of(decode(bare))
