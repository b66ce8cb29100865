"""Runs one batch at a time on one engine."""

import asyncio
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Protocol

from kleinbot.dispatch.batch import Batch
from kleinbot.dispatch.suspension import Suspension
from kleinbot.dispatch.watchdog import Watchdog
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import FatalEngineError
from kleinbot.domain.work import BatchResult, JobProgress, Preview, StepReport, Suspended
from kleinbot.engine.protocol import Engine
from kleinbot.scheduler.engines import ScheduledEngine
from kleinbot.scheduler.scheduler import Scheduler


class ProgressSink(Protocol):
    """Shows how far a job is; a report may be lost."""

    def progress(self, job_id: str, progress: JobProgress) -> None: ...


class BatchRunner:
    """Gives a batch to the engine, watches it, and tells it between two steps to let others pass."""

    def __init__(
        self,
        *,
        engine: Engine,
        scheduled: ScheduledEngine,
        scheduler: Scheduler,
        sink: ProgressSink,
        clock: Clock,
    ) -> None:
        """``scheduled``: the engine as the scheduler knows it."""
        self._engine = engine
        self._scheduled = scheduled
        self._scheduler = scheduler
        self._sink = sink
        self._clock = clock
        self._watchdog = Watchdog(clock, engine.profile)
        self._standstill = Suspension(clock)
        self._batch: Batch | None = None
        self._must_yield = False
        self._stood_still = False
        self._since_s = 0.0
        self._left_s = clock.monotonic_s()
        self.hangs = False
        """The engine's thread will not come back, so nobody may wait for it when the engine is closed."""

    @property
    def is_busy(self) -> bool:
        return self._batch is not None

    @property
    def idle_s(self) -> float:
        """For how long nothing has been on the GPU."""
        return 0.0 if self.is_busy else self._clock.monotonic_s() - self._left_s

    def used(self, job_id: str) -> dict[int, Fraction]:
        """Return what part of a job's images on the GPU it has used, by their positions.

        The step in hand counts, since nothing can stop it.
        """
        return {} if self._batch is None else self._batch.used(job_id, steps_in_hand=1)

    async def run(self, batch: Batch) -> BatchResult | Suspended:
        """Begin ``batch``, or resume it where it was suspended.

        Raises RenderError where this batch cannot be made, FatalEngineError where nothing can any more or
        where the GPU hangs.
        """
        self.look_at_clock()
        self._begin(batch)
        working = asyncio.ensure_future(self._work(batch))
        watching = asyncio.ensure_future(self._watchdog.overrun())
        try:
            await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                self.hangs = True
                raise FatalEngineError(f"the card hangs: {watching.result()} takes far too long")
            outcome = working.result()
        finally:
            working.cancel()
            watching.cancel()
            try:
                await asyncio.gather(working, watching, return_exceptions=True)
            finally:
                self._left_s = self._clock.monotonic_s()
                batch.on_gpu_s += self._left_s - self._since_s
                self._batch = None
        if isinstance(outcome, Suspended):
            batch.suspended, batch.steps_done = outcome, outcome.steps_done
        elif went_as_usual(outcome):
            self._watchdog.learn(batch.shape, len(batch.claimed), outcome.seconds)
        return outcome

    def _begin(self, batch: Batch) -> None:
        self._batch, self._must_yield, self._stood_still = batch, False, False
        self._since_s = self._clock.monotonic_s()
        shape, size = batch.shape, len(batch.claimed)
        cost_model = self._scheduler.cost_model
        measured_s = cost_model.expected_s(shape, size) if cost_model.knows(shape) else None
        self._watchdog.begin(shape, size, measured_s)

    async def _work(self, batch: Batch) -> BatchResult | Suspended:
        act = (partial(self._note_step, batch), self._scheduler.is_stopped, self._asked_to_yield)
        if batch.suspended is None:
            outcome = await self._engine.render(batch.tasks, *act)
        else:
            outcome = await self._engine.resume(batch.suspended, *act)
        # The batch may have ended before anybody looked. Noise would then be given out, and paid for.
        self.look_at_clock()
        if self._stood_still:
            await self._engine.verify()
        return outcome

    async def discard(self, batch: Batch) -> None:
        """Have the engine forget a suspended batch."""
        if batch.suspended is not None:
            await self._engine.discard(batch.suspended)

    def look_at_clock(self) -> None:
        """Have the engine tested after a standstill: a GPU may lose its weights over a suspend."""
        if self._standstill.is_over():
            self._stood_still = True
            self._engine.mark_suspect()
            self._watchdog.test_follows()

    def look(self) -> None:
        """Decide again whether the batch lets others pass: a step is done, or the queue has changed."""
        batch = self._batch
        if batch is not None:
            on_gpu_s = batch.on_gpu_s + self._clock.monotonic_s() - self._since_s
            self._scheduler.worked(batch.keys, batch.fraction_done, on_gpu_s)
        # Read on the engine's thread. Setting it is atomic, and a step too late does no harm.
        self._must_yield = (
            batch is not None
            and 0 < batch.steps_done < batch.shape.steps
            and self._scheduler.should_yield(self._scheduled)
        )

    def _asked_to_yield(self) -> bool:
        return self._must_yield

    def _note_step(self, batch: Batch, report: StepReport) -> None:
        if batch is not self._batch:
            return  # a late report of a batch that has left the GPU
        batch.steps_done = report.done
        self._watchdog.step_done(report.done, report.total)
        fraction = report.done / report.total
        previews = _previews(report)
        for job_id, progress in _progress(batch, fraction).items():
            self._sink.progress(job_id, replace(progress, preview=previews.get(job_id)))
        self.look()


def went_as_usual(result: BatchResult) -> bool:
    """Whether a batch's seconds teach anything: all of it was made, and at once."""
    return not result.out_of_memory and all(rendered.pixels is not None for rendered in result.images)


def _previews(report: StepReport) -> dict[str, Preview]:
    """Return the preview of each job's first image in the batch."""
    found: dict[str, Preview] = {}
    for key, pixels in report.previews.items():
        earlier = found.get(key.job_id)
        if earlier is None or key.position < earlier.position:
            found[key.job_id] = Preview(pixels, key.position, report.done, report.total)
    return found


def _progress(batch: Batch, fraction: float) -> dict[str, JobProgress]:
    """Return how far each job of a batch is; its images before those in the batch are done already."""
    positions: dict[str, list[int]] = {}
    for key in batch.keys:
        positions.setdefault(key.job_id, []).append(key.position)
    found = {}
    for job_id, here in positions.items():
        made = min(here) + fraction * len(here)
        done = min(int(made), max(here))
        found[job_id] = JobProgress(done, made - done)
    return found
