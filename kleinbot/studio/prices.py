"""What a member pays: static, so that it never moves with the load."""

from dataclasses import replace

from kleinbot.domain.job import TENTHS
from kleinbot.queueing.cost import cost
from kleinbot.queueing.waiting import Shape

_PLAIN_STEPS = 4


def price_tenths_of(shape: Shape) -> int:
    """Return the price of one image of ``shape``, in tenths of a picture.

    A plain picture costs one picture whatever its size; references and other step counts cost as much more
    or less as they take more or less arithmetic than it.
    """
    plain = replace(shape, references=(), steps=_PLAIN_STEPS, first_sigma=1.0)
    return max(1, round(TENTHS * cost(shape) / cost(plain)))
