"""Keeps the rows and the queue in step while a batch is claimed, suspended, resumed, put back or failed."""

import functools
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence

from kleinbot.dispatch.batch import Batch, Claimed
from kleinbot.dispatch.measured_times import MeasuredTimes
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import KleinbotError
from kleinbot.domain.job import Job, JobState
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.ports.metrics_sink import MetricsSink
from kleinbot.scheduler.entries import WaitingImage
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import Database, Transaction
from kleinbot.store.jobs import jobs, lookup, tags

_log = logging.getLogger(__name__)

_RETRY_S = 15.0


class Claims:
    """Writes the rows; all but a claim is tried again until the database takes it."""

    def __init__(
        self,
        *,
        database: Database,
        scheduler: Scheduler,
        learning: MeasuredTimes,
        wake_delivery: Callable[[], None],
        metrics: MetricsSink,
        clock: Clock,
    ) -> None:
        self._database = database
        self._scheduler = scheduler
        self._learning = learning
        self._wake_delivery = wake_delivery
        self._metrics = metrics
        self._clock = clock

    async def claim(self, choose: Callable[[], Sequence[WaitingImage]]) -> tuple[Claimed, ...]:
        """Mark the images that ``choose`` starts as running; return those that were not stopped meanwhile.

        ``choose`` is called inside the transaction, so that no other transaction stores the queue's tags
        between the start and its row. Raises sqlite3.OperationalError where the database refuses writes. A
        caller that is cancelled puts everything back that was chosen: the claim may have been committed
        before the cancellation arrived.
        """
        claimed: list[Claimed] = []
        async with self._database.transaction() as transaction:
            images = choose()
            now_ms = self._clock.now_ms()
            for image in images:
                if await jobs.claim(transaction, image.key, _batch_id(images[0].key), now_ms):
                    job = await lookup.by_id(transaction, image.key.job_id)
                    if job is not None:
                        claimed.append((image, job))
            changes = self._scheduler.queue.unkept()
            await tags.keep(transaction, changes.tags)
            await self._learning.keep(transaction)
        self._scheduler.queue.kept(changes)
        kept = {image.key for image, _ in claimed}
        for image in images:
            if image.key not in kept:
                self._scheduler.finished(image.key)  # stopped between two events; it cost nothing
        return tuple(claimed)

    async def job_of(self, image: WaitingImage) -> Job | None:
        """Return the job of a waiting image."""
        return await lookup.by_id(self._database.read, image.key.job_id)

    async def rest(self, batch: Batch) -> None:
        """Note that a batch is off the GPU for now: if the process ends meanwhile, it is not a suspect."""

        async def end(transaction: Transaction) -> None:
            for key in batch.keys:
                await jobs.end_attempt(transaction, key, self._clock.now_ms(), "returned")

        await self._store(end)

    async def go_on(self, batch: Batch) -> None:
        """Note that a resting batch is about to be on the GPU again."""

        async def begin(transaction: Transaction) -> None:
            for key in batch.keys:
                await jobs.begin_attempt(transaction, key, _batch_id(batch.keys[0]), self._clock.now_ms())

        await self._store(begin)

    async def put_back(
        self, keys: Iterable[ImageKey], outcome: str = "returned", *, alone: bool = False
    ) -> None:
        """Return claimed images to their old places, in the rows and in the queue.

        ``alone``: they share no batch from now on. An image that was stopped meanwhile, by its row, ends. It
        keeps its charge, as after a crash: nobody measured what it used, and a restart changes no order.
        """
        keys = tuple(keys)
        if not keys:
            return

        async def put_back(transaction: Transaction) -> None:
            for key in keys:
                waits = await jobs.put_back(transaction, key, self._clock.now_ms(), outcome)
                # Once, also where this is tried again: nothing starts before it is written.
                if self._scheduler.queue.is_running(key):
                    if waits:
                        self._scheduler.returned(key, alone=alone)
                    else:
                        self._scheduler.finished(key, None)
            await self.keep_tags(transaction)

        await self._store(put_back)

    async def fail(self, job_id: str, error: KleinbotError) -> bool:
        """End a job that cannot be made, refund it and tell its member. False where it had ended already."""
        failed = False

        async def stop(transaction: Transaction) -> None:
            nonlocal failed
            failed = await jobs.stop(transaction, job_id, JobState.FAILED, self._clock.now_ms(), error)
            await self.keep_tags(transaction, withdrawn=job_id)
            transaction.after_commit(functools.partial(self._failed, job_id, error if failed else None))

        await self._store(stop)
        return failed

    def _failed(self, job_id: str, error: KleinbotError | None) -> None:
        """``error`` None: the job had ended already."""
        self._scheduler.withdraw(job_id)
        if error is not None:
            self._metrics.failed(error.code)
            self._wake_delivery()

    async def keep_tags(self, transaction: Transaction, *, withdrawn: str | None = None) -> None:
        """Store the tags; ``withdrawn``: as they will be without this job, which is withdrawn on commit."""
        changes = self._scheduler.queue.unkept(withdrawn=withdrawn)
        await tags.keep(transaction, changes.tags)
        transaction.after_commit(functools.partial(self._scheduler.queue.kept, changes))

    async def keep_charges(self) -> None:
        """Store what ended images are charged whose rows had ended before."""
        await self._store(self.keep_tags)

    async def keep(self) -> None:
        """Store the tags and the measured times before the process ends."""

        async def keep(transaction: Transaction) -> None:
            await self.keep_tags(transaction)
            await self._learning.keep(transaction, now=True)

        await self._store(keep)

    async def _store(self, write: Callable[[Transaction], Awaitable[None]]) -> None:
        """Run ``write`` in a transaction, again and again while the database refuses writes."""
        while True:
            try:
                async with self._database.transaction() as transaction:
                    await write(transaction)
            except sqlite3.OperationalError as error:
                _log.error("the database refuses writes, trying again: %s", error)
                await self._clock.sleep(_RETRY_S)
            else:
                return


def _batch_id(first: ImageKey) -> str:
    return f"{first.job_id}.{first.position}"
