"""A host in simulated time: engines, members who ask, and kleinbot's own admission, order and batches.

What the dispatcher does between two steps is done here over the same functions, for one engine or several.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.errors import Refusal
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import StartCertainty
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.profile import CPU_SMALL, Profile
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.scheduler.cost import CostModel, cost
from kleinbot.scheduler.engines import NextStep, ScheduledEngine
from kleinbot.scheduler.entries import Shape, WaitingImage, Weights
from kleinbot.scheduler.scheduler import Scheduler

Owner = tuple[int, int]
"""A member's server and their id."""


@dataclass(eq=False)
class Asked:
    """A job and what became of it; times in seconds. ``told_start_s`` from now on, as ``certainty``."""

    job_id: str
    owner: Owner
    shape: Shape
    asked_s: float
    left: int
    told_start_s: float
    certainty: StartCertainty
    is_promised: bool
    done: Callable[["Asked"], None] | None
    start_s: float | None = None
    end_s: float | None = None

    @property
    def wait_s(self) -> float:
        assert self.start_s is not None
        return self.start_s - self.asked_s


@dataclass(eq=False)
class _Batch:
    images: tuple[WaitingImage, ...]
    steps_done: int = 0
    on_gpu_s: float = 0.0

    @property
    def keys(self) -> tuple[ImageKey, ...]:
        return tuple(image.key for image in self.images)


@dataclass(frozen=True)
class _Ready:
    """An engine that can always draw."""

    profile: Profile = CPU_SMALL
    state: EngineState = field(default_factory=lambda: EngineState(EnginePhase.READY))


@dataclass(frozen=True)
class _Batches:
    """A capacity that is the same for every shape."""

    largest: int

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        del grid, references
        return self.largest


class Host:
    """``s_per_picture``: what a picture that costs 1 takes; ``slower``: shapes that take longer."""

    def __init__(
        self,
        s_per_picture: float = 1.0,
        *,
        largest_batch: int = 4,
        engines: int = 1,
        weights: Weights | None = None,
        slower: dict[Shape, float] | None = None,
        prior_s: float | None = None,
    ) -> None:
        self.now_s = 0.0
        self.model = CostModel(s_per_picture if prior_s is None else prior_s)
        each = (_Ready(), _Batches(largest_batch))
        self.scheduler = Scheduler([each] * engines, self.model, self, weights=weights)
        self.queue = self.scheduler.queue
        self.open: dict[str, Asked] = {}
        self.ended: list[Asked] = []
        self.refused: dict[Owner, int] = defaultdict(int)
        self.served_s: dict[Owner, float] = defaultdict(float)
        self.dropped = 0
        self._s_per_picture = s_per_picture
        self._slower = slower or {}
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self._engines = [_Engine(self, scheduled) for scheduled in self.scheduler.engines]

    # Members

    def at(self, time_s: float, act: Callable[[], object]) -> None:
        heapq.heappush(self._events, (time_s, next(self._numbers), act))

    def ask(
        self, owner: Owner, shape: Shape, pictures: int = 1, done: Callable[[Asked], None] | None = None
    ) -> Asked | None:
        """Ask for a job; None where it is refused."""
        job_id = f"{next(self._numbers):09}"
        each = self.model.expected_cost(shape)
        images = tuple(WaitingImage(ImageKey(job_id, n), *owner, shape, each) for n in range(pictures))
        try:
            verdict = self.scheduler.admit(images, self.now_ms())
        except Refusal:
            self.refused[owner] += 1
            return None
        self.scheduler.submit(verdict.images)
        is_promised = verdict.relaxed_reason is None
        asked = Asked(
            job_id, owner, shape, self.now_s, pictures, verdict.start_s, verdict.certainty, is_promised, done
        )
        self.open[job_id] = asked
        for engine in self._engines:
            engine.wake()
        return asked

    def cancel(self, asked: Asked) -> None:
        if self.open.pop(asked.job_id, None) is not None:
            self.scheduler.withdraw(asked.job_id)

    def keeps(
        self, owner: Owner, shape: Shape, pictures: int = 1, *, depth: int = 1, think_s: float = 0.0,
        since_s: float = 0.0, retry_s: float = 5.0,
    ) -> None:  # fmt: skip
        """Let a member have ``depth`` jobs open from ``since_s`` on; whatever is done is asked for again."""

        def ask() -> None:
            if self.ask(owner, shape, pictures, lambda _: self.at(self.now_s + think_s, ask)) is None:
                self.at(self.now_s + retry_s, ask)

        for number in range(depth):
            self.at(since_s + 0.01 * number + 0.0001 * owner[1], ask)

    # Time

    def now_ms(self) -> int:
        return round(self.now_s * MS_PER_S)

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError

    def run(self, until_s: float) -> None:
        while self._events and self._events[0][0] <= until_s:
            self.now_s, _, act = heapq.heappop(self._events)
            act()
        self.now_s = until_s

    def batch_s(self, batch: _Batch) -> float:
        shape = batch.images[0].shape
        return cost(shape) * len(batch.images) * self._s_per_picture * self._slower.get(shape, 1.0)

    def next_batch(self, engine: ScheduledEngine) -> tuple[WaitingImage, ...]:
        self.dropped += self.scheduler.relieve_overdue()
        images = self.scheduler.next_batch(engine)
        self.scheduler.claimed(engine, images)
        for image in images:
            asked = self.open.get(image.key.job_id)
            if asked is not None and asked.start_s is None:
                asked.start_s = self.now_s
        return images

    def is_unwanted(self, batch: _Batch) -> bool:
        return all(self.scheduler.is_stopped(key) for key in batch.keys)

    def finish(self, batch: _Batch) -> None:
        each_s = max(1e-3, batch.on_gpu_s / len(batch.images))
        if batch.steps_done == batch.images[0].shape.steps:
            self.model.observe(batch.images[0].shape, batch.on_gpu_s, len(batch.images))
        for image in batch.images:
            self.scheduler.finished(image.key, each_s)
            self.served_s[image.server_id, image.member_id] += each_s
            self._made(image)

    def _made(self, image: WaitingImage) -> None:
        asked = self.open.get(image.key.job_id)
        if asked is None:
            return
        asked.left -= 1
        if asked.left == 0:
            asked.end_s = self.now_s
            self.ended.append(self.open.pop(asked.job_id))
            if asked.done is not None:
                asked.done(asked)


