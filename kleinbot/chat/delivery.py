"""Delivery: drains the outbox until every ended job has been told, each once.

The ways, in this order: an edit of the first response while its token lives; a channel message, never for
private results; and where neither is open the result is kept and handed over at the member's next command.
"""

import asyncio
import functools
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
import discord

from kleinbot.chat import look_back
from kleinbot.chat.board import Board
from kleinbot.chat.clock_skew import ClockSkew
from kleinbot.chat.held_back import HeldBack
from kleinbot.chat.lanes import MOST_QUICK_OF_LANE, Lanes
from kleinbot.chat.old_replies import OldReplies
from kleinbot.chat.ways import WayClosedError, Ways
from kleinbot.domain.clock import MS_PER_S, Clock, ended_within, sleep_until
from kleinbot.domain.job import Job, JobState, ReplyAddress
from kleinbot.store import outbox
from kleinbot.store.database import Database
from kleinbot.store.outbox import DueLane, OutboxRow, OutboxState
from kleinbot.studio.recall import Recall

_log = logging.getLogger(__name__)

TOKEN_MARGIN_MS = 60 * MS_PER_S
"""How long before its token dies a reply is no longer tried."""

_LONGEST_PAUSE_S = 300
_ATTEMPT_S = 180.0
"""25 MiB at 1.2 Mbit/s. One that is cut off may have arrived: whatever is sent may be sent again."""

_LANES_OF_A_LOOK = 64
_BEFORE_THE_FIRST_LANE = -1
_UNNOTED_PAUSE_S = 30.0
_REFUSALS_TAKEN = 5
"""How often a refusal that will hardly change is asked for again before the result is kept."""

_SERVER_ERRORS_TAKEN = 20
"""With the growing pauses that is an hour. Some bodies always get a 500 (discord-api-docs #8554)."""

_UNREACHED_TAKEN = 300
"""With the growing pauses that is a day."""


