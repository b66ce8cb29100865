"""Starts the model on the engine's thread: device, download, load, warm-up."""

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, FatalEngineError, StartError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.profile import Profile
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.engine.device import device_of, free_bytes, open_device, release_memory, wait_for
from kleinbot.engine.failures import Failure, classify, is_host_out_of_memory, is_out_of_memory
from kleinbot.engine.product_check import check_products
from kleinbot.engine.worker import GPU_UNUSABLE, NEVER_FREED, Worker
from kleinbot.hardware.facts import GIB
from kleinbot.hardware.memory_model import RESERVED_BEYOND, WorkShape, predict
from kleinbot.hardware.probe import read_memory, this_system
from kleinbot.klein.hub.download import abandon_check, obtain
from kleinbot.klein.hub.folder_hashes import check_folder
from kleinbot.klein.hub.requests import AbandonedError
from kleinbot.klein.offload.placement import scratch_error
from kleinbot.klein.pipeline.load import load_klein
from kleinbot.klein.weights.source import FolderSource, HubSource, Source

_log = logging.getLogger(__name__)


def start_up(
    source: Source,
    profile: Profile,
    scratch: Path | None,
    cpu_threads: int,
    clock: Clock,
    faults: Faults,
    on_state: Callable[[EngineState], None],
    is_abandoned: Callable[[], bool],
) -> Worker:
    """Check the device, then download, load and warm the model.

    Raises StartError like the steps it calls; STOPPING if ``is_abandoned`` returns True; START_OUT_OF_MEMORY
    (profile, needed, free); START_HOST_OUT_OF_MEMORY (profile, available); ENGINE_FAILED (reason) for any
    unexpected error. Raises FatalEngineError if this process can no longer use the GPU.
    """

    def start() -> Worker:
        return _start(source, profile, scratch, cpu_threads, clock, faults, on_state, is_abandoned)

    outcome = _try_to_start(start, profile)
    if outcome is not None and not isinstance(outcome, StartError):
        return outcome
    # Here no traceback keeps the loaded tensors alive: the next attempt, or a game, needs the memory.
    _release_memory_of(profile)
    raise _out_of_memory(profile) if outcome is None else outcome


def _release_memory_of(profile: Profile) -> None:
    try:
        release_memory(device_of(profile))
    except RuntimeError:
        _log.info("no memory was released: there is no CUDA context")


def _try_to_start(start: Callable[[], Worker], profile: Profile) -> Worker | StartError | None:
    """Return the worker that ``start`` makes, or its error without a traceback; None if memory ran out.

    Raises FatalEngineError like ``start_up``.
    """
    try:
        return start()
    except StartError as error:
        return StartError(error.code, **error.parameters)
    except AbandonedError:
        return StartError(Code.STOPPING)
    except Exception as error:
        if is_host_out_of_memory(error):
            _log.error("host memory ran out while the model was starting: %s", str(error))
            available = round(read_memory().available_bytes / GIB, 1)
            return StartError(Code.START_HOST_OUT_OF_MEMORY, profile=profile.name, available=available)
        if is_out_of_memory(error):
            # As text: a stored log record would keep the traceback alive, and with it the loaded tensors.
            _log.error("GPU memory ran out while the model was starting: %s", str(error))
            return None
        _log.error("the engine did not start: %s", "".join(traceback.format_exception(error)))
        # Memory is checked first: a GPU too full for a context also fails the probe, but is not lost.
        if classify(error, lambda: wait_for(device_of(profile))) is Failure.GPU:
            # The traceback keeps the loaded tensors alive.
            NEVER_FREED.append(error)
            raise FatalEngineError(GPU_UNUSABLE) from error
        return StartError(Code.ENGINE_FAILED, reason=repr(error))


def _out_of_memory(profile: Profile) -> StartError:
    """Return the error with the memory that the profile's largest picture needs, and the free memory."""
    peaks = predict(profile, WorkShape(profile.largest_square))
    needed = peaks.highest_bytes * (1 + RESERVED_BEYOND[this_system()])
    try:
        free = free_bytes()
    except RuntimeError:
        # Not even a CUDA context could be created.
        free = 0
    return StartError(
        Code.START_OUT_OF_MEMORY,
        profile=profile.name,
        needed=round(needed / GIB, 1),
        free=round(free / GIB, 1),
    )


def _start(
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
            scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise scratch_error(error, scratch) from error
    if isinstance(source, HubSource):
        on_state(EngineState(EnginePhase.DOWNLOADING, 0.0, source.name))
    downloading = _rounded(EnginePhase.DOWNLOADING, source.name, on_state)
    weights = obtain(source, downloading, is_abandoned)
    raise_if_abandoned = abandon_check(is_abandoned)
    on_state(EngineState(EnginePhase.LOADING, 0.0, source.name))
    if isinstance(source, FolderSource) and scratch is not None:
        hashing = _rounded(EnginePhase.LOADING, source.name, on_state)
        check_folder(weights, scratch, hashing, raise_if_abandoned)
        on_state(EngineState(EnginePhase.LOADING, 0.0, source.name))
    report = _rounded(EnginePhase.LOADING, source.name, on_state)

    def loading(fraction: float) -> None:
        raise_if_abandoned()
        faults.reach(FaultPoint.LOADING)
        report(fraction)

    klein = load_klein(weights, profile, device, loading, scratch)
    raise_if_abandoned()
    on_state(EngineState(EnginePhase.WARMING, 0.0))
    worker = Worker(klein, profile, clock, faults, check_products(klein), scratch)
    worker.warm(is_abandoned, _rounded(EnginePhase.WARMING, "", on_state))
    raise_if_abandoned()
    return worker


def _rounded(
    phase: EnginePhase, detail: str, on_state: Callable[[EngineState], None]
) -> Callable[[float], None]:
    """Report each whole hundredth once: a download reports thousands of times a second."""
    last = 0

    def tell(fraction: float) -> None:
        nonlocal last
        hundredths = int(fraction * 100)
        if hundredths != last:
            last = hundredths
            on_state(EngineState(phase, hundredths / 100, detail))

    return tell
