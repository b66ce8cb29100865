"""Runs the model on the engine's thread; knows nothing of an event loop."""

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import NoReturn

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, FatalEngineError, RenderError, StartError
from kleinbot.domain.faults import Faults
from kleinbot.domain.profile import Placement, Profile
from kleinbot.domain.work import BatchResult, RenderTask, Suspended
from kleinbot.engine.autoencoder import Autoencoder
from kleinbot.engine.device import MemoryPeak, memory_peak, release_memory, release_model, wait_for
from kleinbot.engine.failures import Failure, classify, is_host_out_of_memory, is_out_of_memory
from kleinbot.engine.oom_fallback import OomFallback
from kleinbot.engine.previews import Previews
from kleinbot.engine.render_batch import Callbacks, RenderBatch
from kleinbot.engine.self_test import SelfTest
from kleinbot.engine.stages import Stages
from kleinbot.engine.tuning import Tuning
from kleinbot.klein.pipeline import vae
from kleinbot.klein.pipeline.load import Klein

_log = logging.getLogger(__name__)

# Objects of a lost CUDA context. Freeing pinned memory after a sticky CUDA error aborts the process (SIGABRT)
# before it can exit with its own exit code (seen on an H100 with torch 2.11).
NEVER_FREED: list[object] = []

SUSPENDED_AT_MOST = 2
"""Most suspended batches; beyond it no batch is asked to yield, so that started batches finish."""

FAILURES_IN_A_ROW = 3
"""After this many failures in a row, out-of-memory errors aside, the GPU is to blame, not a batch."""

_REASON_CHARACTERS = 200
"""Compiler errors are too long for a message; the log has the full text."""

GPU_UNUSABLE = "this process can no longer use the GPU"


class _Outcome(Enum):
    """The outcome of an attempt that did not fail."""

    DONE = auto()
    SUSPENDED = auto()


@dataclass(frozen=True)
class _Loaded:
    """The parts that need the loaded model."""

    stages: Stages
    autoencoder: Autoencoder
    oom_fallback: OomFallback
    self_test: SelfTest
    tuning: Tuning
    previews: Previews