class Delivery:
    """Owns the outbox. ``run`` is its only task; ``wake`` tells it that a row was added."""

    def __init__(
        self,
        database: Database,
        recall: Recall,
        board: Board,
        ways: Ways,
        old_replies: OldReplies,
        clock: Clock,
        kept: Callable[[], None],
        skew: ClockSkew,
    ) -> None:
        """``kept`` counts each result that waits for its member's next command."""
        self._database = database
        self._recall = recall
        self._board = board
        self._ways = ways
        self._old_replies = old_replies
        self._clock = clock
        self._kept = kept
        self._skew = skew
        self._woken = asyncio.Event()
        self._lanes = Lanes(clock, self.wake)
        self._last_lane = _BEFORE_THE_FIRST_LANE
        self._held = HeldBack(clock)

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled; a failed attempt is tried again after a growing pause."""
        try:
            while True:
                self._woken.clear()
                now_ms = self._clock.now_ms()
                await self._begin_due(now_ms)
                await self._wait(now_ms)
        finally:
            await self._lanes.abandon()

    async def drain(self) -> None:
        """Tell everything that is due now, and wait for what is under way."""
        await self._begin_due(self._clock.now_ms())
        while self._lanes.under_way:
            await self._lanes.wait()
            await self._begin_due(self._clock.now_ms())

    async def _begin_due(self, now_ms: int) -> None:
        """Begin what is due as far as there is room, from the lane behind the last one on, once around."""
        for _ in range(2):
            while self._lanes.has_room:
                found = await outbox.due_lanes(
                    self._database.read, now_ms, after=self._last_lane,
                    without=self._lanes.under_way | self._held.keys(),
                    lanes=_LANES_OF_A_LOOK, of_lane=MOST_QUICK_OF_LANE,
                )  # fmt: skip
                if not found:
                    self._last_lane = _BEFORE_THE_FIRST_LANE
                    break
                self._begin_each(found)

    def _begin_each(self, found: Sequence[DueLane]) -> None:
        """Begin one delivery of each lane, then the second ones; note the lane that had a turn last."""
        for turn in range(MOST_QUICK_OF_LANE):
            for lane in found:
                if not self._lanes.has_room:
                    return
                if turn == 0:
                    self._last_lane = lane.channel_id
                if turn < len(lane.outbox_ids):
                    outbox_id = lane.outbox_ids[turn]
                    self._lanes.begin(
                        outbox_id,
                        lane.channel_id,
                        functools.partial(self._attempt, outbox_id),
                        functools.partial(self._gave_way, outbox_id),
                    )

    async def _wait(self, looked_ms: int) -> None:
        """Wait until something was added or has ended, or until another row becomes due."""
        due_ms = await outbox.next_due_ms(self._database.read, looked_ms)
        moments = [looked_ms + _LONGEST_PAUSE_S * MS_PER_S]
        if due_ms is not None:
            moments.append(due_ms)
        pause_s = min(max(0, min(moments) - self._clock.now_ms()) / MS_PER_S, self._held.next_s())
        await sleep_until(self._woken, self._clock, pause_s)

    async def _attempt(self, outbox_id: int) -> None:
        await self._with_row(outbox_id, self._deliver_or_postpone)

    async def _gave_way(self, outbox_id: int) -> None:
        """Postpone what was cut off since other channels were due: it may have arrived, or hang."""
        await self._with_row(outbox_id, lambda row: self._postpone(row, TimeoutError("others were due")))

    async def _with_row(self, outbox_id: int, act: Callable[[OutboxRow], Awaitable[None]]) -> None:
        try:
            # Read again: it may have been told between the look that found it due and now.
            row = await outbox.undelivered(self._database.read, outbox_id)
            if row is not None:
                await act(row)
        except sqlite3.Error as error:
            # The message may have gone, but that cannot be noted: better late than again and again.
            _log.error("delivery %d could not be noted: %s", outbox_id, error)
            self._held.hold(outbox_id, _UNNOTED_PAUSE_S)

    async def _deliver_or_postpone(self, row: OutboxRow) -> None:
        try:
            await ended_within(self._clock, _ATTEMPT_S, self._deliver(row))
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: one result must not stop the others
            if _is_hopeless(row, error):
                _log.error("job %s: its result cannot be delivered and is kept: %r", row.job_id, error)
                await self._give_up(row)
            else:
                await self._postpone(row, error)

    async def _give_up(self, row: OutboxRow) -> None:
        async with self._database.transaction() as transaction:
            await outbox.mark_kept(transaction, row.outbox_id)
        self._kept()

    async def _deliver(self, row: OutboxRow) -> None:
        job = await self._recall.job(row.job_id)
        if job is None:
            raise LookupError(f"outbox row {row.outbox_id} has no job")
        await self._board.settle(job.job_id)
        address = await self._recall.reply_address(job.job_id)
        asked_id = look_back.asked(job, address, self._skew)
        if address is not None and not self._lives(address):
            address = None
        try:
            if job.private or not _is_worth_a_message(job):
                await self._by_reply_alone(row, job, address)
            else:
                await self._by_an_open_way(row, job, address, asked_id)
        except WayClosedError as closed:
            _log.info("job %s: %s", job.job_id, closed)
            await self._keep(row, job, asked_id)

    def _lives(self, address: ReplyAddress) -> bool:
        return self._clock.now_ms() < address.expires_ms - TOKEN_MARGIN_MS

    async def _by_an_open_way(
        self, row: OutboxRow, job: Job, address: ReplyAddress | None, asked_id: int
    ) -> None:
        try:
            if row.state is OutboxState.PENDING and address is not None:
                await self._ways.by_reply(row, job, address)
            else:
                await self._by_channel(row, job, asked_id)
        except WayClosedError as closed:
            _log.info("job %s: %s", job.job_id, closed)
        else:
            return
        try:
            # Either may have been the one that is closed: then the other is left.
            await self._by_reply_alone(row, job, address)
        except WayClosedError:
            await self._by_channel(row, job, asked_id)

    async def _by_channel(self, row: OutboxRow, job: Job, asked_id: int) -> None:
        if job.deleted_ms is not None:
            # Nobody is called to what is gone; what went unnoted is found, and removed for being noted.
            await self._ways.sent_already(row, job, asked_id)
            async with self._database.transaction() as transaction:
                await outbox.mark_unneeded(transaction, row.outbox_id, self._clock.now_ms())
            await self._old_replies.remove(job, asked_id)
            return
        message_id = await self._ways.by_channel(row, job, asked_id)
        await self._old_replies.point_to(job, message_id, asked_id)

    async def _by_reply_alone(self, row: OutboxRow, job: Job, address: ReplyAddress | None) -> None:
        if address is None:
            raise WayClosedError("there is no first response to be edited")
        await self._ways.by_reply_alone(row, job, address)

    async def _keep(self, row: OutboxRow, job: Job, asked_id: int) -> None:
        async with self._database.transaction() as transaction:
            if _is_worth_a_message(job):
                await outbox.mark_kept(transaction, row.outbox_id)
            else:
                await outbox.mark_unneeded(transaction, row.outbox_id, self._clock.now_ms())
        if _is_worth_a_message(job):
            self._kept()
        else:
            await self._old_replies.end(job, asked_id)

    async def _postpone(self, row: OutboxRow, error: Exception) -> None:
        pause_s = min(2**row.attempts, _LONGEST_PAUSE_S)
        _log.warning("job %s: delivery failed, next attempt in %d s", row.job_id, pause_s, exc_info=error)
        async with self._database.transaction() as transaction:
            due_ms = self._clock.now_ms() + pause_s * MS_PER_S
            await outbox.postpone(transaction, row.outbox_id, due_ms, refused=not _is_unreached(error))


def _is_worth_a_message(job: Job) -> bool:
    """Tell whether somebody waits for word: whoever cancelled their own job before a picture was told."""
    return bool(job.done_images) or job.state is not JobState.CANCELLED or job.error is not None


def _is_hopeless(row: OutboxRow, error: Exception) -> bool:
    """Tell whether enough was tried; ``error`` is what the last attempt has ended in."""
    if _is_unreached(error):
        return row.attempts >= _UNREACHED_TAKEN
    is_server_error = isinstance(error, discord.HTTPException) and error.status >= 500
    return row.refused >= (_SERVER_ERRORS_TAKEN if is_server_error else _REFUSALS_TAKEN)


def _is_unreached(error: Exception) -> bool:
    """Tell whether nobody has refused: Discord was not reached, or only asked to come later."""
    if isinstance(error, discord.HTTPException):
        return error.status == 429
    return isinstance(error, (aiohttp.ClientError, discord.RateLimited, OSError, TimeoutError))
