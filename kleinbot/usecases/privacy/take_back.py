"""An author has everything removed that others made from a picture of theirs, and what was made from that.

A row for each result that is still to be looked at drives it, so a process that ends goes on the next time.
What was paid stays paid: the pictures could be had until then. What still waits is given back.
"""

import asyncio
import functools
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import Clock, sleep_until
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.job import Job, JobState
from kleinbot.domain.people import Actor
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import deletion, events, jobs, lookup, tags
from kleinbot.store.results import takedowns
from kleinbot.store.results.takedowns import Takedown

_log = logging.getLogger(__name__)

_RETRY_S = 30.0
_LOOK_EVERY_S = 3600.0
_BETWEEN_S = 0.02


@dataclass(frozen=True)
class OwnPictureUsed:
    """What is taken back: what others made of a message, or of a result of the author's own."""

    message_id: int | None = None
    job_id: str | None = None


class TakeBack:
    """``run`` is its only task."""

    def __init__(
        self,
        *,
        database: Database,
        archive: Archive,
        scheduler: Scheduler,
        wake_removal: Callable[[], None],
        wake_delivery: Callable[[], None],
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._database = database
        self._archive = archive
        self._scheduler = scheduler
        self._wake_removal = wake_removal
        self._wake_delivery = wake_delivery
        self._clock = clock
        self._faults = faults
        self._woken = asyncio.Event()

    async def of_message(
        self, actor: Actor, author_id: int, message_id: int, attachments: Sequence[int]
    ) -> OwnPictureUsed:
        """Return what can be taken back of a message, whose author Discord states.

        Raises Refusal NOT_YOUR_PICTURE or NOTHING_MADE_FROM_IT.
        """
        if author_id != actor.member_id:
            raise Refusal(Code.NOT_YOUR_PICTURE)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await takedowns.learn_author(transaction, actor.member, message_id, attachments)
        if not await takedowns.is_used(self._database.read, actor.member, message_id):
            raise Refusal(Code.NOTHING_MADE_FROM_IT)
        return OwnPictureUsed(message_id=message_id)

    async def of_result(self, actor: Actor, job_id: str) -> OwnPictureUsed:
        """Return the same for a result: of the actor's own, or made from a picture of the actor's.

        Raises Refusal NOT_YOUR_PICTURE or NOTHING_MADE_FROM_IT.
        """
        job = await lookup.by_id(self._database.read, job_id)
        if job is None or job.server_id != actor.server_id:
            raise Refusal(Code.NOT_YOUR_PICTURE)
        used = used_of(actor, job)
        if used is None:
            raise Refusal(Code.NOT_YOUR_PICTURE)
        if used.job_id is not None and not await takedowns.has_children(
            self._database.read, actor.member, used.job_id
        ):
            raise Refusal(Code.NOTHING_MADE_FROM_IT)
        return used

    async def begin(self, actor: Actor, used: OwnPictureUsed) -> None:
        """Begin to remove it. Only rows that name the actor as author are touched. Idempotent."""
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            if used.message_id is not None:
                await takedowns.begin_with_message(transaction, actor.member, used.message_id)
            if used.job_id is not None:
                await takedowns.begin_with_result(transaction, actor.member, used.job_id)
        self._woken.set()

    async def run(self) -> None:
        """Remove until cancelled. A failed step is repeated after a pause."""
        while True:
            self._woken.clear()
            pause_s = _LOOK_EVERY_S
            try:
                await self.work()
            except (sqlite3.OperationalError, OSError) as error:
                _log.warning("what was made from a picture is removed in %d s: %s", _RETRY_S, error)
                pause_s = _RETRY_S
            await sleep_until(self._woken, self._clock, pause_s)

    async def work(self) -> None:
        """Remove everything that is to be removed now."""
        while page := await takedowns.page(self._database.read):
            for takedown in page:
                await self._remove(takedown)
            await self._clock.sleep(_BETWEEN_S)

    async def _remove(self, takedown: Takedown) -> None:
        files: tuple[str, ...] | None = None
        now_ms = self._clock.now_ms()
        async with self._database.transaction() as transaction:
            job = await lookup.by_id(transaction, takedown.job_id)
            if job is not None and job.member_id != takedown.author_id:
                if not job.state.is_terminal:
                    error = Refusal(Code.PICTURE_TAKEN_BACK)
                    await jobs.stop(transaction, job.job_id, JobState.CANCELLED, now_ms, error)
                    await tags.keep(transaction, self._scheduler.queue.unkept(withdrawn=job.job_id).tags)
                    transaction.after_commit(functools.partial(self._scheduler.withdraw, job.job_id))
                    transaction.after_commit(self._wake_delivery)
                files = await deletion.delete(transaction, job.job_id, takedown.author_id, now_ms)
                transaction.after_commit(self._wake_removal)
            await takedowns.go_on(transaction, takedown)
        self._faults.reach(FaultPoint.RESULT_DELETED)
        for file in files or ():
            await self._archive.discard(file)  # after a crash here, the sweep removes the rest


def used_of(actor: Actor, job: Job) -> OwnPictureUsed | None:
    """Return which picture of the actor's a result is or was made from; None if it is nobody's business."""
    if job.member_id == actor.member_id:
        return OwnPictureUsed(job_id=job.job_id)
    for reference in job.spec.references:
        origin = reference.origin
        if origin.author_id == actor.member_id and origin.message_id is not None:
            return OwnPictureUsed(message_id=origin.message_id)
    if job.parent is not None and job.parent.member_id == actor.member_id:
        return OwnPictureUsed(job_id=job.parent.key.job_id)
    return None
