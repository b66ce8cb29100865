"""The scheduler: which images wait, what each engine runs next, and what can be told about a job.

It decides and does nothing: no I/O, and no time but that of the clock that it is given. All of it can be
rebuilt from rows.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from kleinbot.domain.capacity import Capacity
from kleinbot.domain.card import LetGo, LetGoReason
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import StartCertainty
from kleinbot.domain.job_spec import Checkpoint, ImageKey
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.scheduler.admission import Admission, AdmissionLimits, Admitted
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.engines import EngineView, NextStep, ScheduledEngine, most_able
from kleinbot.scheduler.entries import WaitingImage, Weights
from kleinbot.scheduler.estimates import EstimateErrors
from kleinbot.scheduler.idle_time import IdleTime
from kleinbot.scheduler.learned_limits import LearnedLimits
from kleinbot.scheduler.preemption import should_yield
from kleinbot.scheduler.queue import ImageQueue

_LET_GO_PHASES = {
    LetGoReason.HOST: EnginePhase.FREED,
    LetGoReason.QUIET_HOURS: EnginePhase.QUIET_HOURS,
    LetGoReason.OTHER_PROGRAM: EnginePhase.CARD_TAKEN,
    LetGoReason.IDLE: EnginePhase.UNLOADED,
}


@dataclass(frozen=True)
class JobOutlook:
    """Where an open job stands.

    ``is_drawn``: one of its images is on a GPU or being stored, and ``place`` and ``starts_at_ms`` are None.
    ``place``: 1 for the job that starts next; 0 if it has begun and its other images wait or are suspended.
    ``starts_at_ms``: its expected start, as certain as ``certainty`` says; None while no engine draws.
    ``is_late``: its promise was taken back.
    ``looked_ms``: when this was computed; None where no start is told.
    """

    place: int | None = None
    starts_at_ms: int | None = None
    is_late: bool = False
    is_drawn: bool = False
    certainty: StartCertainty = StartCertainty.STARTS
    looked_ms: int | None = None


class Scheduler:
    """Owns the queue, what work costs, the service mode, the engines and what each of them runs."""

    def __init__(
        self,
        engines: Sequence[tuple[EngineView, Capacity]],
        cost_model: CostModel,
        clock: Clock,
        *,
        weights: Weights | None = None,
        limits: AdmissionLimits | None = None,
    ) -> None:
        self.engines = tuple(
            ScheduledEngine(number, engine, capacity, LearnedLimits(capacity), IdleTime(clock))
            for number, (engine, capacity) in enumerate(engines)
        )
        self.queue = ImageQueue(weights)
        """Others read it and note that its tags were stored; only the scheduler changes anything else."""
        self.cost_model = cost_model
        self.limits = limits or AdmissionLimits()
        self.estimate_errors = EstimateErrors()
        self.disk_is_full = False
        """Nothing begins until there is room again."""
        self.is_ending = False
        """The process is about to end, and members are told so."""
        self._admission = Admission(self.queue, cost_model, self.limits)
        self._clock = clock
        self._service_mode = ServiceMode.OPEN
        self._let_go: LetGo | None = None
        self._is_stopping = False
        self._stopped_jobs: set[str] = set()
        self._listeners: list[Callable[[], None]] = []

    def watch(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever the engines may have something else to do."""
        self._listeners.append(listener)

    # Jobs

    def require_open(self) -> None:
        """Raise Refusal DRAINING, ENGINE_FAILED or STOPPING where no job is accepted at present."""
        if self._service_mode is ServiceMode.DRAINING:
            raise Refusal(Code.DRAINING)
        match self.engine_state().phase:
            case EnginePhase.FAILED:
                raise Refusal(Code.ENGINE_FAILED)
            case EnginePhase.DRAINING:
                raise Refusal(Code.STOPPING)
            case _:
                pass

    def admit(
        self, images: Sequence[WaitingImage], created_ms: int, token_dies_ms: int | None = None
    ) -> Admitted:
        """Judge a job's images; raises the refusals of ``Admission.admit``."""
        return self._admission.admit(
            images, created_ms, token_dies_ms, self._sharing(), is_drawing=self._is_drawing
        )

    def submit(self, images: Iterable[WaitingImage]) -> None:
        """Add the images that ``admit`` returned."""
        self.queue.submit(images)
        self._changed()

    def withdraw(self, job_id: str) -> None:
        """Remove a job that was stopped; the engines drop its running images between two steps."""
        self.queue.withdraw(job_id)
        self.estimate_errors.forget(job_id)
        if self.queue.runs(job_id):
            self._stopped_jobs.add(job_id)
        self._changed()

    def hold(self, server_id: int) -> None:
        """Start nothing of a server until it is released; its jobs keep their order."""
        self.queue.hold(server_id)

    def release(self, server_id: int) -> None:
        """Give a server's jobs their turns again."""
        if self.queue.release(server_id):
            self._changed()

    def is_stopped(self, key: ImageKey) -> bool:
        """Whether nobody wants a running image any more. May be asked on any thread."""
        return key.job_id in self._stopped_jobs

    def weights_changed(self) -> None:
        """Follow the weights: they say something else than before."""
        self.queue.weights_changed()

    def relieve_overdue(self) -> int:
        """Take back the promises that can no longer be kept; return how many there were."""
        overdue = self.queue.overdue(self._clock.now_ms(), self.cost_model)
        for job_id in overdue:
            self.queue.drop_deadline(job_id)
        return len(overdue)

    # Whether the engines work

    @property
    def service_mode(self) -> ServiceMode:
        return self._service_mode

    def set_service_mode(self, service_mode: ServiceMode) -> None:
        """Follow the owner's decision."""
        self._service_mode = service_mode
        self._changed()

    def stop(self) -> None:
        """Begin no further batch; those in hand are finished."""
        self._is_stopping = True
        self._changed()

    @property
    def is_stopping(self) -> bool:
        return self._is_stopping

    @property
    def is_paused(self) -> bool:
        """Whether nothing begins: the owner has paused the work, or the card is let go."""
        return self._let_go is not None or self._service_mode in (ServiceMode.PAUSED, ServiceMode.FREED)

    @property
    def let_go(self) -> LetGo | None:
        """Why the card is not used at present; only ``app.card`` changes it."""
        return self._let_go

    def set_let_go(self, let_go: LetGo | None) -> None:
        """Use the card no more, or again (None)."""
        if let_go != self._let_go:
            self._let_go = let_go
            self._changed()

    def engine_state(self) -> EngineState:
        """Return what the engines are doing, as members are told it."""
        if self.is_ending:
            return EngineState(EnginePhase.DRAINING)
        state = most_able(each.engine.state for each in self.engines)
        if self._let_go is not None and state.phase is not EnginePhase.FAILED:
            phase = _LET_GO_PHASES.get(self._let_go.reason)
            return state if phase is None else EngineState(phase, until_ms=self._let_go.until_ms)
        if state.phase is EnginePhase.READY and self.is_paused:
            return EngineState(EnginePhase.PAUSED)
        if state.phase is EnginePhase.READY and self.disk_is_full:
            return EngineState(EnginePhase.DISK_FULL)
        return state

    # What every engine can make

    @property
    def largest_grid_tokens(self) -> int:
        return min(each.engine.profile.largest_grid_tokens for each in self.engines)

    @property
    def checkpoints(self) -> frozenset[Checkpoint]:
        return frozenset.intersection(*(frozenset(each.engine.profile.checkpoints) for each in self.engines))

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        """Return how many such images fit on every engine at once, as ``Capacity`` says."""
        return min(each.capacity.largest_batch(grid, references) for each in self.engines)

    # What can be told

    @property
    def now_ms(self) -> int:
        """The moment for which it answers."""
        return self._clock.now_ms()

    def told_end_ms(self, admitted: Admitted) -> int | None:
        """Return when a job's member is told that all of it will be done.

        None where nothing is drawn, nothing was ever measured, or others may pass it.
        """
        is_known = self._is_drawing and self.cost_model.is_measured
        if not is_known or admitted.certainty is not StartCertainty.STARTS:
            return None
        return self.now_ms + round(admitted.end_s * MS_PER_S)

    def is_rendering(self, job_id: str) -> bool:
        """Whether an image of a job is on a GPU, or about to be on a free one."""
        if any(key.job_id == job_id for each in self.engines for key in each.in_hand):
            return True
        if all(each.in_hand for each in self.engines) or self._begins_nothing:
            return False
        due = self.queue.next_due()
        return due is not None and due.key.job_id == job_id

    def outlook(self, job_id: str, *, is_running: bool, has_done: bool) -> JobOutlook:
        """Return where an open job stands.

        ``is_running`` and ``has_done``: whether by its row it has begun, and has done some of its images.
        """
        is_late = self.queue.is_late(job_id)
        if is_running and (self.is_rendering(job_id) or not self.queue.holds(job_id)):
            return JobOutlook(is_late=is_late, is_drawn=True)
        # A job whose last images rest has none that waits, and goes on by itself. A job that has done some
        # goes on too, also where it waits again since a restart.
        expected = self.queue.expected(job_id, self.cost_model, self._sharing())
        place = None if expected is None else expected.place
        if is_running or has_done:
            place = 0
        if place is None or not self._is_drawing:
            return JobOutlook(place, is_late=is_late)
        wait_s, certainty = (
            (0.0, StartCertainty.STARTS) if expected is None else (expected.start_s, expected.certainty)
        )
        now_ms = self._clock.now_ms()
        return JobOutlook(
            place, now_ms + round(wait_s * MS_PER_S), is_late, certainty=certainty, looked_ms=now_ms
        )

    @property
    def busy_s(self) -> float:
        """Seconds of engines with a batch in flight."""
        return sum(each.idle_time.busy_s for each in self.engines)

    @property
    def idle_s(self) -> float:
        """Seconds of engines without a batch in flight while work waited."""
        return sum(each.idle_time.idle_s for each in self.engines)

    @property
    def idle_share(self) -> float:
        """Idle seconds as a part of idle and busy ones, 0…1; 0 before there was any work."""
        both_s = self.busy_s + self.idle_s
        return self.idle_s / both_s if both_s > 0 else 0.0

    # What an engine runs

    def next_step(self, engine: ScheduledEngine) -> NextStep:
        """Return what an engine does next, which has nothing in hand."""
        if engine.resting and all(self.is_stopped(key) for key in engine.resting):
            return NextStep.DISCARD
        if self._is_stopping:
            return NextStep.STOP
        if self.is_paused:
            if engine.resting and self._let_go is not None and self._let_go.puts_back:
                return NextStep.PUT_BACK
            return NextStep.GO_ON if engine.resting else NextStep.PAUSE
        if engine.resting and not self._should_yield(engine.resting):
            return NextStep.GO_ON
        due = self.queue.next_due()
        if due is None or self._waits_for_suspect(engine, is_alone=due.alone):
            return NextStep.WAIT
        return NextStep.BEGIN

    def next_batch(self, engine: ScheduledEngine) -> tuple[WaitingImage, ...]:
        """Start the images that an engine runs next; empty where it has something else to do."""
        if self.next_step(engine) is not NextStep.BEGIN:
            return ()
        images = self.queue.next_batch(engine.limits, engine.resting, engine.number)
        engine.in_hand = tuple(image.key for image in images)
        return images

    def claimed(self, engine: ScheduledEngine, images: Collection[WaitingImage]) -> None:
        """Note which of the images of ``next_batch`` are an engine's: the others were stopped meanwhile."""
        engine.in_hand = tuple(image.key for image in images)
        if images and engine.resting:
            self.queue.passed(engine.resting, sum(image.cost for image in images))

    def should_yield(self, engine: ScheduledEngine) -> bool:
        """Whether the batch in hand should rest after this step, so that an image may pass it.

        Not where another engine is free: that one takes the image.
        """
        if engine.resting or not engine.in_hand or self._begins_nothing:
            return False
        if any(each.is_ready and not each.has_work for each in self.engines if each is not engine):
            return False
        return self._should_yield(engine.in_hand)

    def worked(self, keys: Collection[ImageKey], fraction_done: float, on_gpu_s: float) -> None:
        """Note how far a batch is, and for how long the GPU has had it so far."""
        used_cost = self.cost_model.measured_cost(on_gpu_s / len(keys))
        self.queue.worked(keys, fraction_done, used_cost)

    def finished(self, key: ImageKey, on_gpu_s: float | None = 0.0) -> None:
        """End a running image, and charge its part of the seconds on the GPU.

        ``on_gpu_s`` None: it was not measured, and the charge stays as it is.
        """
        self.queue.finished(key, None if on_gpu_s is None else self.cost_model.measured_cost(on_gpu_s))
        self._forget_stopped(key)

    def returned(self, key: ImageKey, *, alone: bool = False) -> None:
        """Return a running image to its old place; ``alone``: it shares no batch from now on."""
        self.queue.returned(key, alone=alone)
        self._forget_stopped(key)

    def freed(self, engine: ScheduledEngine) -> None:
        """Note that an engine has nothing in hand any more."""
        engine.in_hand = ()
        if len(self.engines) > 1:
            self._changed()

    # Internals

    @property
    def _begins_nothing(self) -> bool:
        return self.is_paused or self.disk_is_full or self._is_stopping

    @property
    def _is_drawing(self) -> bool:
        return self._let_go is None and self.engine_state().phase is EnginePhase.READY

    def _sharing(self) -> tuple[int, ...]:
        """Return the numbers of the engines that share the work: those that are ready, else all."""
        ready = tuple(each.number for each in self.engines if each.is_ready)
        return ready or tuple(each.number for each in self.engines)

    def _should_yield(self, keys: Sequence[ImageKey]) -> bool:
        return should_yield(keys, self.queue, self.cost_model, self._clock.now_ms())

    def _waits_for_suspect(self, engine: ScheduledEngine, *, is_alone: bool) -> bool:
        """Whether a suspect, which runs while no other engine does, keeps an engine from beginning.

        ``is_alone``: the image that is due is one.
        """
        others = [key for each in self.engines if each is not engine for key in each.in_hand]
        if not others:
            return False
        return is_alone or any(self.queue.runs_alone(key) for key in others)

    def _forget_stopped(self, key: ImageKey) -> None:
        if not self.queue.runs(key.job_id):
            self._stopped_jobs.discard(key.job_id)

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()
