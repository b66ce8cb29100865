"""The dispatcher: claim → engine → finish, one batch on the card at a time, at most one resting beside it."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from fractions import Fraction

from kleinbot.dispatch.batch import Batch, Claimed, keys_of
from kleinbot.dispatch.card import Card, ProgressSink, went_as_usual
from kleinbot.dispatch.claims import Claims
from kleinbot.dispatch.disk_room import DiskRoom
from kleinbot.dispatch.finishing import Finisher
from kleinbot.dispatch.idle import IdleShare
from kleinbot.dispatch.learning import Learning
from kleinbot.dispatch.limits import LearnedLimits
from kleinbot.dispatch.starts import Starts
from kleinbot.dispatch.tasks import TaskMaker
from kleinbot.domain.clock import Clock, sleep_until
from kleinbot.domain.errors import Code, KleinbotError, RenderError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.meters import Meters
from kleinbot.domain.work import BatchResult, EnginePhase, ImageKey, OutOfMemory, Rung, Suspended
from kleinbot.engine.protocol import Engine
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import WaitingImage
from kleinbot.queueing.yielding import should_yield
from kleinbot.store.database import Database

_log = logging.getLogger(__name__)

LEAST_FREE_BYTES = 256 * 2**20
"""Below this nothing is dispatched: a picture that cannot be stored must not cost GPU time."""

_HOLD_S = 15.0
_LEAST_S = 1e-3
_RELIEF_EVERY_S = 5.0
_LEAVING_S = 8.0
"""Less than a cancelled dispatcher is waited for."""


class Dispatcher:
    """Owns the engine's time. ``run`` is its only loop; ``stop`` ends it within a grace period."""

    def __init__(
        self,
        *,
        database: Database,
        engine: Engine,
        line: Line,
        cost_model: CostModel,
        learning: Learning,
        limits: LearnedLimits,
        tasks: TaskMaker,
        finisher: Finisher,
        sink: ProgressSink,
        starts: Starts,
        disk: DiskRoom,
        idle: IdleShare,
        meters: Meters,
        wake_delivery: Callable[[], None],
        is_paused: Callable[[], bool],
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._engine = engine
        self._line = line
        self._cost_model = cost_model
        self._limits = limits
        self._tasks = tasks
        self._finisher = finisher
        self._starts = starts
        self._disk = disk
        self._idle = idle
        self._meters = meters
        self._is_paused = is_paused
        self._clock = clock
        self._faults = faults
        self._claims = Claims(
            database=database,
            line=line,
            learning=learning,
            wake_delivery=wake_delivery,
            meters=meters,
            clock=clock,
        )
        self._card = Card(
            engine=engine,
            line=line,
            cost_model=cost_model,
            sink=sink,
            is_stopped=lambda key: key.job_id in self._stopped_jobs,
            clock=clock,
        )
        self._woken = asyncio.Event()
        self._stopping = False
        self._stopped_jobs: set[str] = set()
        self._resting: Batch | None = None
        self._in_hand: tuple[ImageKey, ...] = ()
        self.disk_is_full = False
        """Nothing is dispatched until there is room again."""

    @property
    def card_hangs(self) -> bool:
        """Whether the engine's thread will not come back."""
        return self._card.hangs

    @property
    def idle_s(self) -> float:
        """Return for how long nothing was drawn while nothing waits; 0 while something is in hand."""
        has_work = self._in_hand or self._resting or self._line.next_due() or self._finisher.is_busy
        return 0.0 if has_work else self._card.idle_s

    def draws(self, job_id: str) -> bool:
        """Say whether a picture of a job is on the card, or about to be on the free card."""
        if self._in_hand:
            return any(key.job_id == job_id for key in self._in_hand)
        if self._is_paused() or self.disk_is_full or self._stopping:
            return False
        due = self._line.next_due()
        return due is not None and due.key.job_id == job_id

    def used(self, job_id: str) -> dict[int, Fraction]:
        """Return what part of a job's begun pictures the card has used, by their positions."""
        resting = {} if self._resting is None else self._resting.used(job_id)
        drawn = dict.fromkeys(self._finisher.drawn(job_id), Fraction(1))
        return {**resting, **self._card.used(job_id), **drawn}

    def job_added(self) -> None:
        self._look()

    def door_moved(self) -> None:
        """Look again whether the work is paused."""
        self._look()

    def job_stopped(self, job_id: str) -> None:
        """Let the batches in hand leave out a job that was stopped."""
        self._starts.forget(job_id)
        if self._line.runs(job_id):
            self._stopped_jobs.add(job_id)
        self._look()

    async def fail(self, job_id: str, error: KleinbotError) -> None:
        """End a job that cannot be made: refunded, and told."""
        await self._claims.fail(job_id, error)
        self.job_stopped(job_id)

    async def stop(self) -> None:
        """Let the batch in hand be the last one; ``run`` then returns."""
        self._stopping = True
        self._look()

    async def run(self) -> None:
        """Work until ``stop``; the engine must be ready.

        Raises FatalEngineError once the engine can no longer work: the rows are safe, the process is not.
        """
        try:
            while not self._stopping:
                await self._turn()
            await self._leave_in_time()
        except asyncio.CancelledError:
            await self._leave_in_time()
            raise
        # Whatever else ends the loop leaves the rows of what is in hand "running": the next start counts that
        # as lost and runs each of them alone, so that nothing ends the process again and again. What rests is
        # put back by it without suspicion.
        finally:
            self._tasks.close()

    async def keep_promises(self) -> None:
        """Take back in time what can no longer be kept, also while nothing is drawn; until cancelled.

        Here also a standstill is noticed, whose end nobody tells.
        """
        while True:
            self._card.look_at_clock()
            self._relieve_overdue()
            await self._clock.sleep(_RELIEF_EVERY_S)

    async def _turn(self) -> None:
        """Do one batch, or wait until there may be one."""
        await self._finisher.room()
        self._woken.clear()
        self._relieve_overdue()
        resting = self._resting
        if resting is not None and self._is_unwanted(resting):
            await self._discard(resting)
            return
        if self._is_paused() and resting is None:
            self._idle.note(in_flight=False, work_waits=False)
            await self._woken.wait()
            return
        if not await self._has_room():
            self._idle.note(in_flight=False, work_waits=False)
            await self._pause()
            return
        if self._stopping:
            return
        if resting is not None and (self._is_paused() or not self._lets_pass(resting)):
            await self._go_on(resting)
            return
        due = self._line.next_due()
        if due is None:
            self._idle.note(in_flight=False, work_waits=False)
            await self._woken.wait()
            return
        if due.alone:
            # If the process ends now, nobody else must be in hand: so the one to blame is known.
            await self._finisher.emptied()
        await self._begin()

    def _choose(self) -> tuple[WaitingImage, ...]:
        """Start in the line what is due now; nothing where what was decided no longer holds."""
        if self._stopping or self._is_paused():
            return ()
        if self._resting is not None and not self._lets_pass(self._resting):
            return ()
        due = self._line.next_due()
        if due is not None and due.alone and self._finisher.is_busy:
            return ()
        passing = () if self._resting is None else self._resting.keys
        images = self._line.next_batch(self._limits, passing)
        self._in_hand = tuple(image.key for image in images)
        return images

    def _look(self) -> None:
        """Something has changed: the line, the door, or what is wanted."""
        self._card.look(may_yield=self._may_yield())
        is_able = self._engine.state.phase is EnginePhase.READY and not self.disk_is_full
        if is_able and not self._card.is_busy and not self._is_paused():
            self._idle.note(in_flight=False, work_waits=self._line.next_due() is not None)
        self._woken.set()

    def _may_yield(self) -> bool:
        return self._resting is None and not self._stopping and not self._is_paused()

    def _lets_pass(self, resting: Batch) -> bool:
        return should_yield(
            resting.keys, self._line, self._cost_model, self._clock.now_ms(), resting.passed_cost
        )

    def _is_unwanted(self, batch: Batch) -> bool:
        return all(key.job_id in self._stopped_jobs for key in batch.keys)

    def _relieve_overdue(self) -> None:
        """Take back the promises that can no longer be kept; the waiting messages say so."""
        for job_id in self._line.overdue(self._clock.now_ms(), self._cost_model):
            self._line.drop_deadline(job_id)
            self._meters.promise_dropped()

    async def _has_room(self) -> bool:
        try:
            has_room = await self._disk.has(LEAST_FREE_BYTES)
        except OSError as error:
            _log.error("the disk does not answer: %s", error)
            has_room = False
        if not has_room and not self.disk_is_full:
            _log.error("the disk is nearly full: nothing is dispatched until there is room")
        self.disk_is_full = not has_room
        return has_room

    async def _pause(self) -> None:
        """Wait a while, or until something changes."""
        await sleep_until(self._woken, self._clock, _HOLD_S)

    async def _begin(self) -> None:
        """Claim, read and render what is due."""
        try:
            claimed = await self._claims.claim(self._choose)
        except sqlite3.OperationalError as error:
            _log.error("the database refuses writes, nothing is dispatched: %s", error)
            for key in self._in_hand:
                self._line.returned(key)
            self._in_hand = ()
            await self._pause()
            return
        self._in_hand = keys_of(claimed)
        if not claimed:
            return
        self._faults.reach(FaultPoint.AFTER_CLAIM)
        self._starts.note(claimed)
        if self._resting is not None:
            self._resting.passed_cost += sum(image.cost for image, _ in claimed)
        batch = await self._prepared(claimed)
        if batch is not None:
            await self._render(batch)
        if claimed[0][0].alone:
            await self._finisher.emptied()

    async def _prepared(self, claimed: tuple[Claimed, ...]) -> Batch | None:
        """Read what the images need; those whose input pictures are lost fail."""
        ready, tasks = [], []
        for image, job in claimed:
            try:
                tasks.append(await self._tasks.task(job, image.key))
            except RenderError as error:
                self._line.finished(image.key, 0.0)
                self._in_hand = tuple(key for key in self._in_hand if key != image.key)
                self._finisher.refuse(image.key, error)
            else:
                ready.append((image, job))
        return Batch(tuple(ready), tuple(tasks)) if ready else None

    async def _go_on(self, resting: Batch) -> None:
        """Continue the batch that let others pass."""
        await self._claims.go_on(resting)
        self._in_hand, self._resting = resting.keys, None
        await self._render(resting)

    async def _render(self, batch: Batch) -> None:
        self._idle.note(in_flight=True, work_waits=True)
        self._read_ahead()
        try:
            outcome = await self._card.run(batch, may_yield=self._may_yield())
        except RenderError as error:
            await self._give_up(batch, error)
        else:
            if isinstance(outcome, Suspended):
                self._in_hand, self._resting = (), batch
                self._meters.batch_suspended()
                await self._claims.rest(batch)
            else:
                self._done(batch, outcome)
        finally:
            self._idle.note(
                in_flight=False,
                work_waits=self._line.next_due() is not None or self._resting is not None,
            )
        self._forget_stopped()

    def _read_ahead(self) -> None:
        """Read what the next images need beside the batch on the card, without claiming them yet."""
        image = self._line.next_due()
        if image is not None and (image.shape.references or image.shape.first_sigma < 1.0):
            self._tasks.read_ahead(image.key.job_id, lambda: self._claims.job_of(image))

    def _done(self, batch: Batch, result: BatchResult) -> None:
        self._learn(batch, result)
        seconds = max(result.seconds.total_s, _LEAST_S) / len(batch.claimed)
        job_of = {image.key: job for image, job in batch.claimed}
        for rendered in result.images:
            self._line.finished(rendered.key, self._cost_model.measured_cost(seconds))
            if rendered.pixels is not None:
                self._finisher.accept(job_of[rendered.key], rendered.key, rendered.pixels, seconds)
        for rendered in result.images:
            if rendered.error is not None:
                self._finisher.refuse(rendered.key, rendered.error)
        self._in_hand = ()

    def _learn(self, batch: Batch, result: BatchResult) -> None:
        for event in result.out_of_memory:
            _log.warning("a batch of %d did not fit: %s", event.batch, event.rung)
            self._limits.learn(batch.shape, event)
            self._meters.out_of_memory(event)
        if went_as_usual(result):
            seconds = max(result.seconds.total_s, _LEAST_S)
            self._cost_model.observe(batch.shape, seconds, len(batch.claimed))
        # What did not fit was made one by one.
        self._meters.batch_done(result.seconds, 1 if result.out_of_memory else len(batch.claimed))

    async def _give_up(self, batch: Batch, error: RenderError) -> None:
        """Handle a batch of which nothing came: one image fails, several are tried one by one."""
        if error.code is Code.STOPPING:
            await self._put_back()
            return
        if error.code is Code.OUT_OF_MEMORY:
            self._limits.learn(batch.shape, OutOfMemory(Rung.GIVE_UP, len(batch.claimed)))
        if len(batch.claimed) > 1:
            await self._put_back("failed", alone=True)
            return
        self._in_hand = ()
        self._line.finished(batch.keys[0], self._cost_model.measured_cost(batch.on_card_s))
        self._finisher.refuse(batch.keys[0], error)

    async def _discard(self, resting: Batch) -> None:
        """Forget a resting batch that nobody wants any more."""
        self._resting = None
        if resting.suspended is not None:
            await self._engine.discard(resting.suspended)
        seconds = resting.on_card_s / len(resting.claimed)
        for key in resting.keys:
            self._line.finished(key, self._cost_model.measured_cost(seconds))
        self._forget_stopped()

    async def _put_back(self, outcome: str = "returned", *, alone: bool = False) -> None:
        """Return what is in hand to its place."""
        # In hand until it is written: whoever is cancelled meanwhile puts it back once more.
        await self._claims.put_back(self._in_hand, outcome, alone=alone)
        self._in_hand = ()

    async def _leave(self) -> None:
        """Put back what is begun. The engine is closed next, and lets go of what rests by itself."""
        if self._resting is not None:
            self._in_hand, self._resting = (*self._in_hand, *self._resting.keys), None
        await self._put_back()
        await self._claims.keep()

    async def _leave_in_time(self) -> None:
        """``_leave`` as far as the database lets it: the process is ending, so it must not wait long.

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

    def _forget_stopped(self) -> None:
        self._stopped_jobs = {job_id for job_id in self._stopped_jobs if self._line.runs(job_id)}