class Worker:
    """Holds the loaded model. Every method runs on the one thread that touches the device."""

    def __init__(
        self,
        klein: Klein,
        profile: Profile,
        clock: Clock,
        faults: Faults,
        handicap: StartError | None = None,
        folder: Path | None = None,
    ) -> None:
        """``handicap``: a feature of the profile that is already known not to work on this machine.

        ``folder``: where what was computed for the next start is kept.
        """
        self._device = klein.device
        self.files = klein.files
        self._profile = profile
        self._clock = clock
        autoencoder = Autoencoder(klein.vae, profile.lean_decode)
        previews = Previews(klein, autoencoder, folder)
        stages = Stages(klein, autoencoder, previews, faults)
        is_resident = profile.text_encoder.placement is Placement.RESIDENT
        oom_fallback = OomFallback(autoencoder, klein.text_encoder, klein.device, is_resident)
        self_test = SelfTest(klein, autoencoder)
        self._model: _Loaded | None = _Loaded(
            stages, autoencoder, oom_fallback, self_test, Tuning(klein, profile), previews
        )
        self._suspended: dict[int, RenderBatch] = {}
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
        """The profile as this machine can run it."""
        return self._profile

    @property
    def memory_peak(self) -> MemoryPeak:
        return memory_peak(self._device)

    @property
    def handicaps(self) -> tuple[StartError, ...]:
        """The features of the profile that do not work here; empty if all of them do."""
        return self._handicaps

    def begin(self, tasks: Sequence[RenderTask]) -> RenderBatch:
        """Return a new batch for ``make``. Raises FatalEngineError if the GPU is no longer usable."""
        self._check_health()
        return RenderBatch(tasks, self._clock)

    def resume(self, suspended: Suspended) -> RenderBatch:
        """Return a suspended batch for ``make``. Raises like ``begin``, and RenderError if there is none."""
        self._check_health()
        batch = self._suspended.pop(suspended.handle, None)
        if batch is None:
            _log.error("there is no suspended batch %d", suspended.handle)
            raise RenderError(Code.RENDER_FAILED)
        return batch

    def make(self, batch: RenderBatch, callbacks: Callbacks) -> BatchResult | Suspended:
        """Render ``batch``; a cancelled image has no pixels, one that does not fit has its error.

        Raises RenderError RENDER_FAILED, or STOPPING if ``callbacks.must_stop`` returns True between two
        steps; FatalEngineError if the GPU is no longer usable.
        """
        while True:
            # A value, not an exception: a traceback would keep the failed attempt's tensors alive.
            outcome = self._attempt(batch, callbacks)
            match outcome:
                case _Outcome.DONE:
                    return self._done(batch)
                case _Outcome.SUSPENDED:
                    return self._suspend(batch)
                case Failure.OUT_OF_MEMORY:
                    self._is_suspect = True
                    self._recover_memory(batch)
                case Failure.HOST_OUT_OF_MEMORY:
                    self._is_suspect = True
                    self._loaded.oom_fallback.recover_host_memory(batch)
                case Failure.BATCH:
                    self._count_failure()
                    raise RenderError(Code.RENDER_FAILED)
                case Failure.GPU:
                    self._end(GPU_UNUSABLE, batch)

    def discard(self, suspended: Suspended) -> None:
        """Drop a suspended batch; do nothing if there is none."""
        self._suspended.pop(suspended.handle, None)

    def mark_suspect(self) -> None:
        """Run the self-test before the next batch, and before the running one is returned; thread-safe."""
        self._is_suspect = self._is_doubted = True

    def verify(self) -> None:
        """Run the self-test if the GPU is suspect. Raises FatalEngineError if it is no longer usable."""
        self._check_health()

    def prepare_previews(self) -> None:
        """Read what previews need, or begin to make it."""
        if self._model is not None and self._fatal is None:
            self._model.previews.prepare()

    def fit_previews_on(self) -> None:
        """Do a small part of what previews need."""
        self._loaded.previews.fit_on()

    @property
    def must_fit_previews(self) -> bool:
        return self._model is not None and self._fatal is None and self._loaded.previews.must_fit

    def release(self) -> None:
        """Release the model and its memory."""
        if self._model is not None and self._fatal is None:
            self._model.tuning.forget()
        self._model = None
        self._suspended.clear()
        if self._fatal is None:
            plans = (self._profile.transformer, self._profile.text_encoder)
            release_model(self._device, is_streamed=any(p.placement is not Placement.RESIDENT for p in plans))

    def warm(self, must_stop: Callable[[], bool], on_fraction: Callable[[float], None]) -> None:
        """Tune the model and run it once in every compiled shape, so that no member waits for kernels.

        A model that cannot be tuned on this machine runs untuned. Returns early once ``must_stop`` is True.
        ``on_fraction`` receives the progress, 0…1.

        Raises StartError WEIGHTS_DAMAGED if the model produces pictures with NaN or infinity.
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
            # Broken kernels and damaged weights both produce NaN; plain torch tells them apart.
            _log.warning("the tuned model produces NaN, so it runs untuned")
            untuned = StartError(Code.RUNS_UNTUNED, reason="NaN")
        except Exception as error:
            if is_out_of_memory(error) or is_host_out_of_memory(error) or not tuning.is_tuned:
                raise
            _log.warning(
                "this machine cannot run the tuned model, so it runs untuned: %s",
                "".join(traceback.format_exception(error)),
            )
            untuned = StartError(Code.RUNS_UNTUNED, reason=str(error)[:_REASON_CHARACTERS])
        if untuned is not None:
            self._handicaps = (*self._handicaps, untuned)
            self._profile = replace(self._profile, untuned=True, lean_decode=True)
            # Outside ``except``: a traceback keeps the failed attempt's tensors alive.
            release_memory(self._device)
            tuning.undo()
            # The stock VAE needs more memory than the prediction for the compiled one.
            loaded.autoencoder.use_tiling()
            self._make_first_pictures(must_stop, on_fraction)
        tuning.seal()

    def _make_first_pictures(
        self, must_stop: Callable[[], bool], on_fraction: Callable[[float], None]
    ) -> None:
        loaded = self._loaded
        batches = list(loaded.tuning.first_batches())
        for position, tasks in enumerate(batches):
            if must_stop():
                return
            on_fraction(position / len(batches))
            batch = RenderBatch(tasks, self._clock)
            loaded.stages.advance(batch, _IGNORED, may_yield=False)
            if any(image.error is not None for image in batch.result().images):
                raise _damaged()
        try:
            loaded.self_test.record()
        except vae.NotFiniteError as error:
            raise _damaged() from error

    def _done(self, batch: RenderBatch) -> BatchResult:
        self._failures = 0
        if self._is_doubted:
            # Corrupted weights produce noise, and the member would pay for it.
            self._check_health()
        result = batch.result()
        if any(image.error is not None for image in result.images):
            self._is_suspect = True
        _log_seconds(result, self.memory_peak)
        return result

    def _attempt(self, batch: RenderBatch, callbacks: Callbacks) -> _Outcome | Failure:
        may_yield = len(self._suspended) < SUSPENDED_AT_MOST
        try:
            loaded = self._loaded
            with loaded.tuning.running():
                is_done = loaded.stages.advance(batch, callbacks, may_yield)
        except RenderError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: one bad batch must not end the engine
            _log.error("a batch failed", exc_info=error)
            return classify(error, lambda: wait_for(self._device))
        return _Outcome.DONE if is_done else _Outcome.SUSPENDED

    def _recover_memory(self, batch: RenderBatch) -> None:
        try:
            self._loaded.oom_fallback.recover_gpu_memory(batch)
        except Exception as error:  # noqa: BLE001 - the edge: half-moved weights are unusable
            _log.error("an out-of-memory fallback failed", exc_info=error)
            self._end("the model could not be moved out of GPU memory")

    def _suspend(self, batch: RenderBatch) -> Suspended:
        handle, self._next_handle = self._next_handle, self._next_handle + 1
        self._suspended[handle] = batch
        return Suspended(handle, batch.steps_done, batch.steps)

    def _count_failure(self) -> None:
        self._is_suspect = True
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            self._end(f"{self._failures} batches in a row failed")

    def _check_health(self) -> None:
        """Raise if the GPU is lost; after a recoverable error, run the self-test first."""
        if self._fatal is not None:
            raise FatalEngineError(self._fatal)
        if not self._is_suspect:
            return
        # Cleared before the test: a GPU marked suspect meanwhile is tested once more.
        self._is_suspect = self._is_doubted = False
        match self._test():
            case True:
                return
            case Failure.OUT_OF_MEMORY | Failure.HOST_OUT_OF_MEMORY:
                # Another program has the memory; the GPU is not at fault. The batch has its own fallbacks.
                self._is_suspect = True
                release_memory(self._device)
            case False | Failure():
                self._end("the self-test failed after an error that seemed recoverable")

    def _test(self) -> bool | Failure:
        loaded = self._loaded
        try:
            with loaded.tuning.running():
                return loaded.self_test.passes()
        except Exception as error:  # noqa: BLE001 - the edge: every error is classified and handled
            _log.error("the self-test failed", exc_info=error)
            return classify(error, lambda: wait_for(self._device))

    def _end(self, reason: str, batch: RenderBatch | None = None) -> NoReturn:
        self._fatal = reason
        NEVER_FREED.append((self._model, batch, tuple(self._suspended.values())))
        self._suspended.clear()
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


_IGNORED = Callbacks(lambda _, __: None, _nobody, lambda: False, lambda: False)


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
