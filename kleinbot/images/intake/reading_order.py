"""The order of reading: fair by the time that members' pictures took, and never two of one member at once.

Readers are the scarce resource, so the member who recently used them for the least time goes first. One
reader is reserved for members whose pictures were quick to read; slow members and new members share the
others. A quick member who sends a slow picture gains nothing beyond it: it releases the reserved reader, and
the member no longer counts as quick.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kleinbot.domain.clock import Clock

HALF_LIFE_S = 60.0
"""The half-life of a member's usage."""

QUICK_S = 1.0
"""The most time of a quick picture. A phone's 12-megapixel picture takes a quarter of it."""

FORGIVEN_S = 0.1
"""A member with at most this much usage beyond ``QUICK_S`` is quick again: six minutes after one of 7 s."""

MOST_EXTRA = 2
"""The number of pictures of formerly quick members that may be slow without holding up others."""

MOST_REMEMBERED = 10_000
"""Members, at about 200 bytes each. The least recently active member is forgotten first."""


class ReadingQueueFullError(Exception):
    """The waiting list is full."""


@dataclass
class ReaderTurn:
    """One picture's use of a reader. ``waited_s``: the part spent waiting for others.

    ``is_extra``: it started as quick but was slow, so another picture may be read beside it.
    """

    is_quick: bool
    begun_s: float
    waited_s: float = 0.0
    is_slow: bool = False
    is_extra: bool = False

    def took_s(self, now_s: float) -> float:
        return max(0.0, now_s - self.begun_s - self.waited_s)


@dataclass(frozen=True)
class _Usage:
    """A member's usage at ``at_s``.

    ``used_s``: time with readers. ``slow_s``: the part that single pictures took beyond ``QUICK_S``.
    """

    at_s: float
    used_s: float = 0.0
    slow_s: float = 0.0
    has_read: bool = False

    def after(self, now_s: float) -> "_Usage":
        left = 0.5 ** ((now_s - self.at_s) / HALF_LIFE_S)
        return _Usage(now_s, self.used_s * left, self.slow_s * left, self.has_read)

    def with_picture(self, took_s: float, *, is_read: bool) -> "_Usage":
        slow_s = self.slow_s + max(0.0, took_s - QUICK_S)
        return _Usage(self.at_s, self.used_s + took_s, slow_s, self.has_read or is_read)

    @property
    def is_quick(self) -> bool:
        return self.has_read and self.slow_s <= FORGIVEN_S


class ReadingOrder:
    """Runs ``at_once`` turns at a time, one per member, with a bounded waiting list."""

    def __init__(self, at_once: int, waiting: int, clock: Clock) -> None:
        self._free = at_once
        self._free_for_all = max(1, at_once - 1)
        self._free_extra = MOST_EXTRA
        self._most_waiting = waiting
        self._clock = clock
        self._busy: dict[int, ReaderTurn] = {}
        self._waiting: list[tuple[int, asyncio.Future[ReaderTurn]]] = []
        self._usages: dict[int, _Usage] = {}

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def take(self, member_id: int) -> AsyncIterator[ReaderTurn]:
        """Wait for ``member_id``'s turn and hold it. Raises ReadingQueueFullError if the list is full."""
        turn = await self._begin(member_id)
        is_read = False
        try:
            yield turn
            is_read = True
        finally:
            self._end(member_id, is_read=is_read)

    def note_slow(self, turn: ReaderTurn) -> None:
        """Record that a picture takes longer than ``QUICK_S``.

        If it started as quick, another picture may be read beside it, so others need not wait for its end.
        """
        turn.is_slow = True
        self._reclassify_slow()
        self._grant(self._clock.monotonic_s())

    def _reclassify_slow(self) -> None:
        for turn in self._busy.values():
            if turn.is_slow and turn.is_quick and self._free_extra > 0:
                self._free_extra -= 1
                self._free += 1
                turn.is_quick, turn.is_extra = False, True

    async def _begin(self, member_id: int) -> ReaderTurn:
        if self._may(member_id, self._clock.monotonic_s()):
            return self._start(member_id)
        if len(self._waiting) >= self._most_waiting:
            raise ReadingQueueFullError
        granted: asyncio.Future[ReaderTurn] = asyncio.get_running_loop().create_future()
        self._waiting.append((member_id, granted))
        try:
            return await granted
        except asyncio.CancelledError:
            if (member_id, granted) in self._waiting:
                self._waiting.remove((member_id, granted))
            else:  # granted and cancelled at the same moment
                self._end(member_id, is_read=False)
            raise

    def _may(self, member_id: int, now_s: float) -> bool:
        if self._free == 0 or member_id in self._busy:
            return False
        return self._free_for_all > 0 or self._usage_of(member_id, now_s).is_quick

    def _usage_of(self, member_id: int, now_s: float) -> _Usage:
        return self._usages.get(member_id, _Usage(now_s)).after(now_s)

    def _start(self, member_id: int) -> ReaderTurn:
        now_s = self._clock.monotonic_s()
        turn = self._busy[member_id] = ReaderTurn(self._usage_of(member_id, now_s).is_quick, now_s)
        self._free -= 1
        self._free_for_all -= not turn.is_quick
        return turn

    def _end(self, member_id: int, *, is_read: bool) -> None:
        now_s = self._clock.monotonic_s()
        turn = self._busy.pop(member_id)
        if turn.is_extra:
            self._free_extra += 1
            self._reclassify_slow()
        else:
            self._free += 1
            self._free_for_all += not turn.is_quick
        usage = self._usage_of(member_id, now_s).with_picture(turn.took_s(now_s), is_read=is_read)
        self._usages.pop(member_id, None)
        self._usages[member_id] = usage
        if len(self._usages) > MOST_REMEMBERED:
            del self._usages[next(iter(self._usages))]
        self._grant(now_s)

    def _grant(self, now_s: float) -> None:
        """Give free turns to the members with the least usage, ties in order of arrival."""
        for place in sorted(self._waiting, key=lambda place: self._usage_of(place[0], now_s).used_s):
            member_id, granted = place
            if self._may(member_id, now_s):
                self._waiting.remove(place)
                turn = self._start(member_id)
                if not granted.done():  # a cancelled caller ends its turn itself
                    granted.set_result(turn)
