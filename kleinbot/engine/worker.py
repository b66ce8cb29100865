"""What runs on the engine's thread: the model, and nothing that knows of an event loop."""

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import NoReturn

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, FatalEngineError, RenderError, StartError
from kleinbot.domain.faults import Faults
from kleinbot.domain.work import BatchResult, RenderTask, Suspended
from kleinbot.engine.autoencoder import Autoencoder
from kleinbot.engine.device import MemoryPeak, memory_peak, release_memory, wait_for
from kleinbot.engine.failures import Failure, classify, is_host_out_of_memory, is_out_of_memory
from kleinbot.engine.ladder import Ladder
from kleinbot.engine.making import Caller, Making
from kleinbot.engine.self_test import SelfTest
from kleinbot.engine.stages import Stages
from kleinbot.engine.tuning import Tuning
from kleinbot.host.profile import Placement, Profile
from kleinbot.klein import vae
from kleinbot.klein.load import Klein

_log = logging.getLogger(__name__)

# What a lost context owned. To free pinned memory after a sticky CUDA error ends the process with SIGABRT
# before it can end with its own exit code (seen on an H100 with torch 2.11).
NEVER_FREED: list[object] = []

SUSPENDED_AT_MOST = 2
"""Batches that rest; beyond it nobody is asked to yield, so that what was begun gets done."""

FAILURES_IN_A_ROW = 3
"""As many failures that are not for want of memory mean that the card, and no batch, is to blame."""

_REASON_CHARACTERS = 200
"""A compiler says more than anybody reads in a message; the log has all of it."""

GONE = "the card can no longer be used by this process"


class _Ending(Enum):
    """How an attempt ended that did not fail."""

    DONE = auto()
    RESTS = auto()


@dataclass(frozen=True)
class _Loaded:
    """What needs the model."""

    stages: Stages
    autoencoder: Autoencoder
    ladder: Ladder
    self_test: SelfTest
    tuning: Tuning


