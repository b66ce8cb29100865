"""Delivery: drains the outbox until every ended job has been told, each once.

The ways, in this order: an edit of the first response while its token lives; a channel message, never for
private results; and where neither is open the result is kept and handed over at the member's next command.
An edit may safely be repeated. A channel message carries a nonce, so that a repeat is the same message.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import discord

from kleinbot.chat import layouts
from kleinbot.chat.board import Board
from kleinbot.chat.layouts import Message
from kleinbot.chat.replies import Replies
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.job import Job, JobState, ReplyAddress
from kleinbot.domain.people import Actor
from kleinbot.store import outbox
from kleinbot.store.database import Database
from kleinbot.store.ledger import Owner
from kleinbot.store.outbox import OutboxRow, OutboxState, Way
from kleinbot.studio.recall import Recall
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

TOKEN_MARGIN_MS = 60 * MS_PER_S
"""How long before its token dies a reply is no longer tried."""

_LONGEST_PAUSE_S = 300
_AT_ONCE = 4
_HANDED_OVER_AT_ONCE = 3
_LOOKED_BACK_MESSAGES = 50
_MESSAGE_GONE = 10008
_TOKEN_GONE = {10015, 10062, 50027}
_CHANNEL_CLOSED = {10003, 50001, 50013, 50083, 160005}
"""Unknown channel, no access, no permission, archived thread, locked thread."""


class _Closed(Exception):  # noqa: N818 - an outcome of trying a way
    """A way is not open, now and for good."""


class Delivery:
    """Owns the outbox. ``run`` is its only task; ``wake`` tells it that a row was added."""

    def __init__(
        self,
        database: Database,
        recall: Recall,
        board: Board,
        replies: Replies,
        client: Callable[[], discord.Client],
        texts: Texts,
        clock: Clock,
        faults: Faults,
        model_note: Callable[[str], str | None],
    ) -> None:
        self._database = database
        self._recall = recall
        self._board = board
        self._replies = replies
        self._client = client
        self._texts = texts
        self._clock = clock
        self._faults = faults
        self._model_note = model_note
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled; a failed attempt is tried again after a growing pause."""
        while True:
            self._woken.clear()
            await self.drain()
            await self._wait()

    async def drain(self) -> None:
        """Tell everything that is due now, a few at a time."""
        gate = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for row in await outbox.due(self._database.read, self._clock.now_ms()):
                group.create_task(self._attempt(gate, row))

    async def hand_over(self, interaction: discord.Interaction[Any], actor: Actor) -> None:
        """Give a member what could not be delivered before, seen by them alone."""
        owner = Owner(actor.server_id, actor.member_id)
        for row in (await outbox.kept_for(self._database.read, owner))[:_HANDED_OVER_AT_ONCE]:
            job = await self._recall.job(row.job_id)
            if job is None:
                continue
            message = await self._message(job, late=False)
            note = layouts.plain(self._texts.say(job.locale, "kept-note"))
            await interaction.followup.send(view=note, ephemeral=True)
            sent = await interaction.followup.send(
                view=message.view, files=list(message.files), ephemeral=True, wait=True
            )
            await self._sent(row, Way.HANDED_OVER, job.channel_id, sent.id)

    async def _wait(self) -> None:
        due_ms = await outbox.next_due_ms(self._database.read)
        pause_s = _LONGEST_PAUSE_S if due_ms is None else max(0, due_ms - self._clock.now_ms()) / MS_PER_S
        woken = asyncio.ensure_future(self._woken.wait())
        slept = asyncio.ensure_future(self._clock.sleep(pause_s))
        try:
            await asyncio.wait({woken, slept}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            slept.cancel()

    async def _attempt(self, gate: asyncio.Semaphore, row: OutboxRow) -> None:
        async with gate:
            try:
                await self._deliver(row)
            except Exception as error:  # noqa: BLE001 - the edge: one result must not stop the others
                await self._postpone(row, error)

    async def _deliver(self, row: OutboxRow) -> None:
        job = await self._recall.job(row.job_id)
        if job is None:
            raise LookupError(f"outbox row {row.outbox_id} has no job")
        await self._board.settle(job.job_id)
        address = await self._recall.reply_address(job.job_id)
        if row.state is OutboxState.PENDING and address is not None and self._lives(address):
            try:
                message_id = await self._by_reply(job, address)
            except _Closed as closed:
                _log.info("job %s: %s", job.job_id, closed)
            else:
                await self._sent(row, Way.REPLY, job.channel_id, message_id)
                return
        await self._by_channel_or_keep(row, job)

    def _lives(self, address: ReplyAddress) -> bool:
        return self._clock.now_ms() < address.expires_ms - TOKEN_MARGIN_MS

    async def _by_reply(self, job: Job, address: ReplyAddress) -> int:
        message = await self._message(job, late=False)
        try:
            message_id = await self._replies.edit(address, message)
        except discord.HTTPException as error:
            if error.code == _MESSAGE_GONE or error.code in _TOKEN_GONE:
                raise _Closed(f"the first response cannot be edited: {error.code}") from error
            raise
        self._faults.reach(FaultPoint.AFTER_POST)
        return message_id

    async def _by_channel_or_keep(self, row: OutboxRow, job: Job) -> None:
        if job.private or not _is_worth_a_message(job):
            await self._keep(row, job)
            return
        async with self._database.transaction() as transaction:
            await outbox.mark_posting(transaction, row.outbox_id)
        try:
            message_id = await self._by_channel(row, job)
        except _Closed as closed:
            _log.info("job %s: %s", job.job_id, closed)
            await self._keep(row, job)
        else:
            await self._sent(row, Way.CHANNEL, job.channel_id, message_id)

    async def _by_channel(self, row: OutboxRow, job: Job) -> int:
        channel = self._client().get_partial_messageable(job.channel_id, guild_id=job.server_id)
        if row.state is OutboxState.POSTING:
            earlier = await self._earlier_message(channel, job)
            if earlier is not None:
                return earlier
        message = await self._message(job, late=True)
        requester = discord.Object(job.member_id)
        try:
            sent = await channel.send(
                view=message.view,
                files=list(message.files),
                nonce=row.nonce,
                allowed_mentions=discord.AllowedMentions(
                    everyone=False, roles=False, replied_user=False, users=[requester]
                ),
            )
        except discord.HTTPException as error:
            if error.code in _CHANNEL_CLOSED:
                raise _Closed(f"the channel is closed to us: {error.code}") from error
            raise
        self._faults.reach(FaultPoint.AFTER_POST)
        return sent.id

    async def _earlier_message(self, channel: discord.PartialMessageable, job: Job) -> int | None:
        """Find the message of an earlier process that ended before it could note it.

        Discord remembers a nonce for a few minutes only; the names of our files are unique in a server.
        """
        prefix = layouts.file_prefix(job)
        try:
            async for message in channel.history(limit=_LOOKED_BACK_MESSAGES):
                if any(file.filename.startswith(prefix) for file in message.attachments):
                    return message.id
        except discord.HTTPException as error:
            _log.info("channel %d cannot be looked back: %s", job.channel_id, error)
        return None

    async def _keep(self, row: OutboxRow, job: Job) -> None:
        async with self._database.transaction() as transaction:
            if _is_worth_a_message(job):
                await outbox.mark_kept(transaction, row.outbox_id)
            else:
                await outbox.mark_unneeded(transaction, row.outbox_id, self._clock.now_ms())

    async def _sent(self, row: OutboxRow, way: Way, channel_id: int, message_id: int) -> None:
        async with self._database.transaction() as transaction:
            await outbox.mark_sent(
                transaction, row.outbox_id, way, channel_id, message_id, self._clock.now_ms()
            )

    async def _postpone(self, row: OutboxRow, error: Exception) -> None:
        pause_s = min(2**row.attempts, _LONGEST_PAUSE_S)
        _log.warning("job %s: delivery failed, next attempt in %d s", row.job_id, pause_s, exc_info=error)
        async with self._database.transaction() as transaction:
            await outbox.postpone(transaction, row.outbox_id, self._clock.now_ms() + pause_s * MS_PER_S)

    async def _message(self, job: Job, *, late: bool) -> Message:
        found = await self._recall.pictures(job.done_images)
        return layouts.result(self._texts, job, found, self._model_note(job.locale), late=late)


def _is_worth_a_message(job: Job) -> bool:
    """Tell whether somebody waits for word: whoever cancelled a job before its first picture was told."""
    return bool(job.done_images) or job.state is not JobState.CANCELLED
