"""Asks the driver whether another program takes the graphics card."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from kleinbot.app.card_wishes import nobody
from kleinbot.app.container import Container
from kleinbot.app.model_choice import ModelChoice
from kleinbot.config.settings import Settings
from kleinbot.domain.clock import Clock, run_within
from kleinbot.domain.geometry import Grid
from kleinbot.domain.work import ModelSize
from kleinbot.engine.protocol import Engine
from kleinbot.hardware.card_memory import CardJudgement, CardMemory
from kleinbot.hardware.facts import GIB
from kleinbot.hardware.memory_model import RESERVED_BEYOND, WorkShape, predict
from kleinbot.hardware.nvml import read_card_memory
from kleinbot.scheduler.scheduler import Scheduler

_log = logging.getLogger(__name__)

READ_EVERY_S = 2.0
"""The queue changes more often."""
_READS_WITHIN_S = 5.0
"""A driver that hangs answers nothing, and is asked nothing more until it does."""
_MOST_SILENT = 12
"""After so many questions without an answer, a start tells whether the card can be used."""
_TYPICAL = Grid(64, 64)

ReadMemory = Callable[[], CardMemory | None]


class OtherPrograms:
    """``take_card`` is asked again and again by the one task that owns the card."""

    def __init__(
        self, read: ReadMemory, need_bytes: Callable[[], int | None], left_free_bytes: int, clock: Clock
    ) -> None:
        """``read`` may take a while, and is called on a thread; ``need_bytes`` is of the next picture."""
        self._read = read
        self._need_bytes = need_bytes
        self._judgement = CardJudgement(left_free_bytes)
        self._clock = clock
        self._reading: asyncio.Future[CardMemory | None] | None = None
        self._read_s: float | None = None
        self._was_loaded = self._is_taken = False
        self._silent = 0

    async def take_card(self, *, is_loaded: bool) -> bool:
        """Return whether another program takes the card; for a while as before, where no answer comes."""
        now_s = self._clock.monotonic_s()
        is_recent = self._read_s is not None and now_s - self._read_s < READ_EVERY_S
        if (is_recent and is_loaded == self._was_loaded) or not self._judgement.is_due(now_s):
            return self._is_taken
        read = await self._answer()
        if read is None:
            self._silent += 1
            self._is_taken = self._is_taken and self._silent < _MOST_SILENT
            return self._is_taken
        self._silent = 0
        self._read_s, self._was_loaded = self._clock.monotonic_s(), is_loaded
        was_taken, self._is_taken = (
            self._is_taken,
            self._judgement.is_taken(read, self._need_bytes(), self._read_s, is_loaded=is_loaded),
        )
        if self._is_taken != was_taken:
            _log.info(
                "other programs hold %.1f GiB of the card, %.1f GiB are free: %s",
                read.others_bytes / GIB,
                read.free_bytes / GIB,
                "the model makes room" if self._is_taken else "the card is used again",
            )
        return self._is_taken

    async def _answer(self) -> CardMemory | None:
        """Return the driver's answer; None if there is none in time, and until a late one has come."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(asyncio.to_thread(self._read))
        elif not self._reading.done():
            return None
        reading = self._reading
        try:
            return await run_within(self._clock, _READS_WITHIN_S, asyncio.shield(reading))
        except TimeoutError:
            _log.warning("the driver does not tell the card's memory")
            return None
        finally:
            if reading.done():
                self._reading = None


def watching(
    settings: Settings,
    model: ModelChoice,
    engine: Engine,
    container: Container,
    read: ReadMemory | None = None,
) -> Callable[..., Awaitable[bool]]:
    """Return what tells whether another program takes the model's card; never, where there is none."""
    read = read or _reader_of(model, engine)
    if read is None or not settings.yield_card:
        return nobody
    need_bytes = _need_of(model, engine, container.scheduling.scheduler)
    left_free_bytes = round(settings.leave_free_gib * GIB)
    return OtherPrograms(read, need_bytes, left_free_bytes, container.base.clock).take_card


def _reader_of(model: ModelChoice, engine: Engine) -> ReadMemory | None:
    """Return what reads the memory of the model's card; None where there is none."""
    gpu = model.choice.gpu
    if gpu is None or not gpu.identity:
        return None
    return lambda: read_card_memory(gpu.identity, lambda: engine.held_bytes)


def _need_of(model: ModelChoice, engine: Engine, scheduler: Scheduler) -> Callable[[], int | None]:
    """Return what tells the memory that the next picture needs: the next in line, else one of 1024².

    None for the small model, which fits beside anything, and where nothing waits for a loaded one.
    """
    system = model.facts.system

    def need_bytes() -> int | None:
        if model.size is not ModelSize.FULL:
            return None
        image = scheduler.queue.next_due()
        if image is None and scheduler.let_go is None:
            return None
        shape = WorkShape(_TYPICAL) if image is None else WorkShape(image.shape.grid, image.shape.references)
        return round(predict(engine.profile, shape).highest_bytes * (1 + RESERVED_BEYOND[system]))

    return need_bytes
