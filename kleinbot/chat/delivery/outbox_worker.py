"""Drains the outbox until the result of every ended job is delivered, each once.

The routes, in this order: an edit of the first response while its token lives; a channel message, never for
private results. If both are closed, the result is given to its member after their next command.
"""

import functools
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
import discord

from kleinbot.chat.core.clock_skew import ClockSkew
from kleinbot.chat.delivery import channel_history
from kleinbot.chat.delivery.channel_lanes import MOST_QUICK_OF_LANE
from kleinbot.chat.delivery.due_rows import DueRows, growing_pause_s
from kleinbot.chat.delivery.first_response import ExpiredResponses
from kleinbot.chat.delivery.live_messages import LiveMessages
from kleinbot.chat.delivery.routes import RouteClosedError, Routes
from kleinbot.domain.clock import MS_PER_S, Clock, run_within
from kleinbot.domain.job import DiscordReply, Job, JobState
from kleinbot.store.database import Database
from kleinbot.store.delivery import outbox
from kleinbot.store.delivery.outbox import DueLane, OutboxRow, OutboxState
from kleinbot.usecases.job_queries import JobQueries

_log = logging.getLogger(__name__)

TOKEN_MARGIN_MS = 60 * MS_PER_S
"""How long before its token expires an edit of the first response is no longer tried."""

_ATTEMPT_S = 180.0
"""25 MiB at 1.2 Mbit/s. An attempt that is cut off may have arrived, so every request may be repeated."""

_LANES_OF_A_LOOK = 64
_BEFORE_THE_FIRST_LANE = -1
_REFUSALS_TAKEN = 5
"""After how many refusals, which will hardly change, the result counts as undelivered."""

_SERVER_ERRORS_TAKEN = 20
"""With the growing pauses that is an hour. Some bodies always get a 500 (discord-api-docs #8554)."""

_UNREACHED_TAKEN = 300
"""With the growing pauses that is a day."""