class Worker:
    """Holds the loaded model. Every method runs on the one thread that touches the device."""

    def __init__(
        self,
        klein: Klein,
        profile: Profile,
        clock: Clock,
        faults: Faults,
        handicap: StartError | None = None,
    ) -> None:
        """``handicap`` is what is known already of what the profile promises and this host cannot do."""
        self._device = klein.device
        self._profile = profile
        self._clock = clock
        autoencoder = Autoencoder(klein.vae, profile.lean_decode)
        stages = Stages(klein, autoencoder, faults)
        is_resident = profile.text_encoder.placement is Placement.RESIDENT
        ladder = Ladder(autoencoder, klein.text_encoder, klein.device, is_resident)
        self_test = SelfTest(klein, autoencoder)
        self._model: _Loaded | None = _Loaded(stages, autoencoder, ladder, self_test, Tuning(klein, profile))
        self._resting: dict[int, Making] = {}
        self._next_handle = 1
        self._failures = 0
        self._is_suspect = False
        self._is_doubted = False
        self._fatal: str | None = None
        self._handicaps = () if handicap is None else (handicap,)
        if handicap is not None and handicap.code is Code.NO_NATIVE_PRODUCTS:
            self._profile = replace(profile, widened=True)

    @property
    def profile(self) -> Profile:
        """The profile as this host can do it."""
        return self._profile

    @property
    def memory_peak(self) -> MemoryPeak:
        return memory_peak(self._device)

    @property
    def handicaps(self) -> tuple[StartError, ...]:
        """What of the profile could not be had; nothing where all is as it says."""
        return self._handicaps

    def render(self, batch: Sequence[RenderTask], caller: Caller) -> BatchResult | Suspended:
        """Make ``batch``; a cancelled image comes back without pixels, one that does not fit with its error.

        Raises RenderError RENDER_FAILED, or STOPPING where ``caller`` says so between two steps;
        FatalEngineError where the card can no longer be used, now or since an earlier batch.
        """
        self._check_health()
        return self._make(Making(batch, self._clock), caller)

    def resume(self, suspended: Suspended, caller: Caller) -> BatchResult | Suspended:
        """Go on with a batch that rests; otherwise as ``render``."""
        self._check_health()
        making = self._resting.pop(suspended.handle, None)
        if making is None:
            _log.error("there is no suspended batch %d", suspended.handle)
            raise RenderError(Code.RENDER_FAILED)
        return self._make(making, caller)

    def discard(self, suspended: Suspended) -> None:
        """Forget a batch that rests; nothing happens where there is none."""
        self._resting.pop(suspended.handle, None)

    def doubt(self) -> None:
        """Test the card before the next batch, and before one in hand is given out; called on any thread."""
        self._is_suspect = self._is_doubted = True

    def verify(self) -> None:
        """Test a card that is doubted. Raises FatalEngineError where it can no longer be used."""
        self._check_health()

    def release(self) -> None:
        """Let go of the model and its memory."""
        self._model = None
        self._resting.clear()
        if self._fatal is None:
            release_memory(self._device)

    def warm(self, must_stop: Callable[[], bool], on_fraction: Callable[[float], None]) -> None:
        """Tune the model and run it in every shape that deserves it, so that no member waits for kernels.

        What cannot be tuned on this host runs untuned. Ends early where ``must_stop`` says so.
        ``on_fraction`` is told how far it is, 0…1.

        Raises StartError WEIGHTS_DAMAGED where the model does not give finite pictures.
        """
        loaded = self._loaded
        tuning = loaded.tuning
        untuned: StartError | None = None
        try:
            tuning.apply()
            self._make_first_pictures(must_stop, on_fraction)
        except StartError as error:
            if error.code is not Code.WEIGHTS_DAMAGED or not tuning.is_tuned:
                raise
            # Kernels that give no numbers look like weights that are damaged; plain torch tells them apart.
            _log.warning("the tuned model draws what is not made of numbers, so it runs plainly")
            untuned = StartError(Code.RUNS_UNTUNED, reason="NaN")
        except Exception as error:
            if is_out_of_memory(error) or is_host_out_of_memory(error) or not tuning.is_tuned:
                raise
            _log.warning(
                "this host cannot run the model tuned, it runs plainly: %s",
                "".join(traceback.format_exception(error)),
            )
            untuned = StartError(Code.RUNS_UNTUNED, reason=str(error)[:_REASON_CHARACTERS])
        if untuned is not None:
            self._handicaps = (*self._handicaps, untuned)
            self._profile = replace(self._profile, untuned=True, lean_decode=True)
            # Not within ``except``: a traceback keeps the failed attempt's tensors alive.
            release_memory(self._device)
            tuning.undo()
            # The stock coders would take more memory than was predicted of compiled ones.
            loaded.autoencoder.be_lean()
            self._make_first_pictures(must_stop, on_fraction)
        tuning.seal()

    def _make_first_pictures(
        self, must_stop: Callable[[], bool], on_fraction: Callable[[float], None]
    ) -> None:
        loaded = self._loaded
        batches = list(loaded.tuning.first_batches())
        for position, batch in enumerate(batches):
            if must_stop():
                return
            on_fraction(position / len(batches))
            making = Making(batch, self._clock)
            loaded.stages.go_on(making, _NOBODY, may_rest=False)
            if any(image.error is not None for image in making.result().images):
                raise _damaged()
        try:
            loaded.self_test.learn()
        except vae.NotFiniteError as error:
            raise _damaged() from error

    def _make(self, making: Making, caller: Caller) -> BatchResult | Suspended:
        while True:
            # A value and no exception: a traceback would keep the failed attempt's tensors alive.
            ending = self._attempt(making, caller)
            match ending:
                case _Ending.DONE:
                    self._failures = 0
                    if self._is_doubted:
                        # A picture of lost weights is noise, and would be paid for.
                        self._check_health()
                    result = making.result()
                    if any(image.error is not None for image in result.images):
                        self._is_suspect = True
                    _log_seconds(result, self.memory_peak)
                    return result
                case _Ending.RESTS:
                    return self._suspend(making)
                case Failure.OUT_OF_MEMORY:
                    self._is_suspect = True
                    self._step_down(making)
                case Failure.HOST_OUT_OF_MEMORY:
                    self._is_suspect = True
                    self._loaded.ladder.spare_host(making)
                case Failure.BATCH:
                    self._count_failure()
                    raise RenderError(Code.RENDER_FAILED)
                case Failure.CARD:
                    self._end(GONE, making)

    def _attempt(self, making: Making, caller: Caller) -> _Ending | Failure:
        may_rest = len(self._resting) < SUSPENDED_AT_MOST
        try:
            loaded = self._loaded
            with loaded.tuning.running():
                is_done = loaded.stages.go_on(making, caller, may_rest)
        except RenderError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: one bad batch must not end the engine
            _log.error("a batch failed", exc_info=error)
            return classify(error, lambda: wait_for(self._device))
        return _Ending.DONE if is_done else _Ending.RESTS

    def _step_down(self, making: Making) -> None:
        try:
            self._loaded.ladder.step_down(making)
        except Exception as error:  # noqa: BLE001 - the edge: weights that were half moved serve nobody
            _log.error("what should have made room failed", exc_info=error)
            self._end("the model could not be moved out of the card's memory")

    def _suspend(self, making: Making) -> Suspended:
        handle, self._next_handle = self._next_handle, self._next_handle + 1
        self._resting[handle] = making
        return Suspended(handle, making.steps_done, making.steps)

    def _count_failure(self) -> None:
        self._is_suspect = True
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            self._end(f"{self._failures} batches in a row failed")

    def _check_health(self) -> None:
        """Refuse where the card is lost; after an error that was survived, look whether it is."""
        if self._fatal is not None:
            raise FatalEngineError(self._fatal)
        if not self._is_suspect:
            return
        # Before the test: what is doubted meanwhile is tested once more.
        self._is_suspect = self._is_doubted = False
        match self._test():
            case True:
                return
            case Failure.OUT_OF_MEMORY | Failure.HOST_OUT_OF_MEMORY:
                # Somebody else has the memory; no reason to doubt the card. The batch has its own ladder.
                self._is_suspect = True
                release_memory(self._device)
            case False | Failure():
                self._end("the self-test failed after an error that seemed to be over")

    def _test(self) -> bool | Failure:
        loaded = self._loaded
        try:
            with loaded.tuning.running():
                return loaded.self_test.passes()
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is, it is told apart and handled
            _log.error("the self-test failed", exc_info=error)
            return classify(error, lambda: wait_for(self._device))

    def _end(self, reason: str, making: Making | None = None) -> NoReturn:
        self._fatal = reason
        NEVER_FREED.append((self._model, making, tuple(self._resting.values())))
        self._resting.clear()
        raise FatalEngineError(reason)

    @property
    def _loaded(self) -> _Loaded:
        if self._model is None:
            raise RenderError(Code.STOPPING)
        return self._model


def _damaged() -> StartError:
    return StartError(Code.WEIGHTS_DAMAGED, file="transformer, vae", found="NaN", wanted="finite pictures")


def _nobody(_: object) -> bool:
    return False


_NOBODY = Caller(lambda _: None, _nobody, lambda: False, lambda: False)


def _log_seconds(result: BatchResult, peak: MemoryPeak) -> None:
    seconds = result.seconds
    _log.info(
        "%d images: encode %.3f s, denoise %.3f s, decode %.3f s; peak %d MiB allocated, %d MiB reserved",
        len(result.images),
        seconds.encode_s,
        seconds.denoise_s,
        seconds.decode_s,
        peak.allocated_bytes >> 20,
        peak.reserved_bytes >> 20,
    )
