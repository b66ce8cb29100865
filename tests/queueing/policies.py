"""The policies that the simulation compares: kleinbot's own code, and what others do."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kleinbot.domain.errors import Refusal
from kleinbot.domain.job import Lane
from kleinbot.domain.work import ImageKey
from kleinbot.queueing.admission import AdmissionLimits, admit
from kleinbot.queueing.cost import CostModel, cost
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import Shape, WaitingImage
from kleinbot.queueing.yielding import should_yield

LARGEST_BATCH = 4


class ConsumerCard:
    """Batches only small pictures, as a consumer card does: one of 768² already keeps it busy."""

    def max_batch(self, shape: Shape) -> int:
        return LARGEST_BATCH if cost(shape) < 0.5 else 1


class Policy(Protocol):
    name: str
    refused_images: int
    late: int
    told_start_s: dict[str, float]

    def submit(self, job: Sequence[WaitingImage], now_s: float) -> None: ...
    def next_batch(self, now_s: float, passing: Sequence[WaitingImage] = ()) -> tuple[WaitingImage, ...]: ...
    def finished(self, key: ImageKey, measured_cost: float) -> None: ...
    def yields(
        self, batch: Sequence[WaitingImage], steps_done: int, passed_cost: float, now_s: float
    ) -> bool: ...
    def waiting(self) -> tuple[WaitingImage, ...]: ...


class _Plain:
    """Takes everything, runs one image at a time to its end."""

    def __init__(self) -> None:
        self.refused_images = 0
        self.late = 0
        self.told_start_s: dict[str, float] = {}

    def finished(self, key: ImageKey, measured_cost: float) -> None:
        del key, measured_cost

    def yields(
        self, batch: Sequence[WaitingImage], steps_done: int, passed_cost: float, now_s: float
    ) -> bool:
        del batch, steps_done, passed_cost, now_s
        return False


class Fifo(_Plain):
    name = "FIFO"

    def __init__(self) -> None:
        super().__init__()
        self._queue: deque[WaitingImage] = deque()

    def submit(self, job: Sequence[WaitingImage], now_s: float) -> None:
        del now_s
        self._queue.extend(job)

    def next_batch(self, now_s: float, passing: Sequence[WaitingImage] = ()) -> tuple[WaitingImage, ...]:
        del now_s, passing
        return (self._queue.popleft(),) if self._queue else ()

    def waiting(self) -> tuple[WaitingImage, ...]:
        return tuple(self._queue)


class RoundRobin(_Plain):
    name = "round-robin"

    def __init__(self) -> None:
        super().__init__()
        self._queues: OrderedDict[int, deque[WaitingImage]] = OrderedDict()

    def submit(self, job: Sequence[WaitingImage], now_s: float) -> None:
        del now_s
        self._queues.setdefault(job[0].member_id, deque()).extend(job)

    def next_batch(self, now_s: float, passing: Sequence[WaitingImage] = ()) -> tuple[WaitingImage, ...]:
        del now_s, passing
        if not self._queues:
            return ()
        member, queue = self._queues.popitem(last=False)
        image = queue.popleft()
        if queue:
            self._queues[member] = queue
        return (image,)

    def waiting(self) -> tuple[WaitingImage, ...]:
        return tuple(image for queue in self._queues.values() for image in queue)


@dataclass
class Fair:
    """The order and the batches of kleinbot; nothing promised or refused."""

    cost_model: CostModel
    name: str = "fair order"
    refused_images: int = 0
    late: int = 0
    told_start_s: dict[str, float] = field(default_factory=dict)
    line: Line = field(default_factory=Line)

    def submit(self, job: Sequence[WaitingImage], now_s: float) -> None:
        del now_s
        self.line.submit(job)

    def next_batch(self, now_s: float, passing: Sequence[WaitingImage] = ()) -> tuple[WaitingImage, ...]:
        del now_s
        return self.line.next_batch(ConsumerCard(), tuple(image.key for image in passing))

    def finished(self, key: ImageKey, measured_cost: float) -> None:
        self.line.finished(key, measured_cost)

    def yields(
        self, batch: Sequence[WaitingImage], steps_done: int, passed_cost: float, now_s: float
    ) -> bool:
        del batch, steps_done, passed_cost, now_s
        return False

    def waiting(self) -> tuple[WaitingImage, ...]:
        return self.line.waiting


@dataclass
class Kleinbot(Fair):
    """All of it: admission, promises, and long work that yields between steps."""

    name: str = "kleinbot"
    limits: AdmissionLimits = field(default_factory=AdmissionLimits)

    def submit(self, job: Sequence[WaitingImage], now_s: float) -> None:
        answer = admit(job, self.line, self.limits, self.cost_model, round(now_s * 1000))
        if isinstance(answer, Refusal):
            self.refused_images += len(job)
        else:
            self.line.submit(answer.images)
            if answer.lane is Lane.TOKEN:
                self.told_start_s[job[0].key.job_id] = now_s + answer.start_s

    def next_batch(self, now_s: float, passing: Sequence[WaitingImage] = ()) -> tuple[WaitingImage, ...]:
        for job_id in self.line.overdue(round(now_s * 1000), self.cost_model):
            self.late += 1
            self.line.drop_deadline(job_id)
        return super().next_batch(now_s, passing)

    def yields(
        self, batch: Sequence[WaitingImage], steps_done: int, passed_cost: float, now_s: float
    ) -> bool:
        keys = tuple(image.key for image in batch)
        fraction_done = steps_done / batch[0].shape.steps
        self.line.worked(keys, fraction_done, fraction_done * batch[0].cost)
        return should_yield(keys, self.line, self.cost_model, round(now_s * 1000), passed_cost)
