"""When long work lets others pass between two of its steps."""

from collections.abc import Iterable
from dataclasses import dataclass

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.work import ImageKey
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.floor import RELAXED_FLOOR
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import WaitingImage


@dataclass(frozen=True)
class RunningBatch:
    """A batch on the card between two steps: ``steps_done`` of ``steps_total``.

    ``passed_cost``: the pictures' worth of work that it has let pass so far.
    """

    keys: tuple[ImageKey, ...]
    steps_done: int
    steps_total: int
    passed_cost: float = 0.0


def should_yield(running: RunningBatch, line: Line, cost_model: CostModel, now_ms: int) -> bool:
    """Say whether ``running`` should pause here for ``line.next_batch``, to be resumed afterwards.

    It should when the one whose turn comes next is due before what the running images have used of their
    charge so far, and takes no longer than what is left of them (else it is better to end first), unless a
    promise to one of them would be broken.

    Nobody is starved by it. Whoever passes is charged for it and so comes nearer to not being due any more;
    a crowd of newcomers, each due once, is bounded by ``passed_cost``: what has let pass twenty times as
    much as is left of it yields no more, so that it has at least a twentieth of the card
    (``RELAXED_FLOOR``). And the promise bounds the token lane in time.
    """
    fraction_done = running.steps_done / running.steps_total
    overtaker = line.overtaker(running.keys, fraction_done)
    if overtaker is None:
        return False
    images = [image for image in line.running if image.key in running.keys]
    left_cost = sum(image.cost for image in images) * (1 - fraction_done)
    if overtaker.cost > left_cost or running.passed_cost + overtaker.cost > left_cost / RELAXED_FLOOR:
        return False
    return cost_model.expected_s(overtaker.shape) <= slack_s(images, fraction_done, cost_model, now_ms)


def slack_s(
    images: Iterable[WaitingImage], fraction_done: float, cost_model: CostModel, now_ms: int
) -> float:
    """Return how many seconds a batch may rest before it goes on and still keeps its promises."""
    batch = list(images)
    deadlines = [image.deadline_ms for image in batch if image.deadline_ms is not None]
    if not deadlines:
        return float("inf")
    left_s = cost_model.expected_s(batch[0].shape, len(batch)) * (1 - fraction_done)
    return (min(deadlines) - now_ms) / MS_PER_S - left_s
