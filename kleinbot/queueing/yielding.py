"""When long work lets others pass between two of its steps."""

from dataclasses import dataclass

from kleinbot.domain.work import ImageKey
from kleinbot.queueing.line import Line


@dataclass(frozen=True)
class RunningBatch:
    """A batch on the card between two steps: ``steps_done`` of ``steps_total``."""

    keys: tuple[ImageKey, ...]
    steps_done: int
    steps_total: int


def should_yield(running: RunningBatch, line: Line) -> bool:
    """Say whether ``running`` should pause here for ``line.next_batch``, to be resumed afterwards.

    It should when the one whose turn comes next is due before what the running images have used of their
    charge so far, and takes no longer than what is left of them: else it is better to end first.
    """
    fraction_done = running.steps_done / running.steps_total
    image = line.overtaker(running.keys, fraction_done)
    if image is None:
        return False
    charged = sum(waiting.cost for waiting in line.running if waiting.key in running.keys)
    return image.cost <= charged * (1 - fraction_done)
