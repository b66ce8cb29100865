"""The ways by which a result can reach its member, and the note of each message that went.

Only what may safely be repeated is ever sent. An edit may; a channel message carries a nonce, so that a
repeat is the same message; a follow-up has none, so what the first response has no room for goes into channel
messages. Private results never do: they are recompressed until one edit holds them.
"""

import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import discord

from kleinbot.chat import look_back, parts
from kleinbot.chat.clock_skew import ClockSkew
from kleinbot.chat.replies import Replies
from kleinbot.chat.results import Part, Results
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.job import Job, ReplyAddress
from kleinbot.store import outbox, posted
from kleinbot.store.database import Database, Transaction
from kleinbot.store.outbox import OutboxRow, OutboxState, Way
from kleinbot.store.posted import Origin
from kleinbot.studio.parcels import UploadLimits

_log = logging.getLogger(__name__)

_POSTING_MARGIN_MS = 30 * MS_PER_S
"""A look back for what was sent begins so much before that was marked: the skew is known to seconds."""

_MESSAGE_GONE = 10008
_TOKEN_GONE = {10015, 10062, 50027}
_THREAD_CLOSED = {50083, 160005}
"""Archived, locked. A message that is sent takes a thread out of the archive; an edit is refused there."""
_FIRST_RESPONSE_CLOSED = {_MESSAGE_GONE, *_TOKEN_GONE, *_THREAD_CLOSED}
_CHANNEL_CLOSED = {10003, 50001, 50013, *_THREAD_CLOSED}
"""Unknown channel, no access, no permission, closed thread."""

Compose = Callable[[UploadLimits], Awaitable[Part]]


class WayClosedError(Exception):
    """A way is not open, now and for good."""


