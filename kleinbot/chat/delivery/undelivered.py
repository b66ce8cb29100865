"""Gives a result that no route could deliver to its member alone, after their next command.

A follow-up has no nonce and is in no channel's history. So a follow-up without images is sent first and
noted. Then it is edited, which may be repeated. After a lost answer or a crash, the note tells where to look.

A result may be deleted or hidden at any moment until Discord has it. So this is asked in the transaction that
notes what was sent, and the message is taken back: nobody but its member can reach it, and the bot only while
its interaction lives.
"""

import functools
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.discord_errors import GONE
from kleinbot.chat.delivery import splitting
from kleinbot.chat.delivery.messages import ResultMessage, ResultMessages
from kleinbot.domain.clock import Clock, run_within
from kleinbot.domain.job import Job
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.store.database import Database
from kleinbot.store.delivery import handovers, outbox, posted
from kleinbot.store.delivery.handovers import HandOver
from kleinbot.store.delivery.outbox import OutboxRow, Route
from kleinbot.store.delivery.posted import PostedFor
from kleinbot.texts import Texts
from kleinbot.usecases.attachments import UploadLimits
from kleinbot.usecases.job_queries import JobQueries

_log = logging.getLogger(__name__)

_AT_ONCE = 3
_EACH_S = 120.0
_TRIES = 2
"""The second try finds what the first one sent if its answer was lost."""

_MOST_UNNOTED = 50


