"""The engine of one device: the event loop's side of the thread that runs the model."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, FatalEngineError, RenderError, StartError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import Profile
from kleinbot.domain.work import BatchResult, EnginePhase, EngineState, RenderTask, StepReport, Suspended
from kleinbot.engine.protocol import never
from kleinbot.klein.weights.source import Source

if TYPE_CHECKING:
    from kleinbot.engine.device import MemoryPeak
    from kleinbot.engine.render_batch import Callbacks, RenderBatch
    from kleinbot.engine.worker import Worker

_log = logging.getLogger(__name__)

Result = TypeVar("Result")
Value = TypeVar("Value")


class GpuEngine:
    """Implements ``protocol.Engine`` on a GPU or a CPU.

    One thread imports torch, loads and runs the model. Creating the object is instant and imports no torch,
    so that the bot can go online meanwhile. ``cpu_threads``: torch's threads on a CPU (default: all cores but
    one, which the event loop needs). ``scratch``: a folder for weights that the profile keeps on disk.
    ``prepares_previews``: the first picture that wants previews is to have them.
    """

    def __init__(
        self,
        source: Source,
        profile: Profile,
        clock: Clock,
        faults: Faults,
        cpu_threads: int | None = None,
        scratch: Path | None = None,
        *,
        prepares_previews: bool = False,
    ) -> None:
        self._source = source
        self._profile = profile
        self._clock = clock
        self._faults = faults
        self._cpu_threads = cpu_threads or max(1, (os.cpu_count() or 1) - 1)
        self._scratch = scratch
        self._state = EngineState(EnginePhase.STARTING)
        self._listeners: list[Callable[[EngineState], None]] = []
        # close() joins the thread; without it the interpreter does at exit.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._worker: Worker | None = None
        self._memory_peak: MemoryPeak | None = None
        self._closing = threading.Event()
        self._unloading = threading.Event()
        """Set from ``unload`` until the next ``start``."""
        self._closed: asyncio.Task[None] | None = None
        self._is_fitting = False
        self._weight_files: Sequence[Path] = ()
        self._prepares_previews = prepares_previews
        self._held_now: Callable[[], int] = _nothing

    @property
    def profile(self) -> Profile:
        """The requested profile; once ready, the profile as this machine can run it."""
        return self._profile if self._worker is None else self._worker.profile

    @property
    def state(self) -> EngineState:
        return self._state

    @property
    def memory_peak(self) -> "MemoryPeak | None":
        """The peak of device memory as of the last batch; None before the start has finished."""
        return self._memory_peak

    @property
    def held_bytes(self) -> int:
        """GPU memory that torch reserves now, also while the model is loaded; see ``protocol.Engine``."""
        return self._held_now()

    @property
    def weight_files(self) -> Sequence[Path]:
        return self._weight_files

    def watch(self, listener: Callable[[EngineState], None]) -> None:
        """Call ``listener`` on the event loop at each change of state."""
        self._listeners.append(listener)

    def unwatch(self, listener: Callable[[EngineState], None]) -> None:
        self._listeners.remove(listener)

    async def start(self) -> None:
        """Download, load and warm the model; return once ready.

        Raises StartError if the weights or the GPU are unusable, FatalEngineError if only a new process can
        use the GPU (the state is then FAILED), or StartError STOPPING if the engine is closed before it is
        ready.
        """
        loop = asyncio.get_running_loop()
        abandoned = threading.Event()

        def enter(state: EngineState) -> None:
            if not is_abandoned():
                self._enter(state)

        def on_state(state: EngineState) -> None:
            _call_on_loop(loop, enter, state)

        def is_abandoned() -> bool:
            return abandoned.is_set() or self._closing.is_set()

        self._unloading.clear()
        self._enter(EngineState(EnginePhase.STARTING))
        try:
            await self._on_thread(partial(self._start_worker, on_state, is_abandoned))
        except StartError as error:
            if error.code is not Code.STOPPING:
                failure = StartError(error.code, **error.parameters)
                self._enter(EngineState(EnginePhase.FAILED, detail=str(error), error=failure))
            raise
        except FatalEngineError as error:
            self._enter(EngineState(EnginePhase.FAILED, detail=str(error)))
            raise
        except asyncio.CancelledError:
            abandoned.set()
            raise
        handicaps = () if self._worker is None else self._worker.handicaps
        self._enter(EngineState(EnginePhase.READY, handicaps=handicaps))
        if self._prepares_previews and not self._closing.is_set():
            self._thread.submit(self._prepare_previews)

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        """Render every image of ``batch``; see ``protocol.Engine``.

        Raises FatalEngineError, and RenderError: RENDER_FAILED; ENGINE_FAILED if the engine is not ready;
        STOPPING if it is closed before the batch is done (nothing is wrong with the batch then).
        """
        call = _Call(batch[0].spec.steps, on_step, is_cancelled, must_yield, self._is_leaving)
        return await self._work(lambda worker: worker.begin(batch), call)

    async def resume(
        self,
        suspended: Suspended,
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        """Continue a suspended batch where it stopped; raises like ``render``."""
        call = _Call(suspended.steps_total, on_step, is_cancelled, must_yield, self._is_leaving)
        return await self._work(lambda worker: worker.resume(suspended), call)

    async def discard(self, suspended: Suspended) -> None:
        """Drop a suspended batch that will not be resumed; do nothing once the engine is closed.

        Returns at once: the thread may be busy with another batch, or hang.
        """
        if not self._closing.is_set():
            self._thread.submit(self._discard, suspended)

    def mark_suspect(self) -> None:
        """Run the self-test before the next batch, and before the running one is returned."""
        if self._worker is not None:
            self._worker.mark_suspect()

    async def verify(self) -> None:
        """Run the self-test now if the engine is suspect; see ``protocol.Engine``."""
        try:
            await self._on_thread(self._verify)
        except FatalEngineError as error:
            self._enter(EngineState(EnginePhase.FAILED, detail=str(error)))
            raise

    async def unload(self) -> None:
        """Release the device's memory until ``start``; see ``protocol.Engine``."""
        if self._closing.is_set() or self._state.phase in (EnginePhase.UNLOADED, EnginePhase.FAILED):
            return
        self._unloading.set()
        self._enter(EngineState(EnginePhase.UNLOADING))
        await self._on_thread(self._unload)
        self._enter(EngineState(EnginePhase.UNLOADED))

    async def close(self) -> None:
        """Finish the running step, release the device and end the thread. Idempotent."""
        if self._closed is None:
            if self._state.phase is not EnginePhase.FAILED:
                self._enter(EngineState(EnginePhase.DRAINING))
            self._closing.set()
            self._closed = asyncio.create_task(self._close())
        await asyncio.shield(self._closed)

    async def _close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._release)
        # The thread is idle, so joining it does not block.
        self._thread.shutdown(wait=True)

    async def _on_thread(self, work: Callable[[], Result]) -> Result:
        if self._closing.is_set():
            raise RenderError(Code.STOPPING)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _start_worker(
        self, on_state: Callable[[EngineState], None], is_abandoned: Callable[[], bool]
    ) -> None:
        _prefer_expandable_segments()
        # Imported here: importing torch and diffusers takes seconds.
        from kleinbot.engine.device import device_of, held_now
        from kleinbot.engine.startup import start_up

        self._held_now = partial(held_now, device_of(self._profile))
        self._worker = start_up(
            self._source,
            self._profile,
            self._scratch,
            self._cpu_threads,
            self._clock,
            self._faults,
            on_state,
            is_abandoned,
        )
        self._memory_peak = self._worker.memory_peak
        self._weight_files = self._worker.files

    async def _work(
        self, batch_of: "Callable[[Worker], RenderBatch]", call: "_Call"
    ) -> BatchResult | Suspended:
        """Render the batch that ``batch_of`` takes from the worker, on the engine's thread."""
        if self._is_leaving():
            raise RenderError(Code.STOPPING)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._make, batch_of, call)
        except FatalEngineError as error:
            self._enter(EngineState(EnginePhase.FAILED, detail=str(error)))
            raise
        except asyncio.CancelledError:
            call.abandoned.set()
            if not self._closing.is_set():
                # Queued behind the running call: a batch suspended meanwhile has no owner.
                self._thread.submit(self._discard_of, call)
            raise

    def _make(self, batch_of: "Callable[[Worker], RenderBatch]", call: "_Call") -> BatchResult | Suspended:
        """Run on the engine's thread."""
        worker = self._worker
        if worker is None:
            raise RenderError(Code.STOPPING if self._is_leaving() else Code.ENGINE_FAILED)
        call.outcome = worker.make(batch_of(worker), call.callbacks())
        self._memory_peak = worker.memory_peak
        self._fit_previews_later()
        return call.outcome

    def _prepare_previews(self) -> None:
        if self._worker is not None:
            self._worker.prepare_previews()
            self._fit_previews_later()

    def _fit_previews_later(self) -> None:
        """Queue a part of the fit behind what waits already, so that no picture waits for all of it."""
        worker = self._worker
        if (
            worker is not None
            and worker.must_fit_previews
            and not self._is_fitting
            and not self._closing.is_set()
        ):
            self._is_fitting = True
            self._thread.submit(self._fit_previews)

    def _fit_previews(self) -> None:
        self._is_fitting = False
        if self._worker is not None and not self._closing.is_set():
            self._worker.fit_previews_on()
            self._fit_previews_later()

    def _discard_of(self, call: "_Call") -> None:
        if isinstance(call.outcome, Suspended):
            self._discard(call.outcome)

    def _verify(self) -> None:
        if self._worker is not None:
            self._worker.verify()

    def _discard(self, suspended: Suspended) -> None:
        if self._worker is not None:
            self._worker.discard(suspended)

    def _unload(self) -> None:
        self._faults.reach(FaultPoint.UNLOADING)
        self._release()

    def _release(self) -> None:
        if self._worker is not None:
            self._worker.release()
            self._worker = None
            self._memory_peak = None

    def _is_leaving(self) -> bool:
        return self._closing.is_set() or self._unloading.is_set()

    def _enter(self, state: EngineState) -> None:
        if self._closing.is_set():
            return
        # Each per cent of progress enters the same phase again.
        is_progress = replace(state, fraction=self._state.fraction) == self._state
        level = logging.DEBUG if is_progress else logging.INFO
        _log.log(level, "engine %s %s", state.phase, state.detail)
        self._state = state
        for listener in tuple(self._listeners):
            listener(state)


