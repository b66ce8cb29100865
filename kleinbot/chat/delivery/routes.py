"""The routes by which a result can reach its member. Each message that was sent is noted.

Only requests that may safely be repeated are sent. An edit may be repeated. A channel message carries a
nonce, so a repeat is the same message. A follow-up has none, so what does not fit into the first response
goes into channel messages. Private results never do: they are recompressed until one edit holds them.
"""

import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import discord

from kleinbot.chat.core.clock_skew import ClockSkew
from kleinbot.chat.core.discord_errors import GONE
from kleinbot.chat.delivery import channel_history, splitting
from kleinbot.chat.delivery.first_response import FirstResponses
from kleinbot.chat.delivery.messages import ResultMessage, ResultMessages
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.job import DiscordReply, Job
from kleinbot.store.database import Database, Transaction
from kleinbot.store.delivery import outbox, posted
from kleinbot.store.delivery.outbox import OutboxRow, OutboxState, Route
from kleinbot.store.delivery.posted import PostedFor
from kleinbot.usecases.attachments import UploadLimits

_log = logging.getLogger(__name__)

_POSTING_MARGIN_MS = 30 * MS_PER_S
"""A search for sent messages begins this long before the mark: the skew is known to seconds."""

_THREAD_CLOSED = {50083, 160005}
"""Archived, locked. A message that is sent takes a thread out of the archive; an edit is refused there."""
_FIRST_RESPONSE_CLOSED = {*GONE, *_THREAD_CLOSED}
_CHANNEL_CLOSED = {10003, 50001, 50013, *_THREAD_CLOSED}
"""Unknown channel, no access, no permission, closed thread."""

Compose = Callable[[UploadLimits], Awaitable[ResultMessage]]


class RouteClosedError(Exception):
    """A route is closed for good."""


