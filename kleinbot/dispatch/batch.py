"""A batch between its claim and its end: on the card, or suspended beside another one."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from kleinbot.domain.job import Job
from kleinbot.domain.work import ImageKey, RenderTask, Suspended
from kleinbot.queueing.waiting import Shape, WaitingImage

Claimed = tuple[WaitingImage, Job]


@dataclass
class Batch:
    """Images of one shape, with their jobs as they were when claimed and what the engine is told.

    ``passed_cost``: the pictures' worth of work that has passed it so far. ``on_card_s``: how long the
    engine has had it. ``suspended`` is set while others pass.
    """

    claimed: tuple[Claimed, ...]
    tasks: tuple[RenderTask, ...]
    steps_done: int = 0
    suspended: Suspended | None = None
    passed_cost: float = 0.0
    on_card_s: float = 0.0

    @property
    def keys(self) -> tuple[ImageKey, ...]:
        return keys_of(self.claimed)

    @property
    def images(self) -> tuple[WaitingImage, ...]:
        return tuple(image for image, _ in self.claimed)

    @property
    def shape(self) -> Shape:
        return self.claimed[0][0].shape

    @property
    def fraction_done(self) -> float:
        return self.steps_done / self.shape.steps

    def used(self, job_id: str, steps_in_hand: int = 0) -> dict[int, Fraction]:
        """Return what part of a job's pictures in this batch the card has used, by their positions."""
        steps = min(self.steps_done + steps_in_hand, self.shape.steps)
        part = Fraction(steps, self.shape.steps)
        return {key.position: part for key in self.keys if key.job_id == job_id}


def keys_of(claimed: Iterable[Claimed]) -> tuple[ImageKey, ...]:
    """Return the keys of claimed images."""
    return tuple(image.key for image, _ in claimed)
