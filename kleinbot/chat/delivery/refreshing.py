"""Edits messages to what their result is now: hidden, or shown again; also those that a crash has left."""

import functools
import logging
from collections.abc import Callable

import discord

from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.delivery import splitting
from kleinbot.chat.delivery.channel_lanes import MOST_QUICK_OF_LANE
from kleinbot.chat.delivery.due_rows import DueRows, growing_pause_s
from kleinbot.chat.delivery.messages import ResultMessages
from kleinbot.chat.delivery.threads import GONE_OR_OUT_OF_REACH, reopening
from kleinbot.domain.clock import MS_PER_S, Clock, run_within
from kleinbot.store.database import Database
from kleinbot.store.delivery import posted
from kleinbot.store.moderation import hidings
from kleinbot.store.moderation.hidings import DueRefresh
from kleinbot.usecases.attachments import UploadLimits
from kleinbot.usecases.job_queries import JobQueries
from kleinbot.usecases.moderation.hide import Hide

_log = logging.getLogger(__name__)

_ATTEMPT_S = 180.0
_ATTEMPTS_TAKEN = 300
"""With the growing pauses that is a day."""


class MessageRefresher:
    """Edits messages that are noted for it, and ends hidings that are over. ``run`` is its only task.

    What a message shows is decided when it is edited, so a result that is hidden and shown in turn ends as
    what it is, whatever was lost in between. ``wake`` announces new rows.
    """

    def __init__(
        self,
        database: Database,
        queries: JobQueries,
        results: ResultMessages,
        hide: Hide,
        client: Callable[[], discord.Client],
        clock: Clock,
    ) -> None:
        self._database = database
        self._queries = queries
        self._results = results
        self._hide = hide
        self._client = client
        self._clock = clock
        self._rows = DueRows("the edit of message", self._begin_due, self._next_due_ms, clock)

    def wake(self) -> None:
        self._rows.wake()

    async def run(self) -> None:
        """Edit until cancelled; a failed attempt is repeated after a growing pause."""
        await self._rows.run()

    async def _next_due_ms(self, after_ms: int) -> int | None:
        moments = (
            await hidings.next_refresh_ms(self._database.read, after_ms),
            await hidings.next_end_ms(self._database.read, after_ms),
        )
        return min((moment for moment in moments if moment is not None), default=None)

    async def _begin_due(self, now_ms: int) -> None:
        await self._hide.end_due(now_ms)
        found = await hidings.due_refreshes(
            self._database.read, now_ms, without=self._rows.busy, of_channel=MOST_QUICK_OF_LANE
        )
        for row in found:
            if not self._rows.has_room:
                return
            self._rows.begin(
                row.message_id,
                row.channel_id,
                functools.partial(self._refresh_or_postpone, row),
                functools.partial(self._postpone, row, TimeoutError("others were due")),
            )

    async def _refresh_or_postpone(self, row: DueRefresh) -> None:
        try:
            await run_within(self._clock, _ATTEMPT_S, self._refresh(row))
        except UNREACHED as error:
            await self._postpone(row, error)

    async def _refresh(self, row: DueRefresh) -> None:
        try:
            await self._edit(row)
        except discord.HTTPException as error:
            if error.code not in GONE_OR_OUT_OF_REACH and row.attempts < _ATTEMPTS_TAKEN:
                raise
            _log.info("message %d cannot be edited: %s", row.message_id, error)
        async with self._database.transaction() as transaction:
            await hidings.refreshed(transaction, row)

    async def _edit(self, row: DueRefresh) -> None:
        job = await self._queries.job(row.job_id)
        shown = await posted.shown_in(self._database.read, row.message_id)
        if job is None or job.deleted_ms is not None or not shown:  # its message is removed instead
            return
        message = self._client().get_partial_messageable(row.channel_id).get_partial_message(row.message_id)

        async def attempt(limits: UploadLimits) -> None:
            part = await self._results.again(job, shown, limits)
            await reopening(
                self._client(),
                row.channel_id,
                lambda: message.edit(view=part.message.view, attachments=list(part.message.files)),
            )

        await splitting.fitting(splitting.limits_of_channel(self._client(), row.server_id), attempt)

    async def _postpone(self, row: DueRefresh, error: Exception) -> None:
        pause_s = growing_pause_s(row.attempts)
        _log.warning("message %d was not edited, next attempt in %d s: %s", row.message_id, pause_s, error)
        async with self._database.transaction() as transaction:
            due_ms = self._clock.now_ms() + pause_s * MS_PER_S
            await hidings.postpone_refresh(transaction, row.message_id, due_ms)
