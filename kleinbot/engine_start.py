"""Brings the engine up, and tries again where waiting may help."""

import asyncio
import logging
from collections.abc import Callable
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
"""More than a slow disk takes for a hundredth of the weights, or a slow host to compile for one shape."""
LOOK_FOR_PROGRESS_EVERY_S = 10.0
STALLED_ADVICE = (
    "The start of the model has stalled: it was %s, and nothing has moved for %d minutes. A new process "
    "tries again. If that goes on, look for a disk or network share that does not answer, or a driver that "
    "hangs (dmesg, nvidia-smi)."
)


class Remedy(Enum):
    """What is done about a start that failed."""

    AGAIN = auto()
    """It may pass by itself: this process starts the engine again."""
    NEW_PROCESS = auto()
    """It may pass by itself, and only a new process would get further: it begins once the machine can."""
    STAYS = auto()
    """A person must change something; until then the bot is online and says so."""


_REMEDIES = {
    # No network, a hub that is down, a captive portal: whatever nobody foresaw on the way may pass.
    Code.WEIGHTS_UNREACHABLE: Remedy.AGAIN,
    # A file server that is away, a paging file that is too small just now.
    Code.WEIGHTS_UNREADABLE: Remedy.AGAIN,
    # It is removed, and what it was made of is fetched once the model is chosen anew.
    Code.WEIGHTS_KEPT_DAMAGED: Remedy.NEW_PROCESS,
    # Room is made while the bot runs.
    Code.WEIGHTS_NO_ROOM: Remedy.AGAIN,
    Code.SCRATCH_UNUSABLE: Remedy.AGAIN,
    # A game or a process that is just ending holds the card's memory; the profile may still fit.
    Code.START_OUT_OF_MEMORY: Remedy.AGAIN,
    # A build or another program has the host's memory.
    Code.START_HOST_OUT_OF_MEMORY: Remedy.AGAIN,
    # The same shortage, found while the profile was chosen: it must be chosen anew.
    Code.CARD_TOO_FULL: Remedy.NEW_PROCESS,
    Code.PROFILE_NO_ROOM: Remedy.NEW_PROCESS,
    Code.WAITS_FOR_CARD: Remedy.NEW_PROCESS,
    Code.WAITS_FOR_WEIGHTS: Remedy.NEW_PROCESS,
    # The driver is not up yet at boot, or is being repaired. torch remembers within a process what it found.
    Code.CUDA_UNAVAILABLE: Remedy.NEW_PROCESS,
}


def remedy_of(error: StartError) -> Remedy:
    """Return what is done about ``error``: the one place where this is decided."""
    return _REMEDIES.get(error.code, Remedy.STAYS)


RAN_OUT_OF_MEMORY = frozenset({Code.START_OUT_OF_MEMORY, Code.START_HOST_OUT_OF_MEMORY})
CHOSEN_ANEW_AFTER = 2
"""Starts that ran out of memory with one profile; a game that is just ending has had its time by then."""


class Start(Enum):
    """How the starts of an engine ended."""

    READY = auto()
    FAILED = auto()
    NEW_PROCESS = auto()
    """This process cannot start it, and a new one is expected to."""


class _Progress:
    """Counts what an engine tells of its start."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._told = 0
        engine.watch(self._note)

    def _note(self, state: EngineState) -> None:
        del state
        self._told += 1

    async def stalled(self, clock: Clock) -> None:
        """Return once nothing was told for ``STALLED_S``. A download has limits of its own.

        Slices are counted and no time: a machine that was suspended has not stalled.
        """
        quiet_s, told = 0.0, self._told
        while quiet_s < STALLED_S:
            await clock.sleep(LOOK_FOR_PROGRESS_EVERY_S)
            has_moved = self._told != told or self._engine.state.phase is EnginePhase.DOWNLOADING
            quiet_s = 0.0 if has_moved else quiet_s + LOOK_FOR_PROGRESS_EVERY_S
            told = self._told


async def _ended_or_stalled(engine: Engine, clock: Clock, progress: _Progress) -> bool:
    """Start ``engine`` and return True, or False where it stalls. Raises as ``Engine.start``."""
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
) -> Start:
    """Start ``engine``, again and again where that may help. Waiting jobs keep their places meanwhile.

    ``look_again`` tells what a new process would fail for too, or None. ``choose_anew`` is asked from the
    second start on that ran out of memory, whether a new process takes another profile. Both may take seconds
    and are called on a thread. Raises FatalEngineError where the card is lost.
    """
    pause_s = FIRST_RETRY_S
    ran_out = 0
    progress = _Progress(engine)
    remedy: Remedy | None = None
    while True:
        try:
            if not await _ended_or_stalled(engine, clock, progress):
                # Its thread will not come back: only the end of the process frees the card.
                _log.error(STALLED_ADVICE, engine.state.phase, STALLED_S / 60)
                return Start.NEW_PROCESS
        except StartError as error:
            _log.error("%s", Texts().error(error))
            # Once a new process is waited for, whatever a look finds meanwhile may pass too.
            remedy = remedy if remedy is Remedy.NEW_PROCESS else remedy_of(error)
            has_run_out = error.code in RAN_OUT_OF_MEMORY
            ran_out += has_run_out
            if has_run_out and ran_out >= CHOSEN_ANEW_AFTER and await asyncio.to_thread(choose_anew):
                return Start.NEW_PROCESS
        else:
            return Start.READY
        if remedy is Remedy.STAYS:
            return Start.FAILED
        await clock.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_RETRY_S)
        if remedy is Remedy.NEW_PROCESS and await asyncio.to_thread(look_again) is None:
            _log.warning("this machine can run the model again, which takes a new process")
            return Start.NEW_PROCESS
