"""Runs attempts concurrently, in one lane for each channel: a slow channel does not delay the others."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kleinbot.domain.clock import Clock

SLOW_S = 5.0
"""An attempt that takes longer counts as slow: it continues, and frees its place among the quick ones."""

MOST_QUICK = 16
MOST_QUICK_OF_LANE = 4
MOST_OF_LANE = 8
MOST = 48
"""Quick and slow together. Each holds the files of one message: mostly 2 MB an image, never over 25 MiB."""

FEW = MOST - MOST_QUICK
"""From this many attempts on, a lane may have only its share, to leave room for others."""


@dataclass(eq=False)
class _Attempt:
    lane: int
    doing: "asyncio.Future[None]"
    is_slow: bool = False
    makes_room: bool = False


class ChannelLanes:
    """Runs attempts; its owner decides which, and handles their outcome.

    When all places are taken, a lane that has less than its share replaces a slow attempt of the lane that
    has the most. Otherwise six channels in which every upload hangs would block all others until they time
    out.
    """

    def __init__(self, clock: Clock, on_room: Callable[[], None]) -> None:
        """``on_room`` is called whenever another attempt may begin."""
        self._clock = clock
        self._on_room = on_room
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._attempts: dict[int, _Attempt] = {}
        self._turned_away: set[int] = set()
        self._is_full = False

    @property
    def under_way(self) -> frozenset[int]:
        """The keys of the attempts in progress."""
        return frozenset(self._attempts)

    @property
    def has_room(self) -> bool:
        """Whether an attempt of some lane may begin, or may replace another one."""
        if self._is_full:
            return False
        return sum(not attempt.is_slow for attempt in self._attempts.values()) < MOST_QUICK

    def begin(
        self,
        key: int,
        lane: int,
        work: Callable[[], Awaitable[None]],
        on_replaced: Callable[[], Awaitable[None]],
    ) -> bool:
        """Begin ``work`` if there is room for it, and return whether it was begun.

        If ``work`` is cancelled to make room for another lane, ``on_replaced`` is called.
        """
        if key in self._attempts or not self.has_room or not self._may_have_more(lane):
            return False
        if len(self._attempts) >= MOST:
            self._turned_away.add(lane)
            self._make_room(lane)
            # No other lane needs to be considered before an attempt has ended, or is slow.
            self._is_full = True
            return False
        self._turned_away.discard(lane)
        attempt = self._attempts[key] = _Attempt(lane, asyncio.ensure_future(work()))
        task = self._tasks[key] = asyncio.create_task(self._run(attempt, on_replaced))
        task.add_done_callback(lambda _: self._ended(key))
        return True

    async def wait(self) -> None:
        """Wait until an attempt in progress has ended."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), return_when=asyncio.FIRST_COMPLETED)

    async def abandon(self) -> None:
        """Cancel all attempts, and wait for their end."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _may_have_more(self, lane: int) -> bool:
        of_lane = Counter(each.is_slow for each in self._attempts.values() if each.lane == lane)
        # A lane with slow attempts gets one quick attempt at a time, to see whether it is still slow.
        most_quick = 1 if of_lane[True] else MOST_QUICK_OF_LANE
        most = MOST_OF_LANE if len(self._attempts) < FEW else self._share(lane)
        return of_lane[False] < most_quick and of_lane.total() < most

    def _share(self, lane: int) -> int:
        """Return a lane's share: all places, divided equally among the lanes that need some."""
        lanes = {attempt.lane for attempt in self._attempts.values()} | self._turned_away | {lane}
        return min(MOST_OF_LANE, max(1, MOST // len(lanes)))

    def _make_room(self, lane: int) -> None:
        """Cancel the latest slow attempt of the lane that has the most, if it has more than its share."""
        if any(attempt.makes_room for attempt in self._attempts.values()):
            return
        [(greatest, count)] = Counter(each.lane for each in self._attempts.values()).most_common(1)
        slow = [each for each in self._attempts.values() if each.lane == greatest and each.is_slow]
        if slow and count > self._share(lane):
            slow[-1].makes_room = True
            slow[-1].doing.cancel()

    async def _run(self, attempt: _Attempt, on_replaced: Callable[[], Awaitable[None]]) -> None:
        slow = asyncio.create_task(self._note_slow(attempt))
        try:
            await asyncio.wait({attempt.doing})
        finally:
            slow.cancel()
            if not attempt.doing.done():
                attempt.doing.cancel()
                await asyncio.gather(attempt.doing, return_exceptions=True)
        if attempt.makes_room and attempt.doing.cancelled():
            await on_replaced()
        else:
            attempt.doing.result()

    async def _note_slow(self, attempt: _Attempt) -> None:
        await self._clock.sleep(SLOW_S)
        attempt.is_slow = True
        self._is_full = False
        self._on_room()

    def _ended(self, key: int) -> None:
        del self._attempts[key], self._tasks[key]
        self._is_full = False
        if len(self._attempts) < FEW:
            self._turned_away.clear()
        self._on_room()
