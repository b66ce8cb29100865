"""A discrete-event simulation of one card, over the policy code itself with an injected clock.

``python -m tests.scheduler.simulation [hours [seeds]]`` prints the whole table.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.entries import WaitingImage
from tests.scheduler.loads import FLOODERS, LOADS, SMALL, Asked, Load, arrivals
from tests.scheduler.policies import Fair, Fifo, Kleinbot, Policy, RoundRobin

OVERHEAD_S = 0.06
SMALL_BATCH_GAIN = 0.15
WINDOW_S = 120.0
SAMPLE_S = 5.0


def batch_s(load: Load, batch: Sequence[WaitingImage]) -> float:
    gain = SMALL_BATCH_GAIN if len(batch) > 1 and batch[0].shape == SMALL else 0.0
    return sum(image.cost for image in batch) * load.s_per_picture * (1 - gain) + OVERHEAD_S


@dataclass
class Outcome:
    """What a run showed; waits are from the request until the picture starts, in seconds."""

    light_waits_s: list[float] = field(default_factory=list)
    flooder_waits_s: list[float] = field(default_factory=list)
    late: int = 0
    promised: int = 0
    refused_images: int = 0
    busy_s: float = 0.0
    end_s: float = 0.0
    longest_batch_s: float = 0.0
    fairness: list[float] = field(default_factory=list)
    start_errors_s: list[float] = field(default_factory=list)

    @property
    def jain(self) -> float:
        """The mean over the windows in which at least two members always had work."""
        return sum(self.fairness) / len(self.fairness) if self.fairness else 1.0


class Card:
    """One card that serves ``jobs`` in the order of ``policy``."""

    def __init__(self, load: Load, policy: Policy, jobs: Iterable[Asked]) -> None:
        self._load = load
        self._policy = policy
        self._jobs = list(jobs)
        self._asked = 0
        self._asked_at_s: dict[str, float] = {}
        self._now_s = 0.0
        self._served: dict[int, float] = defaultdict(float)
        self._always_waiting: set[int] | None = None
        self._window_ends_s = WINDOW_S
        self._sample_at_s = 0.0
        self.outcome = Outcome()

    def run(self) -> Outcome:
        while True:
            batch = self._policy.next_batch(self._now_s)
            if batch:
                self._render(batch)
            elif self._policy.waiting():
                raise AssertionError("idle while work waits")
            elif self._asked < len(self._jobs):
                self._advance_to(self._jobs[self._asked].at_s)
            else:
                break
        self.outcome.refused_images = self._policy.refused_images
        self.outcome.late += self._policy.late
        self.outcome.end_s = self._now_s
        return self.outcome

    def _render(self, batch: tuple[WaitingImage, ...], *, may_yield: bool = True) -> None:
        seconds = batch_s(self._load, batch)
        steps = batch[0].shape.steps
        for image in batch:
            self._note_start(image)
        passed_cost = 0.0
        for step in range(1, steps + 1):
            self._advance_to(self._now_s + seconds / steps)
            while may_yield and step < steps and self._policy.yields(batch, step, passed_cost, self._now_s):
                passing = self._policy.next_batch(self._now_s, batch)
                passed_cost += sum(image.cost for image in passing)
                self._render(passing, may_yield=False)
        self.outcome.busy_s += seconds
        self.outcome.longest_batch_s = max(self.outcome.longest_batch_s, seconds)
        for image in batch:
            self._end(image, seconds / len(batch) / self._load.s_per_picture)

    def _note_start(self, image: WaitingImage) -> None:
        outcome = self.outcome
        waits = outcome.flooder_waits_s if image.member_id in FLOODERS else outcome.light_waits_s
        waits.append(self._now_s - self._asked_at_s[image.key.job_id])
        told_s = self._policy.told_start_s.pop(image.key.job_id, None)
        if told_s is not None:
            outcome.start_errors_s.append(abs(self._now_s - told_s))

    def _end(self, image: WaitingImage, measured_cost: float) -> None:
        self._policy.finished(image.key, measured_cost)
        self._served[image.member_id] += measured_cost
        if image.deadline_ms is not None:
            self.outcome.promised += 1
            self.outcome.late += self._now_s * 1000 > image.deadline_ms
        if self._now_s < self._sample_at_s:
            return
        self._sample_at_s = self._now_s + SAMPLE_S
        waiting = {image.member_id for image in self._policy.waiting()}
        always = self._always_waiting
        self._always_waiting = waiting if always is None else always & waiting
        if self._now_s >= self._window_ends_s:
            self._close_window()

    def _close_window(self) -> None:
        served = [self._served[member] for member in self._always_waiting or ()]
        if len(served) > 1 and sum(served) > 0:
            squares = sum(cost**2 for cost in served)
            self.outcome.fairness.append(sum(served) ** 2 / (len(served) * squares))
        self._served.clear()
        self._always_waiting = None
        self._window_ends_s = self._now_s + WINDOW_S

    def _advance_to(self, time_s: float) -> None:
        """Let time pass; whoever asks meanwhile joins the queue at that moment."""
        while self._asked < len(self._jobs) and self._jobs[self._asked].at_s <= time_s:
            asked = self._jobs[self._asked]
            self._asked += 1
            self._asked_at_s[asked.job[0].key.job_id] = asked.at_s
            self._policy.submit(asked.job, asked.at_s)
        self._now_s = max(self._now_s, time_s)


def percentile(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else 0.0


def policies(load: Load) -> list[Callable[[], Policy]]:
    return [
        Fifo,
        RoundRobin,
        lambda: Fair(CostModel(load.s_per_picture)),
        lambda: Kleinbot(CostModel(load.s_per_picture)),
    ]


def simulate(
    load: Load, make: Callable[[], Policy], seeds: int, hours: float, *, flooded: bool = True
) -> Outcome:
    """Return the outcomes of all seeds as one."""
    total = Outcome()
    for seed in range(seeds):
        one = Card(load, make(), arrivals(load, seed, hours, flooded=flooded)).run()
        total.light_waits_s += one.light_waits_s
        total.flooder_waits_s += one.flooder_waits_s
        total.fairness += one.fairness
        total.start_errors_s += one.start_errors_s
        total.late += one.late
        total.promised += one.promised
        total.refused_images += one.refused_images
        total.busy_s += one.busy_s
        total.end_s += one.end_s
        total.longest_batch_s = max(total.longest_batch_s, one.longest_batch_s)
    return total


HEADER = (
    "| policy                | light p50 / p99 s | flooder p50 / p99 s | light max | Jain | late / promised "
    "| refused | busy | longest batch s | told start off by p50 / p90 s |"
)


def row(name: str, outcome: Outcome) -> str:
    light, flooder, off = outcome.light_waits_s, outcome.flooder_waits_s, outcome.start_errors_s
    # Policies without an estimate tell nothing, which is not the same as being right.
    told = f"{percentile(off, 0.5):6.1f} / {percentile(off, 0.9):6.1f}" if off else f"{'–':>6} / {'–':>6}"
    return (
        f"| {name:21} | {percentile(light, 0.5):7.1f} / {percentile(light, 0.99):7.1f} "
        f"| {percentile(flooder, 0.5):8.0f} / {percentile(flooder, 0.99):8.0f} "
        f"| {max(light):9.0f} | {outcome.jain:.3f} | {outcome.late:4} / {outcome.promised:6} "
        f"| {outcome.refused_images:6} | {outcome.busy_s / outcome.end_s:.2f} "
        f"| {outcome.longest_batch_s:7.1f} | {told} |"
    )


def table(load: Load, hours: float, seeds: int) -> Iterator[str]:
    """Yield the lines of one load's table as they are found."""
    offered = load.light_load + load.flooded_load
    yield f"\nLoad {load.name}: {load.s_per_picture:g} s per picture, offered {offered:.2f}"
    yield HEADER
    for make in policies(load):
        yield row(make().name, simulate(load, make, seeds, hours))
    yield row("kleinbot, no flooders", simulate(load, policies(load)[-1], seeds, hours, flooded=False))


def main(hours_asked: str = "4", seeds_asked: str = "6") -> None:
    hours, seeds = float(hours_asked), int(seeds_asked)
    sys.stdout.write(f"{hours:g} h × {seeds} seeds; waits: from the request until the picture starts\n")
    sys.stdout.write(
        "One server; the speed of the card is known; told starts of promised jobs only. The card is never\n"
        "idle while work waits: a run in which it is ends with an error.\n"
    )
    for load in LOADS:
        for queue in table(load, hours, seeds):
            sys.stdout.write(f"{queue}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:3])