class Ways:
    """Sends and notes; which way is tried when is decided by ``Delivery``."""

    def __init__(
        self,
        database: Database,
        results: Results,
        replies: Replies,
        client: Callable[[], discord.Client],
        clock: Clock,
        faults: Faults,
        told: Callable[[Way], None],
        wake_removal: Callable[[], None],
        skew: ClockSkew,
    ) -> None:
        """``told`` counts each result that went, by its way.

        ``wake_removal`` is told whenever messages were noted: what they show may be deleted meanwhile.
        """
        self._wake_removal = wake_removal
        self._skew = skew
        self._database = database
        self._results = results
        self._replies = replies
        self._client = client
        self._clock = clock
        self._faults = faults
        self._told = told

    async def by_reply(self, row: OutboxRow, job: Job, address: ReplyAddress) -> None:
        """Put what fits into the first response and the rest into channel messages. Raises WayClosedError."""
        part, message_id = await self._edit(address, functools.partial(self._results.first, job))
        if not parts.left_of(job, part.positions):
            await self._sent(row, job, Way.REPLY, part, message_id)
            return
        async with self._noting() as transaction:
            await self._note(transaction, job, part.positions, message_id)
            await outbox.mark_posting(transaction, row.outbox_id, self._now_id())
        there = dict.fromkeys(part.positions, message_id)
        await self._rest_by_channel(row, job, Way.REPLY, there)

    async def by_reply_alone(self, row: OutboxRow, job: Job, address: ReplyAddress) -> None:
        """Put everything into the first response, recompressed as that needs. Raises WayClosedError."""
        part, message_id = await self._edit(address, functools.partial(self._results.whole, job))
        await self._sent(row, job, Way.REPLY, part, message_id)

    async def by_channel(self, row: OutboxRow, job: Job, asked_id: int) -> int:
        """Send what is missing as channel messages; return the first one's id. Raises WayClosedError.

        ``asked_id``: no message about the job is older.
        """
        async with self._database.transaction() as transaction:
            await outbox.mark_posting(transaction, row.outbox_id, self._now_id())
        if there := await self.sent_already(row, job, asked_id):
            await self._rest_by_channel(row, job, Way.CHANNEL, there)
            return min(there.values())
        compose = functools.partial(self._results.first, job, late=True)
        part, message_id = await self._post(job, compose, row.nonce)
        if not parts.left_of(job, part.positions):
            await self._sent(row, job, Way.CHANNEL, part, message_id)
            return message_id
        async with self._noting() as transaction:
            await self._note(transaction, job, part.positions, message_id)
        there = dict.fromkeys(part.positions, message_id)
        await self._rest_by_channel(row, job, Way.CHANNEL, there)
        return message_id

    async def sent_already(self, row: OutboxRow, job: Job, asked_id: int) -> dict[int, int]:
        """Return the message of each picture that went, by position; what is found is noted first."""
        there = await posted.delivered(self._database.read, job.job_id)
        # An earlier process may have ended between its edit of the first response and the note of it.
        there |= await self._earlier(job, look_back.first_moment(self._channel(job), asked_id))
        if row.state is OutboxState.POSTING:
            from_id = max(asked_id, row.posting_after or 0)
            there |= await self._earlier(job, look_back.since(self._channel(job), from_id))
        return there

    async def _rest_by_channel(self, row: OutboxRow, job: Job, way: Way, there: dict[int, int]) -> None:
        """Send what is not ``there``, and note that all is; ``there``: message by position, never empty."""
        while left := parts.left_of(job, there):
            compose = functools.partial(self._results.further, job, left)
            nonce = f"{row.nonce[:24]}{left[0].key.position}"
            part, message_id = await self._post(job, compose, nonce)
            async with self._noting() as transaction:
                await self._note(transaction, job, part.positions, message_id)
            there |= dict.fromkeys(part.positions, message_id)
        await self._sent(row, job, way, None, min(there.values()))

    async def _edit(self, address: ReplyAddress, compose: Compose) -> tuple[Part, int]:
        async def attempt(limits: UploadLimits) -> tuple[Part, int]:
            part = await compose(limits)
            return part, await self._replies.edit(address, part.message)

        try:
            edited = await parts.fitting(UploadLimits(address.upload_limit_bytes), attempt)
        except discord.HTTPException as error:
            if error.code in _FIRST_RESPONSE_CLOSED:
                raise WayClosedError(f"the first response cannot be edited: {error.code}") from error
            raise
        self._faults.reach(FaultPoint.AFTER_POST)
        return edited

    async def _post(self, job: Job, compose: Compose, nonce: str) -> tuple[Part, int]:
        channel = self._channel(job)
        mentions = discord.AllowedMentions(
            everyone=False, roles=False, replied_user=False, users=[discord.Object(job.member_id)]
        )

        async def attempt(limits: UploadLimits) -> tuple[Part, int]:
            part = await compose(limits)
            sent = await channel.send(
                view=part.message.view,
                files=list(part.message.files),
                nonce=nonce,
                allowed_mentions=mentions,
            )
            return part, sent.id

        try:
            sent = await parts.fitting(parts.limits_of_channel(self._client(), job.server_id), attempt)
        except discord.HTTPException as error:
            if error.code in _CHANNEL_CLOSED:
                raise WayClosedError(f"the channel is closed to us: {error.code}") from error
            raise
        self._faults.reach(FaultPoint.AFTER_POST)
        return sent

    def _now_id(self) -> int | None:
        """Return an id below those of messages that are sent from now on; None as long as that is unknown."""
        return self._skew.snowflake(self._clock.now_ms() - _POSTING_MARGIN_MS)

    async def _earlier(self, job: Job, messages: AsyncIterator[discord.Message]) -> dict[int, int]:
        """Find and note the messages of an earlier process that ended before it could note them.

        Discord remembers a nonce for a few minutes only; the names of our files are those of one job. Raises
        discord.HTTPException where it cannot be looked just now: sent unseen, the result might come twice.
        """
        there: dict[int, int] = {}
        try:
            async for message in messages:
                if self._client().user != message.author:  # anybody can name a file like ours
                    continue
                there |= dict.fromkeys(parts.positions_in(job, message), message.id)
                if not parts.left_of(job, there):
                    break
        except (discord.Forbidden, discord.NotFound) as error:
            _log.info("channel %d cannot be looked back: %s", job.channel_id, error)
        async with self._noting() as transaction:
            for position, message_id in there.items():
                await self._note(transaction, job, (position,), message_id)
        return there

    def _channel(self, job: Job) -> discord.PartialMessageable:
        return self._client().get_partial_messageable(job.channel_id, guild_id=job.server_id)

    async def _sent(self, row: OutboxRow, job: Job, way: Way, part: Part | None, message_id: int) -> None:
        async with self._noting() as transaction:
            if part is not None:
                await self._note(transaction, job, part.positions, message_id)
            await outbox.mark_sent(
                transaction, row.outbox_id, way, job.channel_id, message_id, self._clock.now_ms()
            )
        self._told(way)

    @asynccontextmanager
    async def _noting(self) -> AsyncIterator[Transaction]:
        """Note messages in a transaction. One that shows what was deleted meanwhile is removed after it."""
        async with self._database.transaction() as transaction:
            yield transaction
        self._wake_removal()

    async def _note(
        self, transaction: Transaction, job: Job, positions: Iterable[int], message_id: int
    ) -> None:
        await posted.note(
            transaction, job.job_id, positions, job.channel_id, message_id, Origin.DELIVERY,
            self._clock.now_ms(),
        )  # fmt: skip
