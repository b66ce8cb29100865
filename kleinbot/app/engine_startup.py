"""Starts the engine, and retries if waiting may help."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.engine.protocol import Engine
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 600.0


STALLED_S = 1200.0
"""Longer than a slow disk takes for a hundredth of the weights, or a slow machine to compile one shape."""
LOOK_FOR_PROGRESS_EVERY_S = 10.0
STALLED_ADVICE = (
    "The start of the model has stalled: it was %s, and nothing has moved for %d minutes. A new process "
    "tries again. If that goes on, look for a disk or network share that does not answer, or a driver that "
    "hangs (dmesg, nvidia-smi)."
)


class Remedy(Enum):
    """How the bot reacts to a failed start."""

    AGAIN = auto()
    """Retry in this process: the problem may resolve itself."""
    NEW_PROCESS = auto()
    """Restart in a new process once the machine is able to: the problem may resolve itself, but not in this
    process.
    """
    STAYS = auto()
    """Give up: a person must change something. Until then the bot stays online and reports the problem."""


_REMEDIES = {
    # No network, a hub that is down, a captive portal: an unforeseen network problem may be temporary.
    Code.WEIGHTS_UNREACHABLE: Remedy.AGAIN,
    # A file server that is unavailable, a paging file that is too small at the moment.
    Code.WEIGHTS_UNREADABLE: Remedy.AGAIN,
    # The file is removed, and its sources are fetched when the model is chosen again.
    Code.WEIGHTS_KEPT_DAMAGED: Remedy.NEW_PROCESS,
    # Disk space can be freed while the bot runs.
    Code.WEIGHTS_NO_ROOM: Remedy.AGAIN,
    Code.SCRATCH_UNUSABLE: Remedy.AGAIN,
    # A game, or a process that is about to end, occupies GPU memory; the profile may still fit.
    Code.START_OUT_OF_MEMORY: Remedy.AGAIN,
    # A compilation or another program occupies the machine's memory.
    Code.START_HOST_OUT_OF_MEMORY: Remedy.AGAIN,
    # The same shortage, found while the profile was chosen: it must be chosen again.
    Code.CARD_TOO_FULL: Remedy.NEW_PROCESS,
    Code.PROFILE_NO_ROOM: Remedy.NEW_PROCESS,
    Code.WAITS_FOR_CARD: Remedy.NEW_PROCESS,
    Code.WAITS_FOR_WEIGHTS: Remedy.NEW_PROCESS,
    # The driver is not loaded yet at boot, or is being repaired. torch caches its first result within a
    # process.
    Code.CUDA_UNAVAILABLE: Remedy.NEW_PROCESS,
}


def remedy_of(error: StartError) -> Remedy:
    """Return the remedy for ``error``; nothing else decides it."""
    return _REMEDIES.get(error.code, Remedy.STAYS)


RAN_OUT_OF_MEMORY = frozenset({Code.START_OUT_OF_MEMORY, Code.START_HOST_OUT_OF_MEMORY})
CHOSEN_ANEW_AFTER = 2
"""Starts that must run out of memory with one profile; a game that is about to end has ended by then."""


class StartOutcome(Enum):
    """The final result of starting an engine."""

    READY = auto()
    FAILED = auto()
    NEW_PROCESS = auto()
    """This process cannot start the engine; a new one is expected to succeed."""


class _Progress:
    """Counts the state changes that an engine reports while it starts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reports = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count until the body ends: a model is loaded again and again while its process runs."""
        self._engine.watch(self._note)
        try:
            yield
        finally:
            self._engine.unwatch(self._note)

    def _note(self, state: EngineState) -> None:
        del state
        self._reports += 1

    async def stalled(self, clock: Clock) -> None:
        """Return once no progress was reported for ``STALLED_S``. A download has its own timeouts.

        Counts sleeps instead of elapsed time: a machine that was suspended has not stalled.
        """
        quiet_s, reports = 0.0, self._reports
        while quiet_s < STALLED_S:
            await clock.sleep(LOOK_FOR_PROGRESS_EVERY_S)
            has_moved = self._reports != reports or self._engine.state.phase is EnginePhase.DOWNLOADING
            quiet_s = 0.0 if has_moved else quiet_s + LOOK_FOR_PROGRESS_EVERY_S
            reports = self._reports


async def _ended_or_stalled(engine: Engine, clock: Clock, progress: _Progress) -> bool:
    """Start ``engine``; return True if it started and False if it stalled. Raises as ``Engine.start``."""
    with progress.counted():
        return await _ended_first(engine, clock, progress)


async def _ended_first(engine: Engine, clock: Clock, progress: _Progress) -> bool:
    starting = asyncio.ensure_future(engine.start())
    stalling = asyncio.ensure_future(progress.stalled(clock))
    try:
        await asyncio.wait({starting, stalling}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            return True
        return False
    finally:
        starting.cancel()
        stalling.cancel()
        await asyncio.gather(starting, stalling, return_exceptions=True)


def _never() -> bool:
    return False


async def started(
    engine: Engine,
    clock: Clock,
    look_again: Callable[[], StartError | None],
    choose_anew: Callable[[], bool] = _never,
) -> StartOutcome:
    """Start ``engine``, retrying while that may help. Waiting jobs keep their places meanwhile.

    ``look_again`` returns the error that a new process would meet too, or None. ``choose_anew`` returns
    whether a new process would choose another profile; it is called from the second out-of-memory failure on.
    Both may take seconds and are called on a thread. Raises FatalEngineError if the GPU is lost.
    """
    pause_s = FIRST_RETRY_S
    ran_out = 0
    progress = _Progress(engine)
    remedy: Remedy | None = None
    while True:
        try:
            if not await _ended_or_stalled(engine, clock, progress):
                # The start's thread never returns: only the end of the process releases the GPU.
                _log.error(STALLED_ADVICE, engine.state.phase, STALLED_S / 60)
                return StartOutcome.NEW_PROCESS
        except StartError as error:
            _log.error("%s", Texts().error(error))
            # Once the remedy is a new process it stays so, since errors found meanwhile may be temporary.
            remedy = remedy if remedy is Remedy.NEW_PROCESS else remedy_of(error)
            has_run_out = error.code in RAN_OUT_OF_MEMORY
            ran_out += has_run_out
            if has_run_out and ran_out >= CHOSEN_ANEW_AFTER and await asyncio.to_thread(choose_anew):
                return StartOutcome.NEW_PROCESS
        else:
            return StartOutcome.READY
        if remedy is Remedy.STAYS:
            return StartOutcome.FAILED
        await clock.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_RETRY_S)
        if remedy is Remedy.NEW_PROCESS and await asyncio.to_thread(look_again) is None:
            _log.warning("this machine can run the model again; a new process starts it")
            return StartOutcome.NEW_PROCESS
