"""Removes the messages of deleted results from Discord, including those that a crash has left."""

import functools
import logging
from collections.abc import Callable

import discord

from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.delivery.channel_lanes import MOST_QUICK_OF_LANE
from kleinbot.chat.delivery.due_rows import DueRows, growing_pause_s
from kleinbot.chat.delivery.threads import GONE_OR_OUT_OF_REACH, reopening
from kleinbot.domain.clock import MS_PER_S, Clock, run_within
from kleinbot.store.database import Database
from kleinbot.store.delivery import posted
from kleinbot.store.delivery.posted import DueRemoval

_log = logging.getLogger(__name__)

_ATTEMPT_S = 60.0
_ATTEMPTS_TAKEN = 300
"""With the growing pauses that is a day."""


class MessageRemover:
    """Removes messages that are noted for it. ``run`` is its only task; ``wake`` announces new ones."""

    def __init__(self, database: Database, client: Callable[[], discord.Client], clock: Clock) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        next_due_ms = functools.partial(posted.next_removal_ms, database.read)
        self._rows = DueRows("the removal of message", self._begin_due, next_due_ms, clock)

    def wake(self) -> None:
        self._rows.wake()

    async def run(self) -> None:
        """Remove until cancelled; a failed attempt is repeated after a growing pause."""
        await self._rows.run()

    async def _begin_due(self, now_ms: int) -> None:
        found = await posted.due_removals(
            self._database.read, now_ms, without=self._rows.busy, of_channel=MOST_QUICK_OF_LANE
        )
        for row in found:
            if not self._rows.has_room:
                return
            self._rows.begin(
                row.message_id,
                row.channel_id,
                functools.partial(self._remove_or_postpone, row),
                functools.partial(self._postpone, row, TimeoutError("others were due")),
            )

    async def _remove_or_postpone(self, row: DueRemoval) -> None:
        try:
            await run_within(self._clock, _ATTEMPT_S, self._remove(row))
        except UNREACHED as error:
            await self._postpone(row, error)

    async def _remove(self, row: DueRemoval) -> None:
        try:
            await self._delete(row)
        except discord.HTTPException as error:
            if error.code not in GONE_OR_OUT_OF_REACH and row.attempts < _ATTEMPTS_TAKEN:
                raise
            _log.info("message %d cannot be removed: %s", row.message_id, error)
        async with self._database.transaction() as transaction:
            await posted.removed(transaction, row.message_id)

    async def _delete(self, row: DueRemoval) -> None:
        """Delete the message. Raises discord.HTTPException."""
        message = self._client().get_partial_messageable(row.channel_id).get_partial_message(row.message_id)
        await reopening(self._client(), row.channel_id, message.delete)

    async def _postpone(self, row: DueRemoval, error: Exception) -> None:
        pause_s = growing_pause_s(row.attempts)
        _log.warning("message %d was not removed, next attempt in %d s: %s", row.message_id, pause_s, error)
        async with self._database.transaction() as transaction:
            due_ms = self._clock.now_ms() + pause_s * MS_PER_S
            await posted.postpone_removal(transaction, row.message_id, due_ms)
