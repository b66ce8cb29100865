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

FEW = MOST - MOST_QUICK
"""Beyond so many a lane may have its share only: room is left for others."""


@dataclass(eq=False)
class _Attempt:
    lane: int
    doing: "asyncio.Future[None]"
    is_slow: bool = False
    makes_room: bool = False


class Lanes:
    """Runs attempts; which, and what becomes of them, is decided by its owner.

    Where there are as many as there may be, a lane that has less than its share takes the place of a slow
    attempt of the lane that has most: six channels in which every upload hangs would else be waited for by
    all others, until those are given up.
    """

    def __init__(self, clock: Clock, room_made: Callable[[], None]) -> None:
        """``room_made`` is called whenever another attempt may be begun."""
        self._clock = clock
        self._room_made = room_made
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._attempts: dict[int, _Attempt] = {}
        self._turned_away: set[int] = set()
        self._is_full = False

    @property
    def under_way(self) -> frozenset[int]:
        """The keys of the attempts that have not ended."""
        return frozenset(self._attempts)

    @property
    def has_room(self) -> bool:
        """Whether an attempt of some lane may begin, or be made room for."""
        if self._is_full:
            return False
        return sum(not attempt.is_slow for attempt in self._attempts.values()) < MOST_QUICK

    def begin(
        self,
        key: int,
        lane: int,
        work: Callable[[], Awaitable[None]],
        gave_way: Callable[[], Awaitable[None]],
    ) -> bool:
        """Begin ``work`` where there is room for it; say whether it was begun.

        Where ``work`` is cancelled to make room for another lane, ``gave_way`` follows it.
        """
        if key in self._attempts or not self.has_room or not self._may_have_more(lane):
            return False
        if len(self._attempts) >= MOST:
            self._turned_away.add(lane)
            self._make_room(lane)
            # Nobody else need be asked about before something has ended, or is slow.
            self._is_full = True
            return False
        self._turned_away.discard(lane)
        attempt = self._attempts[key] = _Attempt(lane, asyncio.ensure_future(work()))
        task = self._tasks[key] = asyncio.create_task(self._run(attempt, gave_way))
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

    def _may_have_more(self, lane: int) -> bool:
        of_lane = Counter(each.is_slow for each in self._attempts.values() if each.lane == lane)
        # One at a time shows whether a lane is slow still.
        most_quick = 1 if of_lane[True] else MOST_QUICK_OF_LANE
        most = MOST_OF_LANE if len(self._attempts) < FEW else self._share(lane)
        return of_lane[False] < most_quick and of_lane.total() < most

    def _share(self, lane: int) -> int:
        """Return how many a lane may have where all that have some or want some have as many."""
        lanes = {attempt.lane for attempt in self._attempts.values()} | self._turned_away | {lane}
        return min(MOST_OF_LANE, max(1, MOST // len(lanes)))

    def _make_room(self, lane: int) -> None:
        """End the latest slow attempt of the lane that has most, if that is more than its share."""
        if any(attempt.makes_room for attempt in self._attempts.values()):
            return
        [(greatest, count)] = Counter(each.lane for each in self._attempts.values()).most_common(1)
        slow = [each for each in self._attempts.values() if each.lane == greatest and each.is_slow]
        if slow and count > self._share(lane):
            slow[-1].makes_room = True
            slow[-1].doing.cancel()

    async def _run(self, attempt: _Attempt, gave_way: Callable[[], Awaitable[None]]) -> None:
        slow = asyncio.create_task(self._note_slow(attempt))
        try:
            await asyncio.wait({attempt.doing})
        finally:
            slow.cancel()
            if not attempt.doing.done():
                attempt.doing.cancel()
                await asyncio.gather(attempt.doing, return_exceptions=True)
        if attempt.makes_room and attempt.doing.cancelled():
            await gave_way()
        else:
            attempt.doing.result()

    async def _note_slow(self, attempt: _Attempt) -> None:
        await self._clock.sleep(SLOW_S)
        attempt.is_slow = True
        self._is_full = False
        self._room_made()

    def _ended(self, key: int) -> None:
        del self._attempts[key], self._tasks[key]
        self._is_full = False
        if len(self._attempts) < FEW:
            self._turned_away.clear()
        self._room_made()