class OutboxWorker:
    """Delivers what the outbox holds. ``run`` is its only task; ``wake`` announces a new row."""

    def __init__(
        self,
        database: Database,
        queries: JobQueries,
        live_messages: LiveMessages,
        routes: Routes,
        expired_responses: ExpiredResponses,
        clock: Clock,
        count_undelivered: Callable[[], None],
        skew: ClockSkew,
    ) -> None:
        """``count_undelivered`` counts each result that waits for its member's next command."""
        self._database = database
        self._queries = queries
        self._live_messages = live_messages
        self._routes = routes
        self._expired_responses = expired_responses
        self._clock = clock
        self._count_undelivered = count_undelivered
        self._skew = skew
        next_due_ms = functools.partial(outbox.next_due_ms, database.read)
        self._rows = DueRows("delivery", self._begin_due, next_due_ms, clock)
        self._last_lane = _BEFORE_THE_FIRST_LANE

    def wake(self) -> None:
        self._rows.wake()

    async def run(self) -> None:
        """Deliver until cancelled; a failed attempt is repeated after a growing pause."""
        await self._rows.run()

    async def drain(self) -> None:
        """Deliver everything that is due now, and wait for what is under way."""
        await self._rows.drain()

    async def _begin_due(self, now_ms: int) -> None:
        """Begin what is due while there is room: go once around the lanes, starting after the last one."""
        for _ in range(2):
            while self._rows.has_room:
                found = await outbox.due_lanes(
                    self._database.read, now_ms, after=self._last_lane,
                    without=self._rows.busy,
                    lanes=_LANES_OF_A_LOOK, of_lane=MOST_QUICK_OF_LANE,
                )  # fmt: skip
                if not found:
                    self._last_lane = _BEFORE_THE_FIRST_LANE
                    break
                self._begin_each(found)

    def _begin_each(self, found: Sequence[DueLane]) -> None:
        """Begin one delivery of each lane, then the second ones; note which lane had its turn last."""
        for turn in range(MOST_QUICK_OF_LANE):
            for lane in found:
                if not self._rows.has_room:
                    return
                if turn == 0:
                    self._last_lane = lane.channel_id
                if turn < len(lane.outbox_ids):
                    outbox_id = lane.outbox_ids[turn]
                    attempt = functools.partial(self._attempt, outbox_id)
                    make_room = functools.partial(self._make_room, outbox_id)
                    self._rows.begin(outbox_id, lane.channel_id, attempt, make_room)

    async def _attempt(self, outbox_id: int) -> None:
        """Deliver a result, or postpone it after a failure. Raises sqlite3.Error if that cannot be noted."""
        row = await self._unsent(outbox_id)
        if row is None:
            return
        try:
            await run_within(self._clock, _ATTEMPT_S, self._deliver(row))
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - an edge: one result must not stop the others
            if _is_hopeless(row, error):
                _log.error("job %s: its result waits for the member's next command: %r", row.job_id, error)
                await self._give_up(row)
            else:
                await self._postpone(row, error)

    async def _make_room(self, outbox_id: int) -> None:
        """Postpone an attempt that was cut off for other channels: it may have arrived, or hang."""
        row = await self._unsent(outbox_id)
        if row is not None:
            await self._postpone(row, TimeoutError("others were due"))

    async def _unsent(self, outbox_id: int) -> OutboxRow | None:
        """Read a row again: its result may have been delivered after the row was found due."""
        return await outbox.unsent(self._database.read, outbox_id)

    async def _give_up(self, row: OutboxRow) -> None:
        async with self._database.transaction() as transaction:
            await outbox.mark_undelivered(transaction, row.outbox_id)
        self._count_undelivered()

    async def _deliver(self, row: OutboxRow) -> None:
        job = await self._queries.job(row.job_id)
        if job is None:
            raise LookupError(f"outbox row {row.outbox_id} has no job")
        await self._live_messages.settle(job.job_id)
        address = await self._queries.reply_address(job.job_id)
        asked_id = channel_history.asked(job, address, self._skew)
        if address is not None and not self._lives(address):
            address = None
        for deliver in self._routes_of(row, job, address, asked_id):
            try:
                await deliver()
            except RouteClosedError as closed:
                _log.info("job %s: %s", job.job_id, closed)
            else:
                return
        await self._mark_undelivered(row, job, asked_id)

    def _lives(self, address: DiscordReply) -> bool:
        return self._clock.now_ms() < address.expires_ms - TOKEN_MARGIN_MS

    def _routes_of(
        self, row: OutboxRow, job: Job, address: DiscordReply | None, asked_id: int
    ) -> list[Callable[[], Awaitable[None]]]:
        """Return the routes of a result, in the order in which they are tried.

        What does not fit into the first response goes into the channel. If either is closed, the first
        response may still hold everything, recompressed; if that is closed, the channel may.
        """
        is_for_reply_alone = job.private or not _is_worth_a_message(job)
        by_channel = functools.partial(self._by_channel, row, job, asked_id)
        if address is None:
            return [] if is_for_reply_alone else [by_channel]
        by_reply_alone = functools.partial(self._routes.by_reply_alone, row, job, address)
        if is_for_reply_alone:
            return [by_reply_alone]
        if row.state is OutboxState.PENDING:
            by_reply = functools.partial(self._routes.by_reply, row, job, address)
            return [by_reply, by_reply_alone, by_channel]
        return [by_channel, by_reply_alone]

    async def _by_channel(self, row: OutboxRow, job: Job, asked_id: int) -> None:
        if job.deleted_ms is not None:
            # Nobody is mentioned for a deleted result. A message that was sent but not noted is found here;
            # once it is noted, it is removed.
            await self._routes.sent_already(row, job, asked_id)
            async with self._database.transaction() as transaction:
                await outbox.mark_unneeded(transaction, row.outbox_id, self._clock.now_ms())
            await self._expired_responses.remove(job, asked_id)
            return
        message_id = await self._routes.by_channel(row, job, asked_id)
        await self._expired_responses.point_to(job, message_id, asked_id)

    async def _mark_undelivered(self, row: OutboxRow, job: Job, asked_id: int) -> None:
        async with self._database.transaction() as transaction:
            if _is_worth_a_message(job):
                await outbox.mark_undelivered(transaction, row.outbox_id)
            else:
                await outbox.mark_unneeded(transaction, row.outbox_id, self._clock.now_ms())
        if _is_worth_a_message(job):
            self._count_undelivered()
        elif job.deleted_ms is not None:
            await self._expired_responses.remove(job, asked_id)
        else:
            await self._expired_responses.end(job, asked_id)

    async def _postpone(self, row: OutboxRow, error: Exception) -> None:
        pause_s = growing_pause_s(row.attempts)
        _log.warning("job %s: delivery failed, next attempt in %d s", row.job_id, pause_s, exc_info=error)
        async with self._database.transaction() as transaction:
            due_ms = self._clock.now_ms() + pause_s * MS_PER_S
            await outbox.postpone(transaction, row.outbox_id, due_ms, refused=not _is_unreached(error))


def _is_worth_a_message(job: Job) -> bool:
    """Tell whether a channel message is due: not if a member cancelled before the first image."""
    return bool(job.done_images) or job.state is not JobState.CANCELLED or job.error is not None


def _is_hopeless(row: OutboxRow, error: Exception) -> bool:
    """Tell whether to stop trying. ``error`` is what the last attempt ended in."""
    if _is_unreached(error):
        return row.attempts >= _UNREACHED_TAKEN
    is_server_error = isinstance(error, discord.HTTPException) and error.status >= 500
    return row.refused >= (_SERVER_ERRORS_TAKEN if is_server_error else _REFUSALS_TAKEN)


def _is_unreached(error: Exception) -> bool:
    """Tell whether Discord was not reached, or only asked to come later: nobody has refused."""
    if isinstance(error, discord.HTTPException):
        return error.status == 429
    return isinstance(error, (aiohttp.ClientError, discord.RateLimited, OSError, TimeoutError))
