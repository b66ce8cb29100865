"""How many pixels are decoded at a time, over all processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(eq=False)
class _Place:
    """Somebody who waits, and once called, whether what is kept was given."""

    pixels: int
    is_quick: bool
    called: "asyncio.Future[None]"
    of_kept: bool = False


class PixelBudget:
    """A semaphore of pixels, first come first served, so that a large picture is not passed for ever.

    ``kept`` of them are for quick members (see ``images.turns``), who also go first in the rest: slow large
    pictures do not hold up a usual one.
    """

    def __init__(self, shared: int, kept: int) -> None:
        self._shared = shared
        self._kept = kept
        self._waiting: list[_Place] = []

    @property
    def free(self) -> int:
        return self._shared + self._kept

    @asynccontextmanager
    async def hold(self, pixels: int, *, is_quick: bool) -> AsyncIterator[None]:
        """Wait for room for ``pixels``, at most as many as are shared, and hold it."""
        place = _Place(pixels, is_quick, asyncio.get_running_loop().create_future())
        self._waiting.append(place)
        self._call()
        try:
            await place.called
            yield
        finally:
            if place in self._waiting:
                self._waiting.remove(place)
            elif place.of_kept:
                self._kept += pixels
            else:
                self._shared += pixels
            self._call()

    def _call(self) -> None:
        somebody_waits = False
        for place in sorted(self._waiting, key=lambda place: not place.is_quick):
            place.of_kept = place.is_quick and place.pixels <= self._kept
            if place.of_kept:
                self._kept -= place.pixels
            elif place.pixels <= self._shared and not somebody_waits:
                self._shared -= place.pixels
            else:
                somebody_waits = True
                continue
            self._waiting.remove(place)
            if not place.called.done():  # else cancelled: it gives back itself, in a moment
                place.called.set_result(None)
