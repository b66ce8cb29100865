"""Delivery: drains the outbox until every ended job has been told, each once.

The ways, in this order: an edit of the first response while its token lives; a channel message, never for
private results; and where neither is open the result is kept and handed over at the member's next command.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable

import discord

from kleinbot.chat.board import Board
from kleinbot.chat.old_replies import OldReplies
from kleinbot.chat.ways import WayClosedError, Ways
from kleinbot.domain.clock import MS_PER_S, Clock, sleep_until
from kleinbot.domain.job import Job, JobState, ReplyAddress
from kleinbot.store import outbox
from kleinbot.store.database import Database
from kleinbot.store.outbox import OutboxRow, OutboxState
from kleinbot.studio.recall import Recall

_log = logging.getLogger(__name__)

TOKEN_MARGIN_MS = 60 * MS_PER_S
"""How long before its token dies a reply is no longer tried."""

_LONGEST_PAUSE_S = 300
_AT_ONCE = 4
_UNNOTED_PAUSE_MS = 30 * MS_PER_S
_REFUSALS_TAKEN = 5
"""How often a refusal that will hardly change is asked for again before the result is kept."""


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
    ) -> None:
        """``kept`` counts each result that waits for its member's next command."""
        self._database = database
        self._recall = recall
        self._board = board
        self._ways = ways
        self._old_replies = old_replies
        self._clock = clock
        self._kept = kept
        self._woken = asyncio.Event()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._not_before_ms: dict[int, int] = {}

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled; a failed attempt is tried again after a growing pause."""
        try:
            while True:
                self._woken.clear()
                await self._begin_due()
                await self._wait()
        finally:
            await self._abandon()

    async def drain(self) -> None:
        """Tell everything that is due now, and wait for what is under way."""
        await self._begin_due()
        while self._under_way:
            await asyncio.wait(self._under_way.values())

    async def _begin_due(self) -> None:
        now_ms = self._clock.now_ms()
        for row in await outbox.due(self._database.read, now_ms):
            is_held = self._not_before_ms.get(row.outbox_id, 0) > now_ms
            if row.outbox_id not in self._under_way and not is_held:
                task = asyncio.create_task(self._attempt(row.outbox_id))
                self._under_way[row.outbox_id] = task

    async def _abandon(self) -> None:
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self) -> None:
        """Wait until something was added or has ended, or until a row that is not under way is due."""
        pause_s = await self._pause_s()
        await sleep_until(self._woken, self._clock, pause_s)

    async def _pause_s(self) -> float:
        moments = [
            max(due_ms, self._not_before_ms.get(outbox_id, 0))
            for outbox_id, due_ms in await outbox.next_due(self._database.read, len(self._under_way) + 1)
            if outbox_id not in self._under_way
        ]
        if not moments:
            return _LONGEST_PAUSE_S
        return max(0, min(moments) - self._clock.now_ms()) / MS_PER_S

    async def _attempt(self, outbox_id: int) -> None:
        try:
            async with self._gate:
                # Read again: it may have been told between the look that found it due and now.
                row = await outbox.undelivered(self._database.read, outbox_id)
                if row is not None:
                    await self._deliver_or_postpone(row)
            self._not_before_ms.pop(outbox_id, None)
        except sqlite3.Error as error:
            # The message may have gone, but that cannot be noted: better late than again and again.
            _log.error("delivery %d could not be noted: %s", outbox_id, error)
            self._not_before_ms[outbox_id] = self._clock.now_ms() + _UNNOTED_PAUSE_MS
        finally:
            self._under_way.pop(outbox_id, None)
            self._woken.set()

    async def _deliver_or_postpone(self, row: OutboxRow) -> None:
        try:
            await self._deliver(row)
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: one result must not stop the others
            if _is_final(error) and row.attempts >= _REFUSALS_TAKEN:
                _log.error("job %s: Discord refuses its result for good: %s", row.job_id, error)
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
        if address is not None and not self._lives(address):
            address = None
        try:
            if job.private or not _is_worth_a_message(job):
                await self._by_reply_alone(row, job, address)
            else:
                await self._by_an_open_way(row, job, address)
        except WayClosedError as closed:
            _log.info("job %s: %s", job.job_id, closed)
            await self._keep(row, job)

    def _lives(self, address: ReplyAddress) -> bool:
        return self._clock.now_ms() < address.expires_ms - TOKEN_MARGIN_MS

    async def _by_an_open_way(self, row: OutboxRow, job: Job, address: ReplyAddress | None) -> None:
        try:
            if row.state is OutboxState.PENDING and address is not None:
                await self._ways.by_reply(row, job, address)
            else:
                await self._by_channel(row, job)
        except WayClosedError as closed:
            _log.info("job %s: %s", job.job_id, closed)
        else:
            return
        try:
            # Either may have been the one that is closed: then the other is left.
            await self._by_reply_alone(row, job, address)
        except WayClosedError:
            await self._by_channel(row, job)

    async def _by_channel(self, row: OutboxRow, job: Job) -> None:
        message_id = await self._ways.by_channel(row, job)
        await self._old_replies.point_to(job, message_id)

    async def _by_reply_alone(self, row: OutboxRow, job: Job, address: ReplyAddress | None) -> None:
        if address is None:
            raise WayClosedError("there is no first response to be edited")
        await self._ways.by_reply_alone(row, job, address)

    async def _keep(self, row: OutboxRow, job: Job) -> None:
        async with self._database.transaction() as transaction:
            if _is_worth_a_message(job):
                await outbox.mark_kept(transaction, row.outbox_id)
            else:
                await outbox.mark_unneeded(transaction, row.outbox_id, self._clock.now_ms())
        if _is_worth_a_message(job):
            self._kept()
        else:
            await self._old_replies.end(job)

    async def _postpone(self, row: OutboxRow, error: Exception) -> None:
        pause_s = min(2**row.attempts, _LONGEST_PAUSE_S)
        _log.warning("job %s: delivery failed, next attempt in %d s", row.job_id, pause_s, exc_info=error)
        async with self._database.transaction() as transaction:
            await outbox.postpone(transaction, row.outbox_id, self._clock.now_ms() + pause_s * MS_PER_S)


def _is_worth_a_message(job: Job) -> bool:
    """Tell whether somebody waits for word: whoever cancelled their own job before a picture was told."""
    return bool(job.done_images) or job.state is not JobState.CANCELLED or job.error is not None


def _is_final(error: Exception) -> bool:
    """Tell whether Discord has understood and refused; 429 only means later."""
    return isinstance(error, discord.HTTPException) and 400 <= error.status < 500 and error.status != 429
