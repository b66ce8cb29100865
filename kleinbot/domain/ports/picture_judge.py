"""The interface through which pictures are judged before they are stored."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kleinbot.domain.errors import KleinbotError
from kleinbot.domain.pictures import Pixels


class PictureVerdict(StrEnum):
    """UNJUDGED: there should have been a judgement, and there is none; such a picture is delivered."""

    PASSED = "passed"
    BLOCKED = "blocked"
    UNJUDGED = "unjudged"


class JudgePhase(StrEnum):
    OFF = "off"
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    """It could not be downloaded or loaded, which is tried again; pictures are delivered unjudged."""


@dataclass(frozen=True)
class JudgeState:
    """``name``: of the model. ``error``: why it failed. Counts are since the start.

    ``median_ms``: the median time of the last judgements; None before the first one.
    """

    phase: JudgePhase = JudgePhase.OFF
    name: str = ""
    error: KleinbotError | None = None
    passed: int = 0
    blocked: int = 0
    unjudged: int = 0
    median_ms: float | None = None

    @property
    def is_on(self) -> bool:
        return self.phase is not JudgePhase.OFF


class PictureJudge(Protocol):
    """Judges pictures that the model has drawn."""

    @property
    def state(self) -> JudgeState: ...

    async def run(self) -> None:
        """Prepare, and go on until cancelled."""
        ...

    async def judge(self, pixels: Pixels) -> PictureVerdict:
        """Return a judgement within a bounded time; never raise but when cancelled."""
        ...


class NoJudge:
    """Lets everything pass; used where no classifier is set."""

    @property
    def state(self) -> JudgeState:
        return JudgeState()

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def judge(self, pixels: Pixels) -> PictureVerdict:
        del pixels
        return PictureVerdict.PASSED
