"""When long work lets others pass between two of its steps."""

from collections.abc import Sequence

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job_spec import ImageKey
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.queue import ImageQueue

_MOST_PASSED = 20
"""What has let pass so many times as much as is left of it yields no more: it has a twentieth of the card.

Each of ever new members is due once; without this they would keep it waiting for ever.
"""


def should_yield(
    keys: Sequence[ImageKey], queue: ImageQueue, cost_model: CostModel, now_ms: int, passed_cost: float = 0.0
) -> bool:
    """Say whether the running ``keys`` should pause here for ``queue.next_batch``, to be resumed afterwards.

    They should when somebody may pass what they have used of the GPU so far (``ImageQueue.passes``), unless
    a promise to one of them would be broken. ``passed_cost``: the pictures' worth that they have let pass.

    Nobody is starved by it: whoever passes is charged for it and so comes nearer to not being due any more,
    and ``_MOST_PASSED`` bounds the rest.
    """
    passing = queue.passes(keys)
    if passing is None:
        return False
    left_cost = queue.begun_with(keys[0]).left_cost
    if passed_cost + passing.cost > _MOST_PASSED * left_cost:
        return False
    return cost_model.expected_s(passing.shape) <= slack_s(keys, queue, cost_model, now_ms)


def slack_s(keys: Sequence[ImageKey], queue: ImageQueue, cost_model: CostModel, now_ms: int) -> float:
    """Return how many seconds a batch may rest before it goes on and still keeps its promises."""
    deadlines = [queue.deadline_ms(key.job_id) for key in keys]
    promised = [deadline_ms for deadline_ms in deadlines if deadline_ms is not None]
    if not promised:
        return float("inf")
    begun = queue.begun_with(keys[0])
    whole_s = cost_model.expected_s(begun.charges[0].image.shape, len(keys))
    return (min(promised) - now_ms) / MS_PER_S - whole_s * (1 - begun.fraction_done)
