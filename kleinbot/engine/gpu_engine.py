"""The engine of one device: an event loop's side of the one thread that runs the model."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, FatalEngineError, RenderError, StartError
from kleinbot.domain.faults import Faults
from kleinbot.domain.work import (
    BatchResult,
    EnginePhase,
    EngineState,
    ImageKey,
    RenderTask,
    StepReport,
    Suspended,
)
from kleinbot.engine.protocol import never
from kleinbot.host.profile import Profile
from kleinbot.klein.source import Source

if TYPE_CHECKING:
    from kleinbot.engine.device import MemoryPeak
    from kleinbot.engine.making import Caller
    from kleinbot.engine.worker import Worker

_log = logging.getLogger(__name__)

Result = TypeVar("Result")
Told = TypeVar("Told")


class GpuEngine:
    """Implements ``protocol.Engine`` on a graphics card or a CPU.

    One thread imports torch, loads and runs the model; making the object is instant and free of torch,
    so that the bot can be online meanwhile. ``cpu_threads`` is how many threads torch may compute with
    on a CPU (default: all cores but one, which the event loop needs). ``scratch`` is a folder for weights
    that the profile keeps on disk.
    """

    def __init__(
        self,
        source: Source,
        profile: Profile,
        clock: Clock,
        faults: Faults,
        cpu_threads: int | None = None,
        scratch: Path | None = None,
    ) -> None:
        self._source = source
        self._profile = profile
        self._clock = clock
        self._faults = faults
        self._cpu_threads = cpu_threads or max(1, (os.cpu_count() or 1) - 1)
        self._scratch = scratch
        self._state = EngineState(EnginePhase.STARTING)
        self._listeners: list[Callable[[EngineState], None]] = []
        # Its thread is joined by close(), or at the latest by the interpreter when it ends.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._worker: Worker | None = None
        self._memory_peak: MemoryPeak | None = None
        self._closing = threading.Event()
        self._closed: asyncio.Task[None] | None = None

    @property
    def profile(self) -> Profile:
        """What was asked for; once ready, as this host can do it."""
        return self._profile if self._worker is None else self._worker.profile

    @property
    def state(self) -> EngineState:
        return self._state

    @property
    def memory_peak(self) -> "MemoryPeak | None":
        """The most device memory used so far, as of the last batch; None before the start is done."""
        return self._memory_peak

    @property
    def held_bytes(self) -> int:
        """What torch has taken from the card, as of the last batch; 0 on a CPU."""
        return 0 if self._memory_peak is None else self._memory_peak.held_bytes

    def watch(self, listener: Callable[[EngineState], None]) -> None:
        """Call ``listener`` on the event loop at each change of state."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Download, load and warm the model; returns once ready.

        Raises StartError where the weights or the card cannot serve, FatalEngineError where only a new
        process can use the card (the state is then FAILED), or StartError STOPPING where the engine is
        closed before it is ready.
        """
        loop = asyncio.get_running_loop()
        abandoned = threading.Event()

        def on_state(state: EngineState) -> None:
            _tell(loop, self._enter, state)

        def is_abandoned() -> bool:
            return abandoned.is_set() or self._closing.is_set()

        self._enter(EngineState(EnginePhase.STARTING))
        try:
            await self._on_thread(partial(self._bring_up, on_state, is_abandoned))
        except StartError as error:
            if error.code is not Code.STOPPING:
                told = StartError(error.code, **error.parameters)
                self._enter(EngineState(EnginePhase.FAILED, detail=str(error), error=told))
            raise
        except FatalEngineError as error:
            self._enter(EngineState(EnginePhase.FAILED, detail=str(error)))
            raise
        except asyncio.CancelledError:
            abandoned.set()
            raise
        handicaps = () if self._worker is None else self._worker.handicaps
        self._enter(EngineState(EnginePhase.READY, handicaps=handicaps))

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        """Make every image of ``batch``; see ``protocol.Engine``.

        Raises FatalEngineError, and RenderError: RENDER_FAILED; ENGINE_FAILED where the engine is not ready;
        STOPPING where it is closed before the batch is done (nothing is wrong with the batch then).
        """

        def render(worker: "Worker", caller: "Caller") -> BatchResult | Suspended:
            return worker.render(batch, caller)

        return await self._work(render, batch[0].steps, on_step, is_cancelled, must_yield)

    async def resume(
        self,
        suspended: Suspended,
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        """Go on with a suspended batch where it stopped; raises as ``render``."""

        def resume(worker: "Worker", caller: "Caller") -> BatchResult | Suspended:
            return worker.resume(suspended, caller)

        return await self._work(resume, suspended.steps_total, on_step, is_cancelled, must_yield)

    async def discard(self, suspended: Suspended) -> None:
        """Forget a suspended batch that nobody wants any more; nothing happens once the engine is closed.

        Returns at once: the thread may be busy with another batch, or hang.
        """
        if not self._closing.is_set():
            self._thread.submit(self._discard, suspended)

    def doubt(self) -> None:
        """Have the engine tested before the next batch, and before one in hand is given out."""
        if self._worker is not None:
            self._worker.doubt()

    async def verify(self) -> None:
        """Test an engine that is doubted now; see ``protocol.Engine``."""
        try:
            await self._on_thread(self._verify)
        except FatalEngineError as error:
            self._enter(EngineState(EnginePhase.FAILED, detail=str(error)))
            raise

    async def close(self) -> None:
        """Finish the step in hand, release the device and end the thread. Idempotent."""
        if self._closed is None:
            if self._state.phase is not EnginePhase.FAILED:
                self._enter(EngineState(EnginePhase.DRAINING))
            self._closing.set()
            self._closed = asyncio.create_task(self._close())
        await asyncio.shield(self._closed)

    async def _close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._release)
        # The thread has nothing left to do, so waiting for its end does not block.
        self._thread.shutdown(wait=True)

    async def _on_thread(self, work: Callable[[], Result]) -> Result:
        if self._closing.is_set():
            raise RenderError(Code.STOPPING)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _bring_up(self, on_state: Callable[[EngineState], None], is_abandoned: Callable[[], bool]) -> None:
        _prefer_expandable_segments()
        # Here and not above: importing torch and diffusers takes seconds.
        from kleinbot.engine.bring_up import bring_up

        self._worker = bring_up(
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

    async def _work(
        self,
        act: "Callable[[Worker, Caller], BatchResult | Suspended]",
        steps: int,
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool],
    ) -> BatchResult | Suspended:
        """Let the engine's thread ``act``, with the callbacks of the event loop's side."""
        loop = asyncio.get_running_loop()
        abandoned = threading.Event()
        results: list[BatchResult | Suspended] = []

        def step_done(done: int) -> None:
            _tell(loop, report, StepReport(done, steps))

        def report(step: StepReport) -> None:
            if not abandoned.is_set():
                on_step(step)

        def must_stop() -> bool:
            return abandoned.is_set() or self._closing.is_set()

        def on_thread() -> BatchResult | Suspended:
            from kleinbot.engine.making import Caller

            if self._worker is None:
                raise RenderError(Code.ENGINE_FAILED)
            results.append(act(self._worker, Caller(step_done, is_cancelled, must_stop, must_yield)))
            self._memory_peak = self._worker.memory_peak
            return results[0]

        try:
            return await self._on_thread(on_thread)
        except FatalEngineError as error:
            self._enter(EngineState(EnginePhase.FAILED, detail=str(error)))
            raise
        except asyncio.CancelledError:
            abandoned.set()
            if not self._closing.is_set():
                # After what is running: a batch that was just suspended belongs to nobody.
                self._thread.submit(self._discard_all, results)
            raise

    def _discard_all(self, results: Sequence[BatchResult | Suspended]) -> None:
        for result in results:
            if isinstance(result, Suspended):
                self._discard(result)

    def _verify(self) -> None:
        if self._worker is not None:
            self._worker.verify()

    def _discard(self, suspended: Suspended) -> None:
        if self._worker is not None:
            self._worker.discard(suspended)

    def _release(self) -> None:
        if self._worker is not None:
            self._worker.release()
            self._worker = None

    def _enter(self, state: EngineState) -> None:
        if self._closing.is_set():
            return
        # A phase is entered again at each per cent of its progress.
        is_progress = replace(state, fraction=self._state.fraction) == self._state
        level = logging.DEBUG if is_progress else logging.INFO
        _log.log(level, "engine %s %s", state.phase, state.detail)
        self._state = state
        for listener in self._listeners:
            listener(state)


def _tell(loop: asyncio.AbstractEventLoop, listener: Callable[[Told], None], what: Told) -> None:
    """Call ``listener`` on the event loop; a loop that has ended, and left this thread behind, has none."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(listener, what)


def _prefer_expandable_segments() -> None:
    """Let torch's allocator grow its segments unless the host has chosen otherwise; call before importing it.

    Measured on an H200 (torch 2.11, 1024²): 16.17 GiB reserved instead of 18.18 for the same 15.6 allocated.
    Linux only: it does nothing on Windows. Some releases know only one of the two names, and where both are
    set the old one wins (torch 2.11), so neither is touched where the owner has set either. What does not
    work on this card is taken back when the device is opened (``engine.device``).
    """
    names = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
    if sys.platform == "linux" and not any(name in os.environ for name in names):
        for name in names:
            os.environ[name] = "expandable_segments:True"
