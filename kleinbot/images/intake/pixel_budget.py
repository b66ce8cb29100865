"""Bounds the pixels that are decoded at a time, over all processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(eq=False)
class _Waiter:
    """A waiting caller. ``from_reserved``: once granted, whether the pixels are from the reserved part."""

    pixels: int
    is_quick: bool
    granted: "asyncio.Future[None]"
    from_reserved: bool = False


class PixelBudget:
    """A semaphore of pixels, first come, first served, so that large pictures do not starve.

    ``reserved`` pixels are for quick members (see ``reading_order``), who also go first in the shared part,
    so that slow large pictures do not hold up ordinary ones.
    """

    def __init__(self, shared: int, reserved: int) -> None:
        self._shared = shared
        self._reserved = reserved
        self._waiting: list[_Waiter] = []

    @property
    def free(self) -> int:
        return self._shared + self._reserved

    @asynccontextmanager
    async def hold(self, pixels: int, *, is_quick: bool) -> AsyncIterator[None]:
        """Wait for ``pixels``, at most as many as are shared, and hold them."""
        waiter = _Waiter(pixels, is_quick, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._grant()
        try:
            await waiter.granted
            yield
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter.from_reserved:
                self._reserved += pixels
            else:
                self._shared += pixels
            self._grant()

    def _grant(self) -> None:
        others_wait = False
        for waiter in sorted(self._waiting, key=lambda waiter: not waiter.is_quick):
            waiter.from_reserved = waiter.is_quick and waiter.pixels <= self._reserved
            if waiter.from_reserved:
                self._reserved -= waiter.pixels
            elif waiter.pixels <= self._shared and not others_wait:
                self._shared -= waiter.pixels
            else:
                others_wait = True
                continue
            self._waiting.remove(waiter)
            if not waiter.granted.done():  # a cancelled waiter gives its pixels back itself
                waiter.granted.set_result(None)
