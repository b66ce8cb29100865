"""Removal: takes the messages of deleted results out of Discord, also those a crash has left."""

import asyncio
import functools
import logging
import sqlite3
from collections.abc import Awaitable, Callable

import discord

from kleinbot.chat.held_back import HeldBack
from kleinbot.chat.lanes import MOST_QUICK_OF_LANE, Lanes
from kleinbot.chat.replies import UNREACHED
from kleinbot.domain.clock import MS_PER_S, Clock, ended_within, sleep_until
from kleinbot.store import posted
from kleinbot.store.database import Database
from kleinbot.store.posted import Removal as Row

_log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 300
_ATTEMPT_S = 60.0
_UNNOTED_PAUSE_S = 30.0
_ATTEMPTS_TAKEN = 300
"""With the growing pauses that is a day."""

_THREAD_ARCHIVED = 50083
_GONE_OR_OUT_OF_REACH = {10003, 10008, 50001, 50013, _THREAD_ARCHIVED, 160005}
"""Unknown channel, unknown message, no access, no permission, archived or locked thread."""


class Removal:
    """Owns the list of messages to be removed. ``run`` is its only task; ``wake`` tells it of new ones."""

    def __init__(self, database: Database, client: Callable[[], discord.Client], clock: Clock) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._woken = asyncio.Event()
        self._lanes = Lanes(clock, self.wake)
        self._held = HeldBack(clock)

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Remove until cancelled; a failed attempt is tried again after a growing pause."""
        try:
            while True:
                self._woken.clear()
                now_ms = self._clock.now_ms()
                await self._begin_due(now_ms)
                await self._wait(now_ms)
        finally:
            await self._lanes.abandon()

    async def _begin_due(self, now_ms: int) -> None:
        found = await posted.due_removals(
            self._database.read,
            now_ms,
            without=self._lanes.under_way | self._held.keys(),
            of_channel=MOST_QUICK_OF_LANE,
        )
        for row in found:
            if not self._lanes.has_room:
                return
            self._lanes.begin(
                row.message_id,
                row.channel_id,
                functools.partial(self._noted, row, self._remove_or_postpone),
                functools.partial(self._noted, row, self._give_way),
            )

    async def _give_way(self, row: Row) -> None:
        await self._postpone(row, TimeoutError("others were due"))

    async def _noted(self, row: Row, act: Callable[[Row], Awaitable[None]]) -> None:
        try:
            await act(row)
        except sqlite3.Error as error:
            # The message may have gone, but that cannot be noted: better late than again and again.
            _log.error("the removal of message %d could not be noted: %s", row.message_id, error)
            self._held.hold(row.message_id, _UNNOTED_PAUSE_S)

    async def _remove_or_postpone(self, row: Row) -> None:
        try:
            await ended_within(self._clock, _ATTEMPT_S, self._remove(row))
        except UNREACHED as error:
            await self._postpone(row, error)

    async def _remove(self, row: Row) -> None:
        try:
            await self._delete(row)
        except discord.HTTPException as error:
            if error.code not in _GONE_OR_OUT_OF_REACH and row.attempts < _ATTEMPTS_TAKEN:
                raise
            _log.info("message %d cannot be removed: %s", row.message_id, error)
        async with self._database.transaction() as transaction:
            await posted.removed(transaction, row.message_id)

    async def _delete(self, row: Row) -> None:
        """Delete the message, also where its thread was archived meanwhile. Raises discord.HTTPException."""
        channel = self._client().get_partial_messageable(row.channel_id)
        message = channel.get_partial_message(row.message_id)
        try:
            await message.delete()
        except discord.HTTPException as error:
            if error.code != _THREAD_ARCHIVED:
                raise
            thread = await self._client().fetch_channel(row.channel_id)
            if not isinstance(thread, discord.Thread) or thread.locked:
                raise
            # Whoever may write may end the archive of a thread that is not locked (Modify Channel).
            await thread.edit(archived=False)
            await message.delete()

    async def _postpone(self, row: Row, error: Exception) -> None:
        pause_s = min(2**row.attempts, _LONGEST_PAUSE_S)
        _log.warning("message %d was not removed, next attempt in %d s: %s", row.message_id, pause_s, error)
        async with self._database.transaction() as transaction:
            due_ms = self._clock.now_ms() + pause_s * MS_PER_S
            await posted.postpone_removal(transaction, row.message_id, due_ms)

    async def _wait(self, looked_ms: int) -> None:
        due_ms = await posted.next_removal_ms(self._database.read, looked_ms)
        moments = [looked_ms + _LONGEST_PAUSE_S * MS_PER_S]
        if due_ms is not None:
            moments.append(due_ms)
        pause_s = min(max(0, min(moments) - self._clock.now_ms()) / MS_PER_S, self._held.next_s())
        await sleep_until(self._woken, self._clock, pause_s)