class Routes:
    """Sends and notes. ``OutboxWorker`` decides which route is tried when."""

    def __init__(
        self,
        database: Database,
        results: ResultMessages,
        first_responses: FirstResponses,
        client: Callable[[], discord.Client],
        clock: Clock,
        faults: Faults,
        count_delivered: Callable[[Route], None],
        wake_removal: Callable[[], None],
        skew: ClockSkew,
    ) -> None:
        """``count_delivered`` counts each delivered result by its route.

        ``wake_removal`` is called after messages were noted: their result may have been deleted meanwhile.
        """
        self._wake_removal = wake_removal
        self._skew = skew
        self._database = database
        self._results = results
        self._first_responses = first_responses
        self._client = client
        self._clock = clock
        self._faults = faults
        self._count_delivered = count_delivered

    async def by_reply(self, row: OutboxRow, job: Job, address: DiscordReply) -> None:
        """Put what fits into the first response, the rest into channel messages. Raises RouteClosedError."""
        part, message_id = await self._edit(address, functools.partial(self._results.first, job))
        if not splitting.left_of(job, part.positions):
            await self._sent(row, job, Route.REPLY, part, message_id)
            return
        async with self._noting() as transaction:
            await self._note(transaction, job, part.positions, message_id)
            await outbox.mark_posting(transaction, row.outbox_id, self._now_id())
        there = dict.fromkeys(part.positions, message_id)
        await self._rest_by_channel(row, job, Route.REPLY, there)

    async def by_reply_alone(self, row: OutboxRow, job: Job, address: DiscordReply) -> None:
        """Put everything into the first response, recompressed as that needs. Raises RouteClosedError."""
        part, message_id = await self._edit(address, functools.partial(self._results.whole, job))
        await self._sent(row, job, Route.REPLY, part, message_id)

    async def by_channel(self, row: OutboxRow, job: Job, asked_id: int) -> int:
        """Send what is missing as channel messages; return the first one's id. Raises RouteClosedError.

        ``asked_id``: no message about the job is older.
        """
        async with self._database.transaction() as transaction:
            await outbox.mark_posting(transaction, row.outbox_id, self._now_id())
        if there := await self.sent_already(row, job, asked_id):
            await self._rest_by_channel(row, job, Route.CHANNEL, there)
            return min(there.values())
        compose = functools.partial(self._results.first, job, late=True)
        part, message_id = await self._post(job, compose, row.nonce)
        if not splitting.left_of(job, part.positions):
            await self._sent(row, job, Route.CHANNEL, part, message_id)
            return message_id
        async with self._noting() as transaction:
            await self._note(transaction, job, part.positions, message_id)
        there = dict.fromkeys(part.positions, message_id)
        await self._rest_by_channel(row, job, Route.CHANNEL, there)
        return message_id

    async def sent_already(self, row: OutboxRow, job: Job, asked_id: int) -> dict[int, int]:
        """Return the message of each image that was sent, by position; note those that are found first."""
        there = await posted.delivered(self._database.read, job.job_id)
        # An earlier process may have ended after its edit of the first response and before its note.
        there |= await self._earlier(job, channel_history.first_moment(self._channel(job), asked_id))
        if row.state is OutboxState.POSTING:
            from_id = max(asked_id, row.posting_after or 0)
            there |= await self._earlier(job, channel_history.since(self._channel(job), from_id))
        return there

    async def _rest_by_channel(self, row: OutboxRow, job: Job, route: Route, there: dict[int, int]) -> None:
        """Send the rest, and note that everything is sent. ``there``: message by position, never empty."""
        while left := splitting.left_of(job, there):
            compose = functools.partial(self._results.further, job, left)
            nonce = f"{row.nonce[:24]}{left[0].key.position}"
            part, message_id = await self._post(job, compose, nonce)
            async with self._noting() as transaction:
                await self._note(transaction, job, part.positions, message_id)
            there |= dict.fromkeys(part.positions, message_id)
        await self._sent(row, job, route, None, min(there.values()))

    async def _edit(self, address: DiscordReply, compose: Compose) -> tuple[ResultMessage, int]:
        limits = UploadLimits(address.upload_limit_bytes)
        while True:
            part = await compose(limits)
            try:
                message_id = await self._first_responses.edit(address, part.message)
            except discord.HTTPException as error:
                if error.code in _FIRST_RESPONSE_CLOSED:
                    raise RouteClosedError(f"the first response cannot be edited: {error.code}") from error
                limits = splitting.smaller(limits, error)
            else:
                self._faults.reach(FaultPoint.AFTER_POST)
                return part, message_id

    async def _post(self, job: Job, compose: Compose, nonce: str) -> tuple[ResultMessage, int]:
        channel = self._channel(job)
        mentions = discord.AllowedMentions(
            everyone=False, roles=False, replied_user=False, users=[discord.Object(job.member_id)]
        )
        limits = splitting.limits_of_channel(self._client(), job.server_id)
        while True:
            part = await compose(limits)
            try:
                sent = await channel.send(
                    view=part.message.view,
                    files=list(part.message.files),
                    nonce=nonce,
                    allowed_mentions=mentions,
                )
            except discord.HTTPException as error:
                if error.code in _CHANNEL_CLOSED:
                    raise RouteClosedError(f"the channel is closed to us: {error.code}") from error
                limits = splitting.smaller(limits, error)
            else:
                self._faults.reach(FaultPoint.AFTER_POST)
                return part, sent.id

    def _now_id(self) -> int | None:
        """Return an id below those of all messages sent from now on; None while the skew is unknown."""
        return self._skew.snowflake(self._clock.now_ms() - _POSTING_MARGIN_MS)

    async def _earlier(self, job: Job, messages: AsyncIterator[discord.Message]) -> dict[int, int]:
        """Find and note the messages of an earlier process that ended before it could note them.

        Discord remembers a nonce for only a few minutes; our file names belong to one job. Raises
        discord.HTTPException if the channel cannot be read now: sent unseen, the result might come twice.
        """
        there: dict[int, int] = {}
        try:
            async for message in messages:
                if self._client().user != message.author:  # anybody can name a file like ours
                    continue
                there |= dict.fromkeys(splitting.positions_in(job, message), message.id)
                if not splitting.left_of(job, there):
                    break
        except (discord.Forbidden, discord.NotFound) as error:
            _log.info("channel %d: its history cannot be read: %s", job.channel_id, error)
        async with self._noting() as transaction:
            for position, message_id in there.items():
                await self._note(transaction, job, (position,), message_id)
        return there

    def _channel(self, job: Job) -> discord.PartialMessageable:
        return self._client().get_partial_messageable(job.channel_id, guild_id=job.server_id)

    async def _sent(
        self, row: OutboxRow, job: Job, route: Route, part: ResultMessage | None, message_id: int
    ) -> None:
        async with self._noting() as transaction:
            if part is not None:
                await self._note(transaction, job, part.positions, message_id)
            await outbox.mark_sent(
                transaction, row.outbox_id, route, job.channel_id, message_id, self._clock.now_ms()
            )
        self._count_delivered(route)

    @asynccontextmanager
    async def _noting(self) -> AsyncIterator[Transaction]:
        """Note messages in a transaction. Afterwards, messages of a result deleted meanwhile are removed."""
        async with self._database.transaction() as transaction:
            yield transaction
        self._wake_removal()

    async def _note(
        self, transaction: Transaction, job: Job, positions: Iterable[int], message_id: int
    ) -> None:
        await posted.note(
            transaction, job.job_id, positions, job.channel_id, message_id, PostedFor.DELIVERY,
            self._clock.now_ms(),
        )  # fmt: skip
