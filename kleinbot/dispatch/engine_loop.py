"""The loop of one engine: claim, render, finish.

One batch is on its GPU at a time, and at most one rests beside it.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from fractions import Fraction

from kleinbot.dispatch.batch import Batch, Claimed
from kleinbot.dispatch.batch_runner import BatchRunner, went_as_usual
from kleinbot.dispatch.claims import Claims
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.render_tasks import RenderTasks
from kleinbot.dispatch.start_metrics import StartMetrics
from kleinbot.domain.clock import Clock, sleep_until
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.ports.metrics_sink import MetricsSink
from kleinbot.domain.work import BatchResult, Fallback, OutOfMemory, Suspended
from kleinbot.scheduler.engines import NextStep, ScheduledEngine
from kleinbot.scheduler.entries import WaitingImage
from kleinbot.scheduler.scheduler import Scheduler

_log = logging.getLogger(__name__)

_HOLD_S = 15.0
_LEAST_S = 1e-3
_LEAVING_S = 8.0
"""Less than a cancelled dispatcher is waited for."""


class EngineLoop:
    """Owns one engine's time. ``run`` is its only loop; it ends after ``Scheduler.stop``."""

    def __init__(
        self,
        *,
        engine: ScheduledEngine,
        runner: BatchRunner,
        scheduler: Scheduler,
        claims: Claims,
        tasks: RenderTasks,
        finisher: Finisher,
        starts: StartMetrics,
        has_disk_space: Callable[[], Awaitable[bool]],
        metrics: MetricsSink,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._engine = engine
        self._runner = runner
        self._scheduler = scheduler
        self._claims = claims
        self._tasks = tasks
        self._finisher = finisher
        self._starts = starts
        self._has_disk_space = has_disk_space
        self._metrics = metrics
        self._clock = clock
        self._faults = faults
        self._woken = asyncio.Event()
        self._resting: Batch | None = None

    @property
    def hangs(self) -> bool:
        """Whether the engine's thread will not come back."""
        return self._runner.hangs

    @property
    def idle_s(self) -> float:
        """For how long the engine has had nothing to do; 0 while it has a batch."""
        return 0.0 if self._engine.has_work else self._runner.idle_s

    def used(self, job_id: str) -> dict[int, Fraction]:
        """Return what part of a job's begun images the GPU has used, by their positions."""
        resting = {} if self._resting is None else self._resting.used(job_id)
        return {**resting, **self._runner.used(job_id)}

    def look(self) -> None:
        """Follow a change: of the queue, of the service mode, or of the jobs that are wanted."""
        self._runner.look()
        is_able = self._engine.is_ready and not self._scheduler.disk_is_full
        if is_able and not self._runner.is_busy and not self._scheduler.is_paused:
            self._note_idle(work_waits=self._scheduler.queue.next_due() is not None)
        self._woken.set()

    def look_at_clock(self) -> None:
        """Notice a standstill, which nothing reports."""
        self._runner.look_at_clock()

    async def run(self) -> None:
        """Work until the scheduler stops; the engine must be ready.

        Raises FatalEngineError once the engine can no longer work: the rows are safe, the process is not.
        """
        # Any other exception leaves the rows of the batch in hand "running". The next start takes them for
        # lost and runs each image alone, so that nothing ends the process again and again. It puts a resting
        # batch back without suspicion.
        try:
            while not self._scheduler.is_stopping:
                await self._turn()
            await self._leave_in_time()
        except asyncio.CancelledError:
            await self._leave_in_time()
            raise

    async def _turn(self) -> None:
        """Do one batch, or wait until there may be one."""
        await self._finisher.room()
        self._woken.clear()
        relieve_overdue(self._scheduler, self._metrics)
        step = self._scheduler.next_step(self._engine)
        if step in (NextStep.DISCARD, NextStep.PAUSE, NextStep.PUT_BACK):
            await self._follow(step)
        elif await self._has_disk_space():
            await self._follow(self._scheduler.next_step(self._engine))
        else:
            self._note_idle(work_waits=False)
            await self._hold()

    async def _follow(self, step: NextStep) -> None:
        resting = self._resting
        if step is NextStep.BEGIN:
            await self._begin()
        elif step is NextStep.GO_ON and resting is not None:
            await self._claims.go_on(resting)
            self._engine.resume()
            self._resting = None
            await self._render(resting)
        elif step is NextStep.DISCARD and resting is not None:
            await self._discard(resting)
        elif step is NextStep.PUT_BACK and resting is not None:
            await self._leave(resting)
        elif step is not NextStep.STOP:
            self._note_idle(work_waits=False)
            await self._woken.wait()

    async def _begin(self) -> None:
        """Claim, read and render what is due."""
        due = self._scheduler.queue.next_due()
        if due is not None and due.alone:
            # A suspect may end the process. It is known to be the cause where nothing else is in hand.
            await self._finisher.emptied()
        try:
            claimed = await self._claims.claim(self._choose)
        except sqlite3.OperationalError as error:
            _log.error("the database refuses writes, nothing is dispatched: %s", error)
            for key in self._engine.in_hand:
                self._scheduler.returned(key)
            self._scheduler.freed(self._engine)
            await self._hold()
            return
        self._scheduler.claimed(self._engine, [image for image, _ in claimed])
        if not claimed:
            return
        self._faults.reach(FaultPoint.AFTER_CLAIM)
        self._starts.note(claimed)
        batch = await self._prepared(claimed)
        if batch is not None:
            await self._render(batch)
        if claimed[0][0].alone:
            await self._finisher.emptied()

    def _choose(self) -> tuple[WaitingImage, ...]:
        """Start what is due now; nothing where the decision no longer holds."""
        due = self._scheduler.queue.next_due()
        if due is not None and due.alone and self._finisher.is_busy:
            return ()
        return self._scheduler.next_batch(self._engine)

    async def _prepared(self, claimed: tuple[Claimed, ...]) -> Batch | None:
        """Read what the images need; those whose input pictures are lost fail."""
        ready, tasks = [], []
        for image, job in claimed:
            try:
                tasks.append(await self._tasks.task(job, image.key))
            except RenderError as error:
                self._scheduler.finished(image.key)
                self._engine.drop(image.key)
                self._finisher.refuse(image.key, error)
            else:
                ready.append((image, job))
        return Batch(tuple(ready), tuple(tasks)) if ready else None

    async def _render(self, batch: Batch) -> None:
        self._engine.idle_time.note(in_flight=True, work_waits=True)
        self._read_ahead()
        try:
            outcome = await self._runner.run(batch)
        except RenderError as error:
            await self._give_up(batch, error)
        else:
            if isinstance(outcome, Suspended):
                self._engine.suspend()
                self._resting = batch
                self._metrics.batch_suspended()
                await self._claims.rest(batch)
            else:
                await self._done(batch, outcome)
        finally:
            due = self._scheduler.queue.next_due()
            self._note_idle(work_waits=due is not None or self._resting is not None)

    def _read_ahead(self) -> None:
        """Read what the next images need while the batch is on the GPU, without claiming them yet."""
        image = self._scheduler.queue.next_due()
        if image is not None and (image.shape.references or image.shape.first_sigma < 1.0):
            self._tasks.read_ahead(image.key.job_id, lambda: self._claims.job_of(image))

    async def _done(self, batch: Batch, result: BatchResult) -> None:
        self._learn(batch, result)
        seconds = max(result.seconds.total_s, _LEAST_S) / len(batch.claimed)
        job_of = {image.key: job for image, job in batch.claimed}
        for rendered in result.images:
            self._scheduler.finished(rendered.key, seconds)
            if rendered.pixels is not None:
                self._finisher.accept(job_of[rendered.key], rendered.key, rendered.pixels, seconds)
        for rendered in result.images:
            if rendered.error is not None:
                self._finisher.refuse(rendered.key, rendered.error)
        self._scheduler.freed(self._engine)
        if any(rendered.pixels is None and rendered.error is None for rendered in result.images):
            await self._claims.keep_charges()

    def _learn(self, batch: Batch, result: BatchResult) -> None:
        for event in result.out_of_memory:
            _log.warning("a batch of %d did not fit: %s", event.batch, event.fallback)
            self._engine.limits.learn(batch.shape, event)
            self._metrics.out_of_memory(event)
        if went_as_usual(result):
            seconds = max(result.seconds.total_s, _LEAST_S)
            self._scheduler.cost_model.observe(batch.shape, seconds, len(batch.claimed))
        # What did not fit was made one by one.
        self._metrics.batch_done(result.seconds, 1 if result.out_of_memory else len(batch.claimed))

    async def _give_up(self, batch: Batch, error: RenderError) -> None:
        """Handle a batch of which nothing came: a single image fails, several are tried one by one."""
        if error.code is Code.STOPPING:
            await self._put_back()
            return
        if error.code is Code.OUT_OF_MEMORY:
            self._engine.limits.learn(batch.shape, OutOfMemory(Fallback.GIVE_UP, len(batch.claimed)))
        if len(batch.claimed) > 1:
            await self._put_back("failed", alone=True)
            return
        self._scheduler.finished(batch.keys[0], batch.on_gpu_s)
        self._scheduler.freed(self._engine)
        self._finisher.refuse(batch.keys[0], error)

    async def _discard(self, resting: Batch) -> None:
        """Forget a resting batch that nobody wants any more."""
        self._engine.resting, self._resting = (), None
        await self._runner.discard(resting)
        seconds = resting.on_gpu_s / len(resting.claimed)
        for key in resting.keys:
            self._scheduler.finished(key, seconds)
        await self._claims.keep_charges()

    async def _put_back(self, outcome: str = "returned", *, alone: bool = False) -> None:
        """Return what is in hand to its place."""
        # In hand until it is written: a loop that is cancelled meanwhile puts it back once more.
        await self._claims.put_back(self._engine.in_hand, outcome, alone=alone)
        self._scheduler.freed(self._engine)

    async def _leave(self, forgotten: Batch | None = None) -> None:
        """Put back what is begun. An engine that is closed next forgets the resting batch by itself.

        ``forgotten``: the resting batch of an engine that is not closed.
        """
        if forgotten is not None:
            await self._runner.discard(forgotten)
        self._engine.in_hand, self._engine.resting = (*self._engine.in_hand, *self._engine.resting), ()
        self._resting = None
        await self._put_back()
        await self._claims.keep()

    async def _leave_in_time(self) -> None:
        """``_leave``, for as long as an ending process can wait for the database.

        What is not put back stays "running" in its row; the next start puts it back.
        """
        leaving = asyncio.create_task(self._leave(), name="leaving")
        try:
            await asyncio.wait({leaving}, timeout=_LEAVING_S)
        finally:
            leaving.cancel()
            [ending] = await asyncio.gather(leaving, return_exceptions=True)
        if ending is not None:
            _log.error("what was in hand could not be put back by now", exc_info=ending)

    def _note_idle(self, *, work_waits: bool) -> None:
        self._engine.idle_time.note(in_flight=False, work_waits=work_waits)

    async def _hold(self) -> None:
        """Wait a while, or until something changes."""
        await sleep_until(self._woken, self._clock, _HOLD_S)


def relieve_overdue(scheduler: Scheduler, metrics: MetricsSink) -> None:
    """Take back the promises that can no longer be kept; the waiting messages say so."""
    for _ in range(scheduler.relieve_overdue()):
        metrics.promise_dropped()
