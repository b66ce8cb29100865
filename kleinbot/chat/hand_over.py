"""Handing over: what no way could deliver is given to its member alone, at their next command."""

import functools
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import discord

from kleinbot.chat import parts
from kleinbot.chat.replies import GONE
from kleinbot.chat.results import Part, Results
from kleinbot.domain.clock import Clock, ended_within
from kleinbot.domain.job import Job
from kleinbot.domain.people import Actor
from kleinbot.store import outbox, posted
from kleinbot.store.database import Database
from kleinbot.store.ledger import Owner
from kleinbot.store.outbox import OutboxRow, Way
from kleinbot.store.posted import Origin
from kleinbot.studio.parcels import UploadLimits
from kleinbot.studio.recall import Recall
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

_AT_ONCE = 3
_EACH_S = 120.0


class HandOver:
    """Gives each kept result once, however many commands its member sends at the same time."""

    def __init__(
        self,
        database: Database,
        recall: Recall,
        results: Results,
        texts: Texts,
        clock: Clock,
        told: Callable[[Way], None],
        wake_removal: Callable[[], None],
    ) -> None:
        self._database = database
        self._recall = recall
        self._results = results
        self._texts = texts
        self._clock = clock
        self._told = told
        self._wake_removal = wake_removal
        self._busy: set[Owner] = set()

    async def to(self, interaction: discord.Interaction[Any], actor: Actor) -> None:
        """Hand over a few kept results, each by itself; one that fails stays kept and comes last next time.

        Raises discord.HTTPException where the interaction is over: then all stay kept.
        """
        owner = Owner(actor.server_id, actor.member_id)
        if owner in self._busy:
            return
        self._busy.add(owner)
        try:
            for row in await outbox.kept_for(self._database.read, owner, _AT_ONCE):
                await self._try(interaction, row)
        finally:
            self._busy.discard(owner)

    async def _try(self, interaction: discord.Interaction[Any], row: OutboxRow) -> None:
        try:
            await ended_within(self._clock, _EACH_S, self._hand_over(interaction, row))
        except sqlite3.Error:
            raise
        except Exception as error:
            if isinstance(error, discord.HTTPException) and error.code in GONE:
                raise
            _log.warning("job %s could not be handed over", row.job_id, exc_info=error)
            async with self._database.transaction() as transaction:
                await outbox.not_handed_over(transaction, row.outbox_id)

    async def _hand_over(self, interaction: discord.Interaction[Any], row: OutboxRow) -> None:
        job = await self._recall.job(row.job_id)
        if job is None or job.deleted_ms is not None:
            async with self._database.transaction() as transaction:
                await outbox.mark_unneeded(transaction, row.outbox_id, self._clock.now_ms())
            return
        there = await posted.delivered(self._database.read, job.job_id)
        message_id = min(there.values(), default=0)
        if not there:
            note = self._texts.say(job.locale, "kept-note")
            compose = functools.partial(self._results.first, job, note=note)
            message_id = await self._send(interaction, job, compose, there)
        while left := parts.left_of(job, there):
            await self._send(interaction, job, functools.partial(self._results.further, job, left), there)
        async with self._database.transaction() as transaction:
            await outbox.mark_sent(
                transaction, row.outbox_id, Way.HANDED_OVER, job.channel_id, message_id, self._clock.now_ms()
            )
        self._told(Way.HANDED_OVER)

    async def _send(
        self,
        interaction: discord.Interaction[Any],
        job: Job,
        compose: Callable[[UploadLimits], Awaitable[Part]],
        there: dict[int, int],
    ) -> int:
        async def attempt(limits: UploadLimits) -> tuple[Part, int]:
            part = await compose(limits)
            message = part.message
            sent = await interaction.followup.send(
                view=message.view, files=list(message.files), ephemeral=True, wait=True
            )
            return part, sent.id

        part, message_id = await parts.fitting(UploadLimits(interaction.filesize_limit), attempt)
        async with self._database.transaction() as transaction:
            # Not the channel of the command: who is there does not see the message, and so not the job.
            is_wanted = await posted.note(
                transaction, job.job_id, part.positions, job.channel_id, message_id, Origin.DELIVERY,
                self._clock.now_ms(),
            )  # fmt: skip
        if not is_wanted:
            self._wake_removal()
        there |= dict.fromkeys(part.positions, message_id)
        return message_id
