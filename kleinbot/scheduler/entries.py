"""Waiting images and their shapes, as frozen values."""

from dataclasses import dataclass
from typing import Protocol

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Lane
from kleinbot.domain.job_spec import Checkpoint, ImageKey, JobSpec
from kleinbot.domain.tags import Tag as Tag


@dataclass(frozen=True, order=True)
class Shape:
    """The batch key: images of equal shape can share a batch, and take equally long.

    ``first_sigma`` is below 1 where denoising begins at a picture, with another schedule.
    """

    grid: Grid
    steps: int
    checkpoint: Checkpoint = Checkpoint.DISTILLED
    references: tuple[Grid, ...] = ()
    first_sigma: float = 1.0


def shape_of(spec: JobSpec) -> Shape:
    """Return what decides an image's cost and which images it can share a batch with."""
    return Shape(
        grid=spec.grid,
        steps=spec.steps,
        checkpoint=spec.checkpoint,
        references=spec.reference_grids,
        first_sigma=spec.first_sigma,
    )


Order = tuple[int, int]
"""For first in, first out: an image's admission number and its position in its job."""


@dataclass(frozen=True)
class WaitingImage:
    """One image that waits for an engine.

    ``cost`` is in pictures and stays as it was at acceptance, so that a refund after a restart is exact.
    ``deadline_ms``: until when it must be finished to arrive while the interaction's token lives; None where
    nothing is promised. ``lane`` says whether something is, and does not affect the order. ``alone``: a
    suspect, which shares no batch, since it may have ended the process. ``number`` is a count that the queue
    sets at admission, since a clock may be ahead.
    """

    key: ImageKey
    server_id: int
    member_id: int
    shape: Shape
    cost: float
    deadline_ms: int | None = None
    lane: Lane = Lane.TOKEN
    alone: bool = False
    number: int = 0

    @property
    def order(self) -> Order:
        return (self.number, self.key.position)


class BatchLimits(Protocol):
    """How many images an engine's memory can hold."""

    def max_batch(self, shape: Shape) -> int:
        """Return how many images of ``shape`` fit at once, at least 1."""
        ...


@dataclass(frozen=True)
class UniformLimit:
    """The same limit for every shape, such as a profile's ``largest_batch``."""

    largest: int = 1

    def max_batch(self, shape: Shape) -> int:
        del shape
        return self.largest


class Weights(Protocol):
    """How the engines' time is divided. Every number is above 0, and 1 is the default."""

    def share(self, server_id: int) -> float:
        """Return a server's share, relative to the other servers with work."""
        ...

    def weight(self, server_id: int, member_id: int) -> float:
        """Return a member's weight, relative to the other members of the server with work."""
        ...


class EqualWeights:
    """The same weight for every server and member."""

    def share(self, server_id: int) -> float:
        del server_id
        return 1.0

    def weight(self, server_id: int, member_id: int) -> float:
        del server_id, member_id
        return 1.0
