"""An engine whose every step a test decides: the edge at which the graphics card would be."""

import asyncio
from collections.abc import Callable, Sequence

from kleinbot.domain.pixels import Pixels
from kleinbot.domain.work import (
    BatchResult,
    EnginePhase,
    EngineState,
    ImageKey,
    Rendered,
    RenderTask,
    StageSeconds,
    StepReport,
)
from kleinbot.host.profile import CPU_SMALL, Profile


class ScriptedEngine:
    """Renders plain grey; each batch waits until the test lets it go, or raises what the test put in."""

    def __init__(self, profile: Profile = CPU_SMALL) -> None:
        self.profile = profile
        self.state = EngineState(EnginePhase.READY)
        self.batches: list[tuple[RenderTask, ...]] = []
        self.failures: list[BaseException] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.started = asyncio.Event()
        self._listeners: list[Callable[[EngineState], None]] = []

    def watch(self, listener: Callable[[EngineState], None]) -> None:
        self._listeners.append(listener)

    def enter(self, state: EngineState) -> None:
        self.state = state
        for listener in self._listeners:
            listener(state)

    async def start(self) -> None:
        return

    async def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[StepReport], None],
        is_cancelled: Callable[[ImageKey], bool],
    ) -> BatchResult:
        self.batches.append(tuple(batch))
        self.started.set()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        for step in range(batch[0].steps):
            on_step(StepReport(step + 1, batch[0].steps))
        images = tuple(Rendered(task.key, None if is_cancelled(task.key) else _grey(task)) for task in batch)
        return BatchResult(images, StageSeconds(0.1, 0.2, 0.1))

    async def close(self) -> None:
        return


def _grey(task: RenderTask) -> Pixels:
    shade = bytes([task.noise.base_seed % 256])
    return Pixels(task.grid.width_px, task.grid.height_px, shade * (task.grid.tokens * 256 * 3))
