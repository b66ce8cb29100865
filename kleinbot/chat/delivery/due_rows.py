"""The loop that works through due rows: attempts in channel lanes, with pauses between attempts at a row."""

import asyncio
import functools
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Set

from kleinbot.chat.delivery.channel_lanes import ChannelLanes
from kleinbot.chat.delivery.deferred_rows import DeferredRows
from kleinbot.domain.clock import MS_PER_S, Clock, sleep_until

_log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 300
_UNNOTED_PAUSE_S = 30.0

Act = Callable[[], Awaitable[None]]


def growing_pause_s(attempts: int) -> int:
    """Return how long to wait after so many failed attempts at a row."""
    pause_s: int = min(2**attempts, LONGEST_PAUSE_S)
    return pause_s


class DueRows:
    """Looks for due rows when woken, when an attempt has ended, and when the next row becomes due."""

    def __init__(
        self,
        name: str,
        begin_due: Callable[[int], Awaitable[None]],
        next_due_ms: Callable[[int], Awaitable[int | None]],
        clock: Clock,
    ) -> None:
        """``name``: what an attempt is called in the log.

        ``begin_due`` begins the attempts at what is due at a moment. ``next_due_ms`` says when a row becomes
        due after it. Both get the moment in epoch milliseconds.
        """
        self._name = name
        self._begin_due = begin_due
        self._next_due_ms = next_due_ms
        self._clock = clock
        self._woken = asyncio.Event()
        self._lanes = ChannelLanes(clock, self.wake)
        self._deferred = DeferredRows(clock)

    @property
    def has_room(self) -> bool:
        """Whether an attempt in some lane may begin."""
        return self._lanes.has_room

    @property
    def busy(self) -> Set[int]:
        """The rows that are under way or deferred: no attempt at them may begin."""
        return self._lanes.under_way | self._deferred.keys()

    def wake(self) -> None:
        """Look for due rows soon."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                self._woken.clear()
                now_ms = self._clock.now_ms()
                await self._begin_due(now_ms)
                await self._wait(now_ms)
        finally:
            await self._lanes.abandon()

    async def drain(self) -> None:
        """Attempt everything that is due now, and wait for what is under way."""
        await self._begin_due(self._clock.now_ms())
        while self._lanes.under_way:
            await self._lanes.wait()
            await self._begin_due(self._clock.now_ms())

    def begin(self, key: int, lane: int, attempt: Act, postpone: Act) -> None:
        """Begin an attempt if its lane has room; ``postpone`` follows if it has to make room for others."""
        noted = functools.partial(self._noted, key)
        self._lanes.begin(key, lane, functools.partial(noted, attempt), functools.partial(noted, postpone))

    async def _noted(self, key: int, act: Act) -> None:
        try:
            await act()
        except sqlite3.Error as error:
            # Discord may have done it, but that cannot be noted: better late than again and again.
            _log.error("%s %d could not be noted: %s", self._name, key, error)
            self._deferred.hold(key, _UNNOTED_PAUSE_S)

    async def _wait(self, looked_ms: int) -> None:
        due_ms = await self._next_due_ms(looked_ms)
        moments = [looked_ms + LONGEST_PAUSE_S * MS_PER_S]
        if due_ms is not None:
            moments.append(due_ms)
        pause_s = min(max(0, min(moments) - self._clock.now_ms()) / MS_PER_S, self._deferred.next_s())
        await sleep_until(self._woken, self._clock, pause_s)
