"""The dispatcher: claim → engine → encode → archive → finish, one batch on the engine at a time."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from kleinbot.archive.archive import Archive
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.tasks import TaskMaker
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, FatalEngineError, KleinbotError, RenderError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.job import Job, JobState
from kleinbot.domain.work import BatchResult, ImageKey, JobProgress, RenderTask, StepReport
from kleinbot.engine.protocol import Engine
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import BatchLimits, WaitingImage
from kleinbot.store import jobs, lookup, tags
from kleinbot.store.database import Database, Transaction

_log = logging.getLogger(__name__)

LEAST_FREE_BYTES = 256 * 2**20
"""Below this nothing is dispatched: a picture that cannot be stored must not cost GPU time."""

_HOLD_S = 15.0
_LEAST_S = 1e-3


class ProgressSink(Protocol):
    """Shows how far a job is; lossy."""

    def progress(self, job_id: str, progress: JobProgress) -> None: ...


class Dispatcher:
    """Owns the engine's time. ``run`` is its only loop; ``stop`` ends it within a grace period."""

    def __init__(
        self,
        *,
        database: Database,
        archive: Archive,
        engine: Engine,
        line: Line,
        cost_model: CostModel,
        limits: BatchLimits,
        tasks: TaskMaker,
        finisher: Finisher,
        sink: ProgressSink,
        wake_delivery: Callable[[], None],
        is_paused: Callable[[], bool],
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._database = database
        self._archive = archive
        self._engine = engine
        self._line = line
        self._cost_model = cost_model
        self._limits = limits
        self._tasks = tasks
        self._finisher = finisher
        self._sink = sink
        self._wake_delivery = wake_delivery
        self._is_paused = is_paused
        self._clock = clock
        self._faults = faults
        self._woken = asyncio.Event()
        self._stopping = False
        self._stopped_jobs: set[str] = set()
        self.disk_is_full = False
        """Nothing is dispatched until there is room again."""

    def job_added(self) -> None:
        self._woken.set()

    def door_moved(self) -> None:
        """Look again whether the work is paused."""
        self._woken.set()

    def job_stopped(self, job_id: str) -> None:
        """Let the running batch leave out a job that was stopped."""
        if any(image.key.job_id == job_id for image in self._line.running):
            self._stopped_jobs.add(job_id)
        self._woken.set()

    async def run(self) -> None:
        """Work until ``stop``; the engine must be ready.

        Raises FatalEngineError once the engine can no longer work: the rows are safe, the process is not.
        """
        while not self._stopping:
            await self._finisher.room()
            self._woken.clear()
            self.disk_is_full = self._archive.free_bytes() < LEAST_FREE_BYTES
            if self.disk_is_full:
                _log.error("the disk is nearly full: nothing is dispatched until there is room")
                await self._pause()
                continue
            batch = () if self._is_paused() else self._line.next_batch(self._limits)
            if batch:
                await self._work(batch)
            else:
                await self._woken.wait()

    async def _pause(self) -> None:
        """Wait a while, or until something changes."""
        slept = asyncio.ensure_future(self._clock.sleep(_HOLD_S))
        woken = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait({slept, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            slept.cancel()
            woken.cancel()

    async def stop(self) -> None:
        """Let the batch in hand be the last one; ``run`` then returns."""
        self._stopping = True
        self._woken.set()

    async def _work(self, batch: Sequence[WaitingImage]) -> None:
        keys = [image.key for image in batch]
        try:
            claimed = await self._claim(batch)
        except sqlite3.OperationalError as error:
            _log.error("the database refuses writes, nothing is dispatched: %s", error)
            for key in keys:
                self._line.returned(key)
            await self._pause()
            return
        except asyncio.CancelledError:
            await asyncio.shield(self._put_back(keys))  # the claim may have been committed
            raise
        if not claimed:
            return
        self._faults.reach(FaultPoint.AFTER_CLAIM)
        try:
            claimed, tasks, lost = await self._prepare(claimed)
            for image, reason in lost:
                self._line.finished(image.key, 0.0)
                await self.fail(image.key.job_id, reason)
            if not tasks:
                return
            result = await self._render(claimed, tasks)
        except RenderError as error:
            await self._give_up(claimed, error)
            return
        except FatalEngineError:
            # The rows stay "running": the next start counts that as lost, and runs each of them alone.
            raise
        except BaseException:
            await asyncio.shield(self._put_back([image.key for image, _ in claimed]))
            raise
        finally:
            self._stopped_jobs.difference_update(image.key.job_id for image, _ in claimed)
        seconds = max(result.seconds.total_s, _LEAST_S)
        if all(rendered.pixels is not None for rendered in result.images):
            self._cost_model.observe(claimed[0][0].shape, seconds, len(claimed))
        self._hand_to_finisher(claimed, result, seconds / len(claimed))

    async def _claim(self, batch: Sequence[WaitingImage]) -> list[tuple[WaitingImage, Job]]:
        batch_id = f"{batch[0].key.job_id}.{batch[0].key.position}"
        now_ms = self._clock.now_ms()
        claimed = []
        async with self._database.transaction() as transaction:
            for image in batch:
                if await jobs.claim(transaction, image.key, batch_id, now_ms):
                    job = await lookup.by_id(transaction, image.key.job_id)
                    if job is not None:
                        claimed.append((image, job))
            await tags.replace(transaction, self._line.tags())
        kept = {image.key for image, _ in claimed}
        for image in batch:
            if image.key not in kept:
                self._line.finished(image.key, 0.0)  # stopped between two events; it cost nothing
        return claimed

    async def _prepare(
        self, claimed: Sequence[tuple[WaitingImage, Job]]
    ) -> tuple[list[tuple[WaitingImage, Job]], list[RenderTask], list[tuple[WaitingImage, RenderError]]]:
        """Read what the images need; those whose input pictures are lost come back with the reason."""
        ready, tasks, lost = [], [], []
        for image, job in claimed:
            try:
                tasks.append(await self._tasks.task(job, image.key))
            except RenderError as error:
                lost.append((image, error))
            else:
                ready.append((image, job))
        return ready, tasks, lost

    async def _render(
        self, claimed: Sequence[tuple[WaitingImage, Job]], tasks: Sequence[RenderTask]
    ) -> BatchResult:
        # Within a job the line keeps the order of its images, so those before this one are done.
        done_of = {job.job_id: image.key.position for image, job in reversed(claimed)}

        def on_step(report: StepReport) -> None:
            for job_id, done in done_of.items():
                self._sink.progress(job_id, JobProgress(done, report.done / report.total))

        return await self._engine.render(tasks, on_step, lambda key: key.job_id in self._stopped_jobs)

    def _hand_to_finisher(
        self, claimed: Sequence[tuple[WaitingImage, Job]], result: BatchResult, seconds: float
    ) -> None:
        job_of = {image.key: job for image, job in claimed}
        for rendered in result.images:
            self._line.finished(rendered.key, self._cost_model.measured_cost(seconds))
            if rendered.pixels is not None:
                self._finisher.accept(job_of[rendered.key], rendered.key, rendered.pixels, seconds)

    async def _give_up(self, claimed: Sequence[tuple[WaitingImage, Job]], error: RenderError) -> None:
        if error.code is Code.STOPPING:
            await self._put_back([image.key for image, _ in claimed])
            return
        for image, job in claimed:
            self._line.finished(image.key, 0.0)
            await self.fail(job.job_id, error)

    async def fail(self, job_id: str, error: KleinbotError) -> None:
        """End a job that cannot be made: refunded, and told."""

        async def stop(transaction: Transaction) -> None:
            await jobs.stop(transaction, job_id, JobState.FAILED, self._clock.now_ms(), error)

        await self._store(stop)
        self._line.withdraw(job_id)
        self._wake_delivery()

    async def _put_back(self, keys: Sequence[ImageKey]) -> None:
        """Return claimed images to their old places, in the rows and in the line."""

        async def put_back(transaction: Transaction) -> None:
            for key in keys:
                await jobs.put_back(transaction, key, self._clock.now_ms(), "returned")

        async def keep_tags(transaction: Transaction) -> None:
            await tags.replace(transaction, self._line.tags())

        await self._store(put_back)
        for key in keys:
            self._line.returned(key)
        await self._store(keep_tags)

    async def _store(self, write: Callable[[Transaction], Awaitable[None]]) -> None:
        """Run ``write`` in a transaction, again and again while the database refuses writes."""
        while True:
            try:
                async with self._database.transaction() as transaction:
                    await write(transaction)
            except sqlite3.OperationalError as error:
                _log.error("the database refuses writes, trying again: %s", error)
                await self._clock.sleep(_HOLD_S)
            else:
                return
