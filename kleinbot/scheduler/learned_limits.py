"""How many images may share a GPU: what its memory model allows, less what did not fit."""

from kleinbot.domain.capacity import Capacity
from kleinbot.domain.work import OutOfMemory
from kleinbot.scheduler.entries import Shape


class LearnedLimits:
    """Implements ``BatchLimits`` for one engine. What is learnt holds until the process ends.

    It is kept no longer: another program may have used the memory, and a low limit would then stay for ever.
    """

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._too_large: dict[int, int] = {}

    def max_batch(self, shape: Shape) -> int:
        """Return how many images of ``shape`` may run at once, at least 1."""
        tokens = _tokens(shape)
        learnt = [batch - 1 for known, batch in self._too_large.items() if known <= tokens]
        return max(1, min([self._capacity.largest_batch(shape.grid, shape.references), *learnt]))

    def learn(self, shape: Shape, event: OutOfMemory) -> None:
        """Note that a batch did not fit. From now on no batch is as large for this shape or a larger one."""
        tokens = _tokens(shape)
        if 1 < event.batch <= self.max_batch(shape):
            self._too_large[tokens] = event.batch


def _tokens(shape: Shape) -> int:
    """Return what an image's activations grow with: the tokens that the transformer sees at once."""
    return shape.grid.tokens + sum(grid.tokens for grid in shape.references)