def _nothing() -> int:
    return 0


class _Call:
    """One call of ``render`` or ``resume``, shared by the event loop and the engine's thread."""

    def __init__(
        self,
        steps: int,
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool],
        is_leaving: Callable[[], bool],
    ) -> None:
        """Create it on the event loop on which ``on_step`` is to be called."""
        self._loop = asyncio.get_running_loop()
        self._steps = steps
        self._on_step = on_step
        self._is_cancelled = is_cancelled
        self._must_yield = must_yield
        self._is_leaving = is_leaving
        self.abandoned = threading.Event()
        """The caller was cancelled: it receives no further steps and no result."""
        self.outcome: BatchResult | Suspended | None = None

    def callbacks(self) -> "Callbacks":
        """Return the callbacks for the engine's thread."""
        from kleinbot.engine.render_batch import Callbacks

        return Callbacks(self._step_done, self._is_cancelled, self._must_stop, self._must_yield)

    def _step_done(self, done: int, previews: Mapping[ImageKey, Pixels]) -> None:
        _call_on_loop(self._loop, self._report, StepReport(done, self._steps, previews))

    def _report(self, step: StepReport) -> None:
        if not self.abandoned.is_set():
            self._on_step(step)

    def _must_stop(self) -> bool:
        return self.abandoned.is_set() or self._is_leaving()


def _call_on_loop(loop: asyncio.AbstractEventLoop, listener: Callable[[Value], None], value: Value) -> None:
    """Call ``listener`` on the event loop; do nothing if the loop has already closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(listener, value)


def _prefer_expandable_segments() -> None:
    """Enable torch's expandable segments unless the owner configured it; call before importing torch.

    Measured on an H200 (torch 2.11, 1024²): 16.17 GiB reserved instead of 18.18 for the same 15.6 allocated.
    Linux only: it has no effect on Windows. Some releases know only one of the two names, and if both are set
    the old one wins (torch 2.11), so neither is changed if the owner has set either. ``engine.device`` turns
    it off again if the GPU does not support it.
    """
    names = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
    if sys.platform == "linux" and not any(name in os.environ for name in names):
        for name in names:
            os.environ[name] = "expandable_segments:True"
