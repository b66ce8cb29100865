"""Posts reported pictures in moderators' channels, each once, and keeps the posts up to date.

As with results, a post carries a nonce, and before it is repeated the channel is searched for the case's
buttons, because Discord forgets a nonce within minutes. An edit may be repeated.
"""

import functools
import logging
from collections.abc import Awaitable, Callable

import discord

from kleinbot.chat.core.buttons import custom_ids
from kleinbot.chat.core.clock_skew import ClockSkew, snowflake_of
from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.core.views import MessageContent
from kleinbot.chat.delivery import channel_history, splitting
from kleinbot.chat.delivery.due_rows import DueRows, growing_pause_s
from kleinbot.chat.delivery.threads import GONE_OR_OUT_OF_REACH, reopening
from kleinbot.chat.moderation import case_views
from kleinbot.chat.moderation.buttons import CaseActionButton
from kleinbot.domain.clock import MS_PER_S, Clock, run_within
from kleinbot.domain.job import Job
from kleinbot.domain.moderation.reports import CaseAction, ReportCase
from kleinbot.store.database import Database
from kleinbot.store.delivery import posted
from kleinbot.store.members import settings
from kleinbot.store.moderation import case_posts, cases, hidings
from kleinbot.store.moderation.case_posts import DuePost
from kleinbot.texts import FALLBACK, Texts
from kleinbot.usecases.attachments import Attachments, UploadLimits
from kleinbot.usecases.job_queries import JobQueries

_log = logging.getLogger(__name__)

_ATTEMPT_S = 120.0
_ATTEMPTS_TAKEN = 300
"""With the growing pauses that is a day."""

_AT_ONCE = 16
_Compose = Callable[[UploadLimits], Awaitable[MessageContent]]
_MARGIN_MS = 30 * MS_PER_S
"""A search for a sent post begins this long before its mark: the skew is known to seconds."""


class CasePoster:
    """Sends and edits posts that are due. ``run`` is its only task; ``wake`` announces new ones."""

    def __init__(
        self,
        database: Database,
        queries: JobQueries,
        attachments: Attachments,
        texts: Texts,
        client: Callable[[], discord.Client],
        clock: Clock,
        skew: ClockSkew,
    ) -> None:
        self._database = database
        self._queries = queries
        self._attachments = attachments
        self._texts = texts
        self._client = client
        self._clock = clock
        self._skew = skew
        next_due_ms = functools.partial(case_posts.next_due_ms, database.read)
        self._rows = DueRows("the post of case", self._begin_due, next_due_ms, clock)

    def wake(self) -> None:
        self._rows.wake()

    async def run(self) -> None:
        """Post until cancelled; a failed attempt is repeated after a growing pause."""
        await self._rows.run()

    async def content(self, found: ReportCase, job: Job, locale: str, limits: UploadLimits) -> MessageContent:
        """Return what shows a case: to all moderators, or to one who asked.

        What is reported as sexual with a minor is not posted again, to whomever: if the report is right, that
        would be one more copy, on Discord's servers and before more eyes.
        """
        wanted = {report.position for report in found.reports}
        images = (
            []
            if job.deleted_ms is not None or found.is_about_minor
            else [image for image in job.done_images if image.key.position in wanted]
        )
        pictures = await self._attachments.together(images, limits)
        hiding = await hidings.of_job(self._database.read, job.job_id)
        there = await posted.delivered(self._database.read, job.job_id)
        message_id = min(there.values(), default=None)
        return case_views.case(self._texts, locale, found, job, hiding, pictures, message_id)

    async def _begin_due(self, now_ms: int) -> None:
        found = await case_posts.due(self._database.read, now_ms, without=self._rows.busy, most=_AT_ONCE)
        for row in found:
            if not self._rows.has_room:
                return
            self._rows.begin(
                row.case_id,
                row.server_id,
                functools.partial(self._post_or_postpone, row),
                functools.partial(self._postpone, row, TimeoutError("others were due")),
            )

    async def _post_or_postpone(self, row: DuePost) -> None:
        try:
            await run_within(self._clock, _ATTEMPT_S, self._post(row))
        except UNREACHED as error:
            await self._postpone(row, error)

    async def _post(self, row: DuePost) -> None:
        try:
            await self._send_or_edit(row)
        except discord.HTTPException as error:
            if error.code not in GONE_OR_OUT_OF_REACH and row.attempts < _ATTEMPTS_TAKEN:
                raise
            _log.warning("case %d stands in no channel: %s", row.case_id, error)
            async with self._database.transaction() as transaction:
                await case_posts.mark_unposted(transaction, row.case_id)

    async def _send_or_edit(self, row: DuePost) -> None:
        found = await cases.by_id(self._database.read, row.case_id)
        job = None if found is None else await self._queries.job(found.job_id)
        chosen = await settings.of_server(self._database.read, row.server_id)
        channel_id = chosen.moderators_channel_id if row.channel_id is None else row.channel_id
        if found is None or job is None or channel_id is None:
            async with self._database.transaction() as transaction:
                await case_posts.mark_unposted(transaction, row.case_id)
            return
        message_id = row.message_id
        if message_id is None and row.is_posting:
            from_id = row.after_id or snowflake_of(found.opened_ms - _MARGIN_MS)
            message_id = await self._sent_before(row, channel_id, from_id)
        compose = functools.partial(self.content, found, job, chosen.locale or FALLBACK)
        limits = splitting.limits_of_channel(self._client(), row.server_id)
        if message_id is None:
            async with self._database.transaction() as transaction:
                after_id = self._skew.snowflake(self._clock.now_ms() - _MARGIN_MS)
                await case_posts.mark_posting(transaction, row.case_id, channel_id, after_id)
            message_id = await splitting.fitting(
                limits, functools.partial(self._send, row, channel_id, compose)
            )
        else:
            await splitting.fitting(limits, functools.partial(self._edit, channel_id, message_id, compose))
        async with self._database.transaction() as transaction:
            await case_posts.mark_posted(transaction, row, channel_id, message_id)

    async def _send(self, row: DuePost, channel_id: int, compose: _Compose, limits: UploadLimits) -> int:
        content = await compose(limits)
        channel = self._client().get_partial_messageable(channel_id, guild_id=row.server_id)
        nonce = f"case{row.case_id}"
        sent = await channel.send(view=content.view, files=list(content.files), nonce=nonce)
        return sent.id

    async def _edit(self, channel_id: int, message_id: int, compose: _Compose, limits: UploadLimits) -> None:
        content = await compose(limits)
        message = self._client().get_partial_messageable(channel_id).get_partial_message(message_id)
        await reopening(
            self._client(),
            channel_id,
            lambda: message.edit(view=content.view, attachments=list(content.files)),
        )

    async def _sent_before(self, row: DuePost, channel_id: int, from_id: int) -> int | None:
        """Return the message that an earlier process sent and did not note, or None."""
        wanted = CaseActionButton(row.case_id, CaseAction.WARN).custom_id
        channel = self._client().get_partial_messageable(channel_id, guild_id=row.server_id)
        async for message in channel_history.since(channel, from_id):
            if message.author == self._client().user and wanted in custom_ids(message):
                return message.id
        return None

    async def _postpone(self, row: DuePost, error: Exception) -> None:
        pause_s = growing_pause_s(row.attempts)
        _log.warning("case %d was not posted, next attempt in %d s: %s", row.case_id, pause_s, error)
        async with self._database.transaction() as transaction:
            due_ms = self._clock.now_ms() + pause_s * MS_PER_S
            await case_posts.postpone(transaction, row.case_id, due_ms)