@dataclass(eq=False)
class _Engine:
    """What a loop of the dispatcher does, in simulated time."""

    host: Host
    scheduled: ScheduledEngine
    on_gpu: _Batch | None = None
    resting: _Batch | None = None

    def wake(self) -> None:
        if self.on_gpu is None:
            self._turn()

    def _turn(self) -> None:
        resting = self.resting
        step = self.host.scheduler.next_step(self.scheduled)
        if step is NextStep.BEGIN:
            images = self.host.next_batch(self.scheduled)
            if images:
                self.on_gpu = _Batch(images)
                self._work()
        elif step in (NextStep.GO_ON, NextStep.DISCARD):
            self.scheduled.resume()
            self.on_gpu, self.resting = resting, None
            self._work()

    def _work(self) -> None:
        batch = self.on_gpu
        assert batch is not None
        step_s = self.host.batch_s(batch) / batch.images[0].shape.steps
        if self.host.is_unwanted(batch):
            self._end(batch)
        else:
            self.host.at(self.host.now_s + step_s, lambda: self._step(batch, step_s))

    def _step(self, batch: _Batch, step_s: float) -> None:
        batch.steps_done += 1
        batch.on_gpu_s += step_s
        steps = batch.images[0].shape.steps
        self.host.scheduler.worked(batch.keys, batch.steps_done / steps, batch.on_gpu_s)
        if batch.steps_done == steps:
            self._end(batch)
        elif self.host.scheduler.should_yield(self.scheduled):
            self.scheduled.suspend()
            self.on_gpu, self.resting = None, batch
            self._turn()
        else:
            self._work()

    def _end(self, batch: _Batch) -> None:
        self.on_gpu = None
        self.scheduled.in_hand = ()
        self.host.finish(batch)
        if self.on_gpu is None:
            self._turn()
