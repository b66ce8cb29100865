"""Who is read next: in order, but never two pictures of one member at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class NoPlaceError(Exception):
    """As many wait as may."""


class ReadingOrder:
    """``at_once`` turns at a time, one for a member, and a bounded line before them.

    Whoever sends files that take long holds up one turn only, however many they send.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = at_once
        self._most_waiting = waiting
        self._busy: set[int] = set()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def take(self, member_id: int) -> AsyncIterator[None]:
        """Wait for ``member_id``'s turn and hold it. Raises NoPlaceError where the line is full."""
        await self._begin(member_id)
        try:
            yield
        finally:
            self._end(member_id)

    async def _begin(self, member_id: int) -> None:
        if self._may(member_id):
            self._start(member_id)
            return
        if len(self._waiting) >= self._most_waiting:
            raise NoPlaceError
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((member_id, called))
        try:
            await called
        except asyncio.CancelledError:
            if (member_id, called) in self._waiting:
                self._waiting.remove((member_id, called))
            else:  # called and cancelled in the same moment
                self._end(member_id)
            raise

    def _may(self, member_id: int) -> bool:
        return self._free > 0 and member_id not in self._busy

    def _start(self, member_id: int) -> None:
        self._free -= 1
        self._busy.add(member_id)

    def _end(self, member_id: int) -> None:
        self._free += 1
        self._busy.discard(member_id)
        for place in list(self._waiting):
            waiting_id, called = place
            if self._may(waiting_id):
                self._waiting.remove(place)
                self._start(waiting_id)
                if not called.done():  # else cancelled: it ends its turn itself, in a moment
                    called.set_result(None)
