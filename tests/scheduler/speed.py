"""How long each decision about a long queue takes: ``python -m tests.scheduler.speed [waiting ...]``.

The event loop waits for every one of them. The limits are lifted; each figure is the median and the longest
of 200, in milliseconds of the processor.
"""

import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from kleinbot.domain.errors import Refusal
from kleinbot.scheduler.admission import AdmissionLimits, Admitted
from kleinbot.scheduler.cost import PICTURE, CostModel
from kleinbot.scheduler.entries import Shape, UniformLimit, WaitingImage
from kleinbot.scheduler.queue import ImageQueue
from tests.scheduler.builders import EDIT, SMALL, job, judged

LIMITS = AdmissionLimits(member_cost=1e3, server_cost=1e9, queue_cost=1e9)
FULL = AdmissionLimits(member_cost=1e9, server_cost=10.0, queue_cost=20.0)
NOW_MS = 10**6
REPEATED = 200
WAITING = (2_000, 10_000, 50_000)


@dataclass(frozen=True)
class Spread:
    """How the waiting pictures are spread: ``images`` of each member, over so many servers."""

    images: int
    servers: int


SPREADS = (Spread(4, 1), Spread(4, 50), Spread(100, 1), Spread(100, 10))


class LoadedQueue:
    """A queue in which so many pictures wait, and what may be decided about it."""

    def __init__(self, waiting: int, spread: Spread) -> None:
        self.queue = ImageQueue()
        self.model = CostModel(1.0)
        self._spread = spread
        self._names = count()
        self._jobs: list[str] = []
        self._members = max(1, waiting // spread.images)
        for member in range(self._members):
            for _ in range(spread.images // 4):
                images = self.job(member, EDIT if member % 5 == 0 else PICTURE if member % 2 else SMALL)
                verdict = judged(images, self.queue, LIMITS, self.model, NOW_MS)
                self._submit(verdict)
        self.queue.kept(self.queue.unkept())

    def job(self, member: int, shape: Shape = PICTURE) -> tuple[WaitingImage, ...]:
        name = f"job {next(self._names)}"
        server = 1 + member % self._spread.servers
        return job(name, member, 4, server_id=server, shape=shape)

    def _submit(self, verdict: Admitted | Refusal) -> None:
        assert isinstance(verdict, Admitted)
        self._jobs.append(verdict.images[0].key.job_id)
        self.queue.submit(verdict.images)

    def admitted(self) -> None:
        """Judge a newcomer's job and add it to the queue, with the tags that are written."""
        images = self.job(10**6 + next(self._names))
        verdict = judged(images, self.queue, LIMITS, self.model, NOW_MS)
        assert isinstance(verdict, Admitted)
        changes = self.queue.unkept(verdict.images)
        self._submit(verdict)
        self.queue.kept(changes)

    def admitted_to_a_queue(self) -> None:
        """The same for a member who has many jobs waiting."""
        images = self.job(0)
        verdict = judged(images, self.queue, LIMITS, self.model, NOW_MS)
        self.queue.unkept(images)
        assert verdict

    def refused(self) -> None:
        assert not isinstance(judged(self.job(0), self.queue, FULL, self.model, NOW_MS), Admitted)

    def decided(self) -> None:
        """Start a batch, let it make a step, see whether others pass, and end it."""
        batch = self.queue.next_batch(UniformLimit(4))
        keys = tuple(image.key for image in batch)
        self.queue.worked(keys, 0.5, batch[0].cost)
        self.queue.passes(keys)
        self.queue.kept(self.queue.unkept())
        for image in batch:
            self.queue.finished(image.key, image.cost * 0.97)

    def told(self) -> None:
        assert self.queue.expected(self._last(), self.model)

    def overdue(self) -> None:
        self.queue.overdue(NOW_MS + 700_000, self.model)

    def cancelled(self) -> None:
        assert self.queue.withdraw(self._last())

    def _last(self) -> str:
        while self.queue.place(self._jobs[-1]) is None:
            self._jobs.pop()
        return self._jobs[-1]


ACTIONS: dict[str, Callable[[LoadedQueue], None]] = {
    "admission": LoadedQueue.admitted,
    "one with a queue": LoadedQueue.admitted_to_a_queue,
    "refusal": LoadedQueue.refused,
    "decision": LoadedQueue.decided,
    "told start": LoadedQueue.told,
    "overdue": LoadedQueue.overdue,
    "cancel": LoadedQueue.cancelled,
}


def measured_ms(loaded_queue: LoadedQueue, act: Callable[[LoadedQueue], None]) -> tuple[float, float]:
    """Return the median and the longest."""
    took = []
    for _ in range(REPEATED):
        begun_s = time.thread_time()
        act(loaded_queue)
        took.append(1000 * (time.thread_time() - begun_s))
    return sorted(took)[REPEATED // 2], max(took)


def main(*waiting: str) -> None:
    sys.stdout.write(f"Python {platform.python_version()}, {platform.machine()}; median / longest in ms\n")
    sys.stdout.write(f"| waiting | of each member | servers | {' | '.join(ACTIONS)} |\n")
    for number in [int(each) for each in waiting] or WAITING:
        for spread in SPREADS:
            loaded_queue = LoadedQueue(number, spread)
            cells = [
                f"{p50:.2f} / {most:.1f}"
                for p50, most in (measured_ms(loaded_queue, act) for act in ACTIONS.values())
            ]
            sys.stdout.write(f"| {number} | {spread.images} | {spread.servers} | {' | '.join(cells)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
