"""What the scheduler knows of each engine."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from kleinbot.domain.capacity import Capacity
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.profile import Profile
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.scheduler.idle_time import IdleTime
from kleinbot.scheduler.learned_limits import LearnedLimits

_LEAST_ABLE_FIRST = (
    EnginePhase.FAILED,
    EnginePhase.DRAINING,
    EnginePhase.UNLOADING,
    EnginePhase.UNLOADED,
    EnginePhase.STARTING,
    EnginePhase.DOWNLOADING,
    EnginePhase.LOADING,
    EnginePhase.WARMING,
    EnginePhase.DISK_FULL,
    EnginePhase.PAUSED,
    EnginePhase.READY,
)


class EngineView(Protocol):
    """What the scheduler asks an engine."""

    @property
    def profile(self) -> Profile: ...

    @property
    def state(self) -> EngineState: ...


class NextStep(Enum):
    """What an engine does next."""

    BEGIN = auto()
    """Begin the batch that is due."""
    GO_ON = auto()
    """Resume the resting batch."""
    DISCARD = auto()
    """Forget the resting batch: every job in it was stopped."""
    WAIT = auto()
    """Wait: nothing is due."""
    PAUSE = auto()
    """Wait: the owner has paused the work, or the card is let go."""
    PUT_BACK = auto()
    """Let the resting batch wait in line again: the card is let go."""
    STOP = auto()
    """End: the process is stopping."""


@dataclass(eq=False)
class ScheduledEngine:
    """One engine, by its ``number``, with the images that it runs.

    ``in_hand``: the images on its GPU, from their claim until their end. ``resting``: a batch that was
    suspended between two steps, so that others pass.
    """

    number: int
    engine: EngineView
    capacity: Capacity
    limits: LearnedLimits
    idle_time: IdleTime
    in_hand: tuple[ImageKey, ...] = ()
    resting: tuple[ImageKey, ...] = ()

    @property
    def is_ready(self) -> bool:
        return self.engine.state.phase is EnginePhase.READY

    @property
    def has_work(self) -> bool:
        return bool(self.in_hand or self.resting)

    def drop(self, key: ImageKey) -> None:
        """Take an image out of hand that failed before it was drawn."""
        self.in_hand = tuple(other for other in self.in_hand if other != key)

    def suspend(self) -> None:
        """Let the batch in hand rest."""
        self.in_hand, self.resting = (), self.in_hand

    def resume(self) -> None:
        """Take the resting batch in hand again."""
        self.in_hand, self.resting = self.resting, ()


def most_able(states: Iterable[EngineState]) -> EngineState:
    """Return the state of the engine that is closest to drawing; of equals the first."""
    return max(states, key=lambda state: _LEAST_ABLE_FIRST.index(state.phase))
