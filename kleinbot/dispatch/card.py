"""The card: the engine with the one batch that it has in hand."""

import asyncio
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol

from kleinbot.dispatch.batch import Batch
from kleinbot.dispatch.standstill import Standstill
from kleinbot.dispatch.watchdog import Watchdog
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import FatalEngineError
from kleinbot.domain.work import BatchResult, ImageKey, JobProgress, StepReport, Suspended
from kleinbot.engine.protocol import Engine
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.line import Line
from kleinbot.queueing.yielding import should_yield


class ProgressSink(Protocol):
    """Shows how far a job is; lossy."""

    def progress(self, job_id: str, progress: JobProgress) -> None: ...


class Card:
    """Runs one batch at a time, watches it, and decides between its steps whether it lets others pass."""

    def __init__(
        self,
        *,
        engine: Engine,
        line: Line,
        cost_model: CostModel,
        sink: ProgressSink,
        is_stopped: Callable[[ImageKey], bool],
        clock: Clock,
    ) -> None:
        """``is_stopped`` is asked on the engine's thread."""
        self._engine = engine
        self._line = line
        self._cost_model = cost_model
        self._sink = sink
        self._is_stopped = is_stopped
        self._clock = clock
        self._watchdog = Watchdog(clock, engine.profile)
        self._standstill = Standstill(clock)
        self._batch: Batch | None = None
        self._may_yield = False
        self._must_yield = False
        self._stood_still = False
        self._since_s = 0.0
        self._left_s = clock.monotonic_s()
        self.hangs = False
        """The engine's thread will not come back: whoever closes the engine must not wait for it."""

    @property
    def is_busy(self) -> bool:
        return self._batch is not None

    @property
    def idle_s(self) -> float:
        """Return for how long nothing has been on the card."""
        return 0.0 if self.is_busy else self._clock.monotonic_s() - self._left_s

    def used(self, job_id: str) -> dict[int, Fraction]:
        """Return what part of a job's pictures on the card it has used, by their positions.

        The step in hand is counted: nothing can stop it.
        """
        return {} if self._batch is None else self._batch.used(job_id, steps_in_hand=1)

    async def run(self, batch: Batch, *, may_yield: bool) -> BatchResult | Suspended:
        """Begin ``batch``, or go on with it where it was suspended.

        Raises RenderError where this batch cannot be made, FatalEngineError where nothing can any more or
        where the card hangs.
        """
        self.look_at_clock()
        self._stood_still = False
        self._batch, self._may_yield, self._must_yield = batch, may_yield, False
        self._since_s = self._clock.monotonic_s()
        shape, size = batch.shape, len(batch.claimed)
        measured_s = self._cost_model.expected_s(shape, size) if self._cost_model.knows(shape) else None
        self._watchdog.begin(shape, size, measured_s)
        try:
            outcome = await self._watched(batch)
        finally:
            self._left_s = self._clock.monotonic_s()
            batch.on_card_s += self._left_s - self._since_s
            self._batch = None
        if isinstance(outcome, Suspended):
            batch.suspended, batch.steps_done = outcome, outcome.steps_done
        elif went_as_usual(outcome):
            self._watchdog.learn(batch.shape, len(batch.claimed), outcome.seconds)
        return outcome

    def look_at_clock(self) -> None:
        """Have the engine tested after a standstill: over a suspend a card may have lost its weights."""
        if self._standstill.is_over():
            self._stood_still = True
            self._engine.doubt()
            self._watchdog.test_follows()

    def look(self, *, may_yield: bool | None = None) -> None:
        """Decide anew whether the batch in hand lets others pass: a step is done, or the line has changed."""
        if may_yield is not None:
            self._may_yield = may_yield
        batch = self._batch
        if batch is not None:
            on_card_s = batch.on_card_s + self._clock.monotonic_s() - self._since_s
            used_cost = self._cost_model.measured_cost(on_card_s / len(batch.claimed))
            self._line.worked(batch.keys, batch.fraction_done, used_cost)
        # Read on the engine's thread; setting it is atomic, and a step too late does no harm.
        self._must_yield = (
            batch is not None
            and self._may_yield
            and 0 < batch.steps_done < batch.shape.steps
            and should_yield(
                batch.keys, self._line, self._cost_model, self._clock.now_ms(), batch.passed_cost
            )
        )

    async def _watched(self, batch: Batch) -> BatchResult | Suspended:
        working = asyncio.ensure_future(self._work(batch))
        watching = asyncio.ensure_future(self._watchdog.overrun())
        try:
            await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            self.hangs = True
            raise FatalEngineError(f"the card hangs: {watching.result()} takes far too long")
        finally:
            working.cancel()
            watching.cancel()
            await asyncio.gather(working, watching, return_exceptions=True)

    async def _work(self, batch: Batch) -> BatchResult | Suspended:
        def on_step(report: StepReport) -> None:
            self._note_step(batch, report)

        act = (self._is_stopped, self._asked_to_yield)
        if batch.suspended is None:
            outcome = await self._engine.render(batch.tasks, on_step, *act)
        else:
            outcome = await self._engine.resume(batch.suspended, on_step, *act)
        # The batch may have ended before anybody looked: noise would be given out, and paid for.
        self.look_at_clock()
        if self._stood_still:
            await self._engine.verify()
        return outcome

    def _asked_to_yield(self) -> bool:
        return self._must_yield

    def _note_step(self, batch: Batch, report: StepReport) -> None:
        if batch is not self._batch:
            return  # told late, by a batch that has left the card
        batch.steps_done = report.done
        self._watchdog.step_done(report.done, report.total)
        fraction = report.done / report.total
        for job_id, progress in _progress(batch, fraction).items():
            self._sink.progress(job_id, progress)
        self.look()


def went_as_usual(result: BatchResult) -> bool:
    """Say whether something may be learnt from how long a batch took: all of it was made, at once."""
    return not result.out_of_memory and all(rendered.pixels is not None for rendered in result.images)


def _progress(batch: Batch, fraction: float) -> dict[str, JobProgress]:
    """Return how far each job of a batch is: its images before those in the batch are done already."""
    positions: dict[str, list[int]] = {}
    for key in batch.keys:
        positions.setdefault(key.job_id, []).append(key.position)
    found = {}
    for job_id, here in positions.items():
        made = min(here) + fraction * len(here)
        done = min(int(made), max(here))
        found[job_id] = JobProgress(done, made - done)
    return found
