"""Whose picture is read next: fair by the time that members' pictures took, never two of one member at once.

What others wait for is a reader, so that is what is counted: whoever has held readers for the least time
lately goes first. One reader is kept for members whose pictures were quick to read: slow ones, and those of
members of whom nothing was read yet, have all the others. Whoever has been quick and sends a slow one gets no
further than that one: it no longer counts as theirs, and they no longer as quick.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kleinbot.domain.clock import Clock

HALF_LIFE_S = 60.0
"""After so long half of what somebody took is forgotten."""

QUICK_S = 1.0
"""What one picture may take and still be quick. A phone's of 12 megapixels takes a quarter of that."""

FORGIVEN_S = 0.1
"""Whoever has no more than this beyond ``QUICK_S`` left is quick again: after six minutes for one of 7 s."""

MOST_EXTRA = 2
"""So many pictures of members who were quick before may be slow without holding up others."""

MOST_REMEMBERED = 10_000
"""Members, of some 200 bytes each; whoever sent nothing for the longest time is forgotten."""


class NoPlaceError(Exception):
    """As many wait as may."""


@dataclass
class Turn:
    """One picture's time with a reader. ``waited_s`` of it were spent waiting for others.

    ``is_extra``: it began as quick and was not, so that another one may be read beside it.
    """

    is_quick: bool
    begun_s: float
    waited_s: float = 0.0
    is_slow: bool = False
    is_extra: bool = False

    def took_s(self, now_s: float) -> float:
        return max(0.0, now_s - self.begun_s - self.waited_s)


@dataclass(frozen=True)
class _Past:
    """What was known of a member at ``at_s``.

    ``used_s``: with readers; ``slow_s``: of that, what single pictures took beyond ``QUICK_S``.
    """

    at_s: float
    used_s: float = 0.0
    slow_s: float = 0.0
    has_read: bool = False

    def after(self, now_s: float) -> "_Past":
        left = 0.5 ** ((now_s - self.at_s) / HALF_LIFE_S)
        return _Past(now_s, self.used_s * left, self.slow_s * left, self.has_read)

    def with_picture(self, took_s: float, *, is_read: bool) -> "_Past":
        slow_s = self.slow_s + max(0.0, took_s - QUICK_S)
        return _Past(self.at_s, self.used_s + took_s, slow_s, self.has_read or is_read)

    @property
    def is_quick(self) -> bool:
        return self.has_read and self.slow_s <= FORGIVEN_S


class Turns:
    """``at_once`` turns at a time, one for a member, and a bounded line before them."""

    def __init__(self, at_once: int, waiting: int, clock: Clock) -> None:
        self._free = at_once
        self._free_for_all = max(1, at_once - 1)
        self._free_extra = MOST_EXTRA
        self._most_waiting = waiting
        self._clock = clock
        self._busy: dict[int, Turn] = {}
        self._waiting: list[tuple[int, asyncio.Future[Turn]]] = []
        self._pasts: dict[int, _Past] = {}

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def take(self, member_id: int) -> AsyncIterator[Turn]:
        """Wait for ``member_id``'s turn and hold it. Raises NoPlaceError where the line is full."""
        turn = await self._begin(member_id)
        is_read = False
        try:
            yield turn
            is_read = True
        finally:
            self._end(member_id, is_read=is_read)

    def note_slow(self, turn: Turn) -> None:
        """Note that a picture takes longer than ``QUICK_S``.

        Where it began as a quick one, another may be read beside it: others need not wait for its end.
        """
        turn.is_slow = True
        self._pass_slow()
        self._call(self._clock.monotonic_s())

    def _pass_slow(self) -> None:
        for turn in self._busy.values():
            if turn.is_slow and turn.is_quick and self._free_extra > 0:
                self._free_extra -= 1
                self._free += 1
                turn.is_quick, turn.is_extra = False, True

    async def _begin(self, member_id: int) -> Turn:
        if self._may(member_id, self._clock.monotonic_s()):
            return self._start(member_id)
        if len(self._waiting) >= self._most_waiting:
            raise NoPlaceError
        called: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._waiting.append((member_id, called))
        try:
            return await called
        except asyncio.CancelledError:
            if (member_id, called) in self._waiting:
                self._waiting.remove((member_id, called))
            else:  # called and cancelled in the same moment
                self._end(member_id, is_read=False)
            raise

    def _may(self, member_id: int, now_s: float) -> bool:
        if self._free == 0 or member_id in self._busy:
            return False
        return self._free_for_all > 0 or self._past(member_id, now_s).is_quick

    def _past(self, member_id: int, now_s: float) -> _Past:
        return self._pasts.get(member_id, _Past(now_s)).after(now_s)

    def _start(self, member_id: int) -> Turn:
        now_s = self._clock.monotonic_s()
        turn = self._busy[member_id] = Turn(self._past(member_id, now_s).is_quick, now_s)
        self._free -= 1
        self._free_for_all -= not turn.is_quick
        return turn

    def _end(self, member_id: int, *, is_read: bool) -> None:
        now_s = self._clock.monotonic_s()
        turn = self._busy.pop(member_id)
        if turn.is_extra:
            self._free_extra += 1
            self._pass_slow()
        else:
            self._free += 1
            self._free_for_all += not turn.is_quick
        past = self._past(member_id, now_s).with_picture(turn.took_s(now_s), is_read=is_read)
        self._pasts.pop(member_id, None)
        self._pasts[member_id] = past
        if len(self._pasts) > MOST_REMEMBERED:
            del self._pasts[next(iter(self._pasts))]
        self._call(now_s)

    def _call(self, now_s: float) -> None:
        """Give the turns that are free to those who took least; of equals, to who came first."""
        for place in sorted(self._waiting, key=lambda place: self._past(place[0], now_s).used_s):
            member_id, called = place
            if self._may(member_id, now_s):
                self._waiting.remove(place)
                turn = self._start(member_id)
                if not called.done():  # else cancelled: it ends its turn itself, in a moment
                    called.set_result(turn)