class Undelivered:
    """Gives each undelivered result once, however many commands its member sends at the same time."""

    def __init__(
        self,
        database: Database,
        queries: JobQueries,
        results: ResultMessages,
        texts: Texts,
        clock: Clock,
        count_delivered: Callable[[Route], None],
        wake_removal: Callable[[], None],
    ) -> None:
        self._database = database
        self._queries = queries
        self._results = results
        self._texts = texts
        self._clock = clock
        self._count_delivered = count_delivered
        self._wake_removal = wake_removal
        self._busy: set[MemberKey] = set()

    async def to(self, interaction: discord.Interaction[Any], actor: Actor) -> None:
        """Give a few undelivered results, each by itself. One that fails is given last next time.

        Raises discord.HTTPException if the interaction is over: then all stay undelivered.
        """
        owner = actor.member
        if owner in self._busy:
            return
        self._busy.add(owner)
        try:
            for row in await outbox.undelivered_for(self._database.read, owner, _AT_ONCE):
                await self._try(interaction, row)
        finally:
            self._busy.discard(owner)

    async def find_sent(self, client: discord.Client) -> None:
        """Find results that an earlier process sent without noting it, while their tokens live."""
        for row in await outbox.uncertain_hand_overs(self._database.read, _MOST_UNNOTED):
            job = await self._queries.job(row.job_id)
            if job is None or (owner := job.member) in self._busy:
                continue
            self._busy.add(owner)
            try:
                there = await posted.delivered(self._database.read, job.job_id)
                message_id = await self._earlier(client, job, there)
                if message_id is not None and not splitting.left_of(job, there):
                    await self._mark_sent(row, job, message_id)
            finally:
                self._busy.discard(owner)

    async def _try(self, interaction: discord.Interaction[Any], row: OutboxRow) -> None:
        for left in reversed(range(_TRIES)):
            try:
                await run_within(self._clock, _EACH_S, self._give(interaction, row))
            except sqlite3.Error:
                raise
            except Exception as error:
                if isinstance(error, discord.HTTPException) and error.code in GONE:
                    raise
                _log.warning("job %s: its result was not delivered on command", row.job_id, exc_info=error)
                if left and not isinstance(error, discord.HTTPException):
                    continue
                async with self._database.transaction() as transaction:
                    await outbox.mark_not_handed_over(transaction, row.outbox_id)
            return

    async def _give(self, interaction: discord.Interaction[Any], row: OutboxRow) -> None:
        job = await self._queries.job(row.job_id)
        if job is None:
            await self._mark_unneeded(row)
            return
        there = await posted.delivered(self._database.read, job.job_id)
        earlier_id = await self._earlier(interaction.client, job, there)
        if job.deleted_ms is not None:
            await self._mark_unneeded(row)
            return
        message_id = min(there.values(), default=earlier_id)
        try:
            if message_id is None:
                note = self._texts.say(job.locale, "kept-note")
                compose = functools.partial(self._results.first, job, note=note)
                message_id = await self._send(interaction, job, compose, there)
            while left := splitting.left_of(job, there):
                await self._send(interaction, job, functools.partial(self._results.further, job, left), there)
        except _DeletedMeanwhileError:
            await self._mark_unneeded(row)
        else:
            await self._mark_sent(row, job, message_id)

    async def _mark_unneeded(self, row: OutboxRow) -> None:
        async with self._database.transaction() as transaction:
            await outbox.mark_unneeded(transaction, row.outbox_id, self._clock.now_ms())

    async def _mark_sent(self, row: OutboxRow, job: Job, message_id: int) -> None:
        async with self._database.transaction() as transaction:
            await outbox.mark_sent(
                transaction,
                row.outbox_id,
                Route.HANDED_OVER,
                job.channel_id,
                message_id,
                self._clock.now_ms(),
            )
        self._count_delivered(Route.HANDED_OVER)

    async def _earlier(self, client: discord.Client, job: Job, there: dict[int, int]) -> int | None:
        """Find and note the message of an earlier attempt whose answer was lost; return its id."""
        place = await handovers.of_job(self._database.read, job.job_id)
        if place is None:
            return None
        webhook = _webhook(client, place)
        try:
            is_there = _shows_a_result(await webhook.fetch_message(place.message_id))
        except discord.HTTPException as error:
            if error.code not in GONE:
                raise
            is_there = False  # or nobody can tell any more: better twice than never
        await self._note(webhook, job, place, place.positions if is_there else ())
        if not is_there:
            return None
        there |= dict.fromkeys(place.positions, place.message_id)
        return place.message_id

    async def _send(
        self,
        interaction: discord.Interaction[Any],
        job: Job,
        compose: Callable[[UploadLimits], Awaitable[ResultMessage]],
        there: dict[int, int],
    ) -> int:
        """Send one message of the result. Raises _DeletedMeanwhileError once its message is taken back."""
        soon = core_views.plain(self._texts.say(job.locale, "kept-coming", number=str(job.number)))
        message = await interaction.followup.send(view=soon, ephemeral=True, wait=True)

        async def attempt(limits: UploadLimits) -> HandOver:
            part = await compose(limits)
            place = HandOver(interaction.application_id, interaction.token, message.id, part.positions)
            async with self._database.transaction() as transaction:
                await handovers.note(transaction, job.job_id, job.server_id, place)
            if not await self._is_deleted(job):
                await interaction.followup.edit_message(
                    message.id, view=part.message.view, attachments=list(part.message.files)
                )
            return place

        place = await splitting.fitting(UploadLimits(interaction.filesize_limit), attempt)
        await self._note(interaction.followup, job, place, place.positions)
        there |= dict.fromkeys(place.positions, message.id)
        if await self._is_deleted(job):
            raise _DeletedMeanwhileError
        return message.id

    async def _is_deleted(self, job: Job) -> bool:
        found = await self._queries.job(job.job_id)
        return found is None or found.deleted_ms is not None

    async def _note(self, webhook: discord.Webhook, job: Job, place: HandOver, shown: Sequence[int]) -> None:
        """Note which images the message at ``place`` shows, now that this is certain.

        If they were deleted or hidden meanwhile, the message is taken back. Until it is, the hand-over stays
        noted, so that the next attempt finds the message.
        """
        async with self._database.transaction() as transaction:
            # Not the channel of the command: people there see neither the message nor the job.
            is_wanted = await posted.note(
                transaction, job.job_id, shown, job.channel_id, place.message_id,
                PostedFor.DELIVERY, self._clock.now_ms(),
            )  # fmt: skip
            if is_wanted:
                await handovers.forget(transaction, job.job_id)
        if not is_wanted:
            await self._take_back(webhook, job, place)
            async with self._database.transaction() as transaction:
                await handovers.forget(transaction, job.job_id)
            self._wake_removal()

    async def _take_back(self, webhook: discord.Webhook, job: Job, place: HandOver) -> None:
        """Remove the message of a deleted result; let that of a hidden one say that it is hidden."""
        try:
            if await self._is_deleted(job):
                await webhook.delete_message(place.message_id)
                return
            hidden = await self._results.again(
                job, place.positions, UploadLimits(splitting.DEFAULT_FILE_BYTES)
            )
            await webhook.edit_message(
                place.message_id, view=hidden.message.view, attachments=list(hidden.message.files)
            )
        except discord.HTTPException as error:
            if error.code not in GONE:
                raise


class _DeletedMeanwhileError(Exception):
    """The result was deleted while it was handed over; its message is gone."""


def _webhook(client: discord.Client, place: HandOver) -> discord.Webhook:
    webhook = discord.Webhook.partial(place.application_id, place.token, client=client)
    webhook.proxy = client.http.proxy  # which discord.py 2.7 forgets here
    return webhook


def _shows_a_result(message: discord.Message) -> bool:
    """Tell whether a message shows the result: before that it is one line of text."""
    return len(message.components) > 1
