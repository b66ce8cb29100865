"""When a long batch lets other images pass between two of its steps."""

from collections.abc import Sequence

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job_spec import ImageKey
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.queue import ImageQueue

_MOST_PASSED = 20
"""A batch that has let pass this many times the rest of its own work yields no more: it keeps a twentieth.

Every new member is due once, so without this bound a stream of them would hold it up for ever.
"""


def should_yield(keys: Sequence[ImageKey], queue: ImageQueue, cost_model: CostModel, now_ms: int) -> bool:
    """Whether the running ``keys`` should pause here for ``queue.next_batch`` and be resumed afterwards.

    They should when an image may pass what they have used of the GPU so far (``ImageQueue.passes``), unless
    that breaks a promise to one of them.

    This starves nobody: each image that passes is charged to its member, whose next one is due later, and
    ``_MOST_PASSED`` bounds the rest.
    """
    passing = queue.passes(keys)
    if passing is None:
        return False
    begun = queue.begun_with(keys[0])
    if begun.passed_cost + passing.cost > _MOST_PASSED * begun.left_cost:
        return False
    return cost_model.expected_s(passing.shape) <= slack_s(keys, queue, cost_model, now_ms)


def slack_s(keys: Sequence[ImageKey], queue: ImageQueue, cost_model: CostModel, now_ms: int) -> float:
    """Return for how many seconds a batch may rest and still keep its promises."""
    deadlines = [queue.deadline_ms(key.job_id) for key in keys]
    promised = [deadline_ms for deadline_ms in deadlines if deadline_ms is not None]
    if not promised:
        return float("inf")
    begun = queue.begun_with(keys[0])
    whole_s = cost_model.expected_s(begun.charges[0].image.shape, len(keys))
    return (min(promised) - now_ms) / MS_PER_S - whole_s * (1 - begun.fraction_done)
