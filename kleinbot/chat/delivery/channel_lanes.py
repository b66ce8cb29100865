"""Attempts beside each other, in lanes: what is slow in one channel holds up no other."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kleinbot.domain.clock import Clock

SLOW_S = 5.0
"""An attempt that takes longer goes on beside the quick ones, and its place among them is free again."""

MOST_QUICK = 16
MOST_QUICK_OF_LANE = 4
MOST_OF_LANE = 8
MOST = 48
"""Quick and slow ones. Each holds the files of one message: mostly 2 MB a picture, never over 25 MiB."""


@dataclass
class _Attempt:
    lane: int
    is_slow: bool = False


class ChannelLanes:
    """Runs attempts; which, and what becomes of them, is decided by its owner."""

    def __init__(self, clock: Clock, room_made: Callable[[], None]) -> None:
        """``room_made`` is called whenever another attempt may be begun."""
        self._clock = clock
        self._room_made = room_made
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._attempts: dict[int, _Attempt] = {}

    @property
    def under_way(self) -> frozenset[int]:
        """The keys of the attempts that have not ended."""
        return frozenset(self._attempts)

    @property
    def has_room(self) -> bool:
        """Whether an attempt of some lane may begin."""
        quick = sum(not attempt.is_slow for attempt in self._attempts.values())
        return quick < MOST_QUICK and len(self._attempts) < MOST

    def begin(self, key: int, lane: int, work: Callable[[], Awaitable[None]]) -> bool:
        """Begin ``work`` where there is room for it; say whether it was begun."""
        if key in self._attempts or not self.has_room:
            return False
        of_lane = Counter(each.is_slow for each in self._attempts.values() if each.lane == lane)
        if of_lane[False] >= MOST_QUICK_OF_LANE or of_lane.total() >= MOST_OF_LANE:
            return False
        attempt = self._attempts[key] = _Attempt(lane)
        task = self._tasks[key] = asyncio.create_task(self._run(attempt, work))
        task.add_done_callback(lambda _: self._ended(key))
        return True

    async def wait(self) -> None:
        """Wait until one of those that are under way has ended."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), return_when=asyncio.FIRST_COMPLETED)

    async def abandon(self) -> None:
        """Cancel what is under way, and wait for its end."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, attempt: _Attempt, work: Callable[[], Awaitable[None]]) -> None:
        slow = asyncio.create_task(self._note_slow(attempt))
        try:
            await work()
        finally:
            slow.cancel()

    async def _note_slow(self, attempt: _Attempt) -> None:
        await self._clock.sleep(SLOW_S)
        attempt.is_slow = True
        self._room_made()

    def _ended(self, key: int) -> None:
        del self._attempts[key], self._tasks[key]
        self._room_made()
