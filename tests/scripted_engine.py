"""An engine whose every step is controlled by a test: it replaces the GPU."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kleinbot.domain.errors import Code, FatalEngineError, RenderError
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import CPU_SMALL, Profile
from kleinbot.domain.work import (
    BatchResult,
    EnginePhase,
    EngineState,
    OutOfMemory,
    Rendered,
    RenderTask,
    StageSeconds,
    StepReport,
    Suspended,
)
from kleinbot.engine.protocol import never

SUSPENDED_AT_MOST = 2
"""The most suspended batches, as in the real engine: beyond it, no batch is asked to yield."""


@dataclass
class _Held:
    """A suspended batch."""

    batch: tuple[RenderTask, ...]
    steps_done: int


class ScriptedEngine:
    """Renders plain grey; each batch waits until the test releases it, or raises the test's error.

    A test may set these, which apply from the next batch (or part of one) on:

    * ``gate``: every part of a batch waits for it before its first step;
    * ``step_gates[n]``: every batch waits there once its step n (from 1) is done and told;
    * ``within_gates[n]``: every batch waits there while its step n (from 1) is made, before it is told;
    * ``failures``: raised one by one, before the first step of a part, ``resume`` included;
    * ``yields_after``: a part stops after this step although nobody asked it to; otherwise ``must_yield`` is
      asked between two steps;
    * ``out_of_memory``: reported by the next batches that are done, one entry each;
    * ``image_errors``: what single images come back with instead of pixels;
    * ``before``: told of each new batch before anything else happens to it;
    * ``draw``: makes the pixels of an image;
    * ``preview``: makes the preview of an image after a step, where one is wanted;
    * ``is_broken``: it does not pass when it is verified;
    * ``seconds``: what every batch is said to have taken;
    * ``unload_gate`` and ``load_gate``: unloading and loading again wait for them.

    ``batches``, ``resumed`` and ``discarded`` tell what was asked of it, ``suspended`` what it holds,
    ``steps_made`` how many steps of single pictures it has made.
    """

    def __init__(self, profile: Profile = CPU_SMALL) -> None:
        self.profile = profile
        self.state = EngineState(EnginePhase.READY)
        self.held_bytes = 0
        self.weight_files: Sequence[Path] = ()
        self.leaving = asyncio.Event()
        self.unload_gate = asyncio.Event()
        self.unload_gate.set()
        self.load_gate = asyncio.Event()
        self.load_gate.set()
        self.unloads = self.starts = self._running = 0
        self.doubted = 0
        self.verified = 0
        self.is_broken = False
        self.batches: list[tuple[RenderTask, ...]] = []
        self.resumed: list[Suspended] = []
        self.discarded: list[Suspended] = []
        self.failures: list[BaseException] = []
        self.yields_after: list[int] = []
        self.out_of_memory: list[tuple[OutOfMemory, ...]] = []
        self.image_errors: dict[ImageKey, RenderError] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.step_gates: Mapping[int, asyncio.Event] = {}
        self.within_gates: Mapping[int, asyncio.Event] = {}
        self.steps_made = 0
        self.before: Callable[[Sequence[RenderTask]], None] = lambda _: None
        self.draw: Callable[[RenderTask], Pixels] = grey
        self.preview: Callable[[RenderTask, int], Pixels] | None = None
        self.seconds = StageSeconds(0.1, 0.2, 0.1)
        self.started = asyncio.Event()
        self._held: dict[int, _Held] = {}
        self._next_handle = 1
        self._listeners: list[Callable[[EngineState], None]] = []

    @property
    def suspended(self) -> list[tuple[RenderTask, ...]]:
        return [held.batch for held in self._held.values()]

    def watch(self, listener: Callable[[EngineState], None]) -> None:
        self._listeners.append(listener)

    def unwatch(self, listener: Callable[[EngineState], None]) -> None:
        self._listeners.remove(listener)

    def enter(self, state: EngineState) -> None:
        self.state = state
        for listener in tuple(self._listeners):
            listener(state)

    async def start(self) -> None:
        self.leaving.clear()
        if self.state.phase is EnginePhase.UNLOADED:
            self.enter(EngineState(EnginePhase.LOADING, 0.0))
            await self.load_gate.wait()
            self.enter(EngineState(EnginePhase.READY))
        self.starts += 1

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        self.before(batch)
        self.batches.append(tuple(batch))
        return await self._run(_Held(tuple(batch), 0), on_step, is_cancelled, must_yield)

    async def resume(
        self,
        suspended: Suspended,
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool] = never,
    ) -> BatchResult | Suspended:
        self.resumed.append(suspended)
        held = self._held.pop(suspended.handle)
        return await self._run(held, on_step, is_cancelled, must_yield)

    async def discard(self, suspended: Suspended) -> None:
        self.discarded.append(suspended)
        self._held.pop(suspended.handle, None)

    def mark_suspect(self) -> None:
        self.doubted += 1

    async def verify(self) -> None:
        self.verified += 1
        if self.is_broken:
            raise FatalEngineError("the self-test failed")

    async def unload(self) -> None:
        if self.state.phase is EnginePhase.UNLOADED:
            return
        self.leaving.set()
        self.enter(EngineState(EnginePhase.UNLOADING))
        await self.unload_gate.wait()
        while self._running:
            await asyncio.sleep(0)
        self._held.clear()
        self.unloads += 1
        self.enter(EngineState(EnginePhase.UNLOADED))

    async def close(self) -> None:
        self._held.clear()

    async def _run(
        self,
        held: _Held,
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool],
    ) -> BatchResult | Suspended:
        self.started.set()
        self._running += 1
        try:
            return await self._steps(held, on_step, is_cancelled, must_yield)
        finally:
            self._running -= 1

    async def _steps(
        self,
        held: _Held,
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_yield: Callable[[], bool],
    ) -> BatchResult | Suspended:
        await self._passed(self.gate)
        if self.failures:
            raise self.failures.pop(0)
        yields_after = self.yields_after.pop(0) if self.yields_after else None
        total = held.batch[0].spec.steps
        first = held.steps_done
        while held.steps_done < total and not all(is_cancelled(task.key) for task in held.batch):
            if held.steps_done > first and (held.steps_done == yields_after or self._yields(must_yield)):
                return self._suspend(held)
            if held.steps_done + 1 in self.within_gates:
                await self.within_gates[held.steps_done + 1].wait()
            self._stop_if_leaving()
            held.steps_done += 1
            self.steps_made += len(held.batch)
            on_step(StepReport(held.steps_done, total, self._previews(held)))
            if held.steps_done in self.step_gates:
                await self._passed(self.step_gates[held.steps_done])
        images = tuple(self._image(task, is_cancelled) for task in held.batch)
        events = self.out_of_memory.pop(0) if self.out_of_memory else ()
        return BatchResult(images, self.seconds, events)

    def _previews(self, held: _Held) -> dict[ImageKey, Pixels]:
        if self.preview is None:
            return {}
        return {task.key: self.preview(task, held.steps_done) for task in held.batch if task.previews}

    async def _passed(self, gate: asyncio.Event) -> None:
        """Wait at a gate between two steps, where an unloaded model stops. An open one costs no turn."""
        if not gate.is_set():
            waits = [asyncio.ensure_future(event.wait()) for event in (gate, self.leaving)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        self._stop_if_leaving()

    def _stop_if_leaving(self) -> None:
        if self.leaving.is_set():
            raise RenderError(Code.STOPPING)

    def _yields(self, must_yield: Callable[[], bool]) -> bool:
        return len(self._held) < SUSPENDED_AT_MOST and must_yield()

    def _suspend(self, held: _Held) -> Suspended:
        handle, self._next_handle = self._next_handle, self._next_handle + 1
        self._held[handle] = held
        return Suspended(handle, held.steps_done, held.batch[0].spec.steps)

    def _image(self, task: RenderTask, is_cancelled: Callable[[ImageKey], bool]) -> Rendered:
        error = self.image_errors.pop(task.key, None)
        if error is not None:
            return Rendered(task.key, None, error)
        return Rendered(task.key, None if is_cancelled(task.key) else self.draw(task))


def grey(task: RenderTask) -> Pixels:
    """Return a plain picture, whose shade tells its seed."""
    shade = bytes([task.noise.base_seed % 256])
    return Pixels(
        task.spec.grid.width_px, task.spec.grid.height_px, shade * (task.spec.grid.tokens * 256 * 3)
    )
