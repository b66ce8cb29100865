"""From nothing to a warm model, on the engine's thread."""

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, FatalEngineError, StartError
from kleinbot.domain.faults import Faults
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.engine.device import device_of, free_bytes, open_device, release_memory, wait_for
from kleinbot.engine.failures import Failure, classify, is_host_out_of_memory, is_out_of_memory
from kleinbot.engine.products import check_products
from kleinbot.engine.worker import GONE, NEVER_FREED, Worker
from kleinbot.host.facts import GIB
from kleinbot.host.memory_model import RESERVED_BEYOND, WorkShape, predict
from kleinbot.host.probe import read_memory, this_system
from kleinbot.host.profile import Profile
from kleinbot.klein.download import asking, obtain
from kleinbot.klein.folder_hashes import check_folder
from kleinbot.klein.hub_requests import AbandonedError
from kleinbot.klein.load import load_klein
from kleinbot.klein.placement import unwritten
from kleinbot.klein.source import FolderSource, HubSource, Source

_log = logging.getLogger(__name__)


def bring_up(
    source: Source,
    profile: Profile,
    scratch: Path | None,
    cpu_threads: int,
    clock: Clock,
    faults: Faults,
    on_state: Callable[[EngineState], None],
    is_abandoned: Callable[[], bool],
) -> Worker:
    """Check the device, fetch, load and warm the model.

    Raises StartError as the parts do; STOPPING where ``is_abandoned`` says so; START_OUT_OF_MEMORY (profile,
    needed, free); START_HOST_OUT_OF_MEMORY (profile, available); ENGINE_FAILED (reason) for what nobody
    foresaw. Raises FatalEngineError where this process can no longer use the card.
    """

    def act() -> Worker:
        return _bring_up(source, profile, scratch, cpu_threads, clock, faults, on_state, is_abandoned)

    made = _made_or_failed(act, profile)
    if made is not None and not isinstance(made, StartError):
        return made
    # Here, where no traceback keeps what has been loaded: the next attempt, or a game, needs the memory.
    _give_back(profile)
    raise _out_of_memory(profile) if made is None else made


def _give_back(profile: Profile) -> None:
    try:
        release_memory(device_of(profile))
    except RuntimeError:
        _log.info("no memory was given back: the card has no context")


def _made_or_failed(act: Callable[[], Worker], profile: Profile) -> Worker | StartError | None:
    """Return what ``act`` makes, or why not as a value without a traceback: None where memory ran out.

    Raises FatalEngineError as ``bring_up``.
    """
    try:
        return act()
    except StartError as error:
        return StartError(error.code, **error.parameters)
    except AbandonedError:
        return StartError(Code.STOPPING)
    except Exception as error:
        if is_host_out_of_memory(error):
            _log.error("the host's memory ran out while the model was brought up: %s", str(error))
            available = round(read_memory().available_bytes / GIB, 1)
            return StartError(Code.START_HOST_OUT_OF_MEMORY, profile=profile.name, available=available)
        if is_out_of_memory(error):
            # As text: a record that is kept somewhere would keep the traceback, and that all that was loaded.
            _log.error("memory ran out while the model was brought up: %s", str(error))
            return None
        _log.error("the engine did not start: %s", "".join(traceback.format_exception(error)))
        # Memory first: a card too full for a context fails the probe too, and is not lost.
        if classify(error, lambda: wait_for(device_of(profile))) is Failure.CARD:
            # The traceback holds what was loaded.
            NEVER_FREED.append(error)
            raise FatalEngineError(GONE) from error
        return StartError(Code.ENGINE_FAILED, reason=repr(error))


def _out_of_memory(profile: Profile) -> StartError:
    """Return the error with what the profile's largest picture needs, and what is free now."""
    peaks = predict(profile, WorkShape(profile.largest_square))
    needed = peaks.highest_bytes * (1 + RESERVED_BEYOND[this_system()])
    try:
        free = free_bytes()
    except RuntimeError:
        # Not even the context came to be.
        free = 0
    return StartError(
        Code.START_OUT_OF_MEMORY,
        profile=profile.name,
        needed=round(needed / GIB, 1),
        free=round(free / GIB, 1),
    )


def _bring_up(
    source: Source,
    profile: Profile,
    scratch: Path | None,
    cpu_threads: int,
    clock: Clock,
    faults: Faults,
    on_state: Callable[[EngineState], None],
    is_abandoned: Callable[[], bool],
) -> Worker:
    device = open_device(profile, cpu_threads)
    if scratch is not None:
        try:
            scratch.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritten(error, scratch) from error
    if isinstance(source, HubSource):
        on_state(EngineState(EnginePhase.DOWNLOADING, 0.0, source.name))
    downloading = _rounded(EnginePhase.DOWNLOADING, source.name, on_state)
    weights = obtain(source, downloading, is_abandoned)
    ask = asking(is_abandoned)
    on_state(EngineState(EnginePhase.LOADING, 0.0, source.name))
    if isinstance(source, FolderSource) and scratch is not None:
        hashing = _rounded(EnginePhase.LOADING, source.name, on_state)
        check_folder(weights, scratch, hashing, ask)
        on_state(EngineState(EnginePhase.LOADING, 0.0, source.name))
    told = _rounded(EnginePhase.LOADING, source.name, on_state)

    def loading(fraction: float) -> None:
        ask()
        told(fraction)

    klein = load_klein(weights, profile, device, loading, scratch)
    ask()
    on_state(EngineState(EnginePhase.WARMING, 0.0))
    worker = Worker(klein, profile, clock, faults, check_products(klein))
    worker.warm(is_abandoned, _rounded(EnginePhase.WARMING, "", on_state))
    ask()
    return worker


def _rounded(
    phase: EnginePhase, detail: str, on_state: Callable[[EngineState], None]
) -> Callable[[float], None]:
    """Tell whole hundredths only, and each once: a download reports thousands of times a second."""
    last = 0

    def tell(fraction: float) -> None:
        nonlocal last
        hundredths = int(fraction * 100)
        if hundredths != last:
            last = hundredths
            on_state(EngineState(phase, hundredths / 100, detail))

    return tell
