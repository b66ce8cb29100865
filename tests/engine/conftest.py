"""A tiny checkout per session, an engine on it, and helpers of the engine tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.domain.work import BatchResult, EnginePhase, RenderTask
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.protocol import Engine
from kleinbot.klein.weights.source import FolderSource
from tests.klein.tiny import ensure_tiny
from tests.specs import render_task

GRID = Grid(4, 4)
STEPS = 4
PROFILE = replace(CPU_SMALL, largest_grid_tokens=GRID.tokens)


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_tiny(tmp_path_factory.mktemp("klein") / "tiny")


class TickingClock:
    """Advances by one second at each reading."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ms(self) -> int:
        return 0

    def monotonic_s(self) -> float:
        self.seconds += 1
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Faults:
    """Calls a test's function at each fault point; the warm-up is not counted."""

    def __init__(self) -> None:
        self.reached: list[FaultPoint] = []
        self.at: dict[FaultPoint, Callable[[], None]] = {}

    @property
    def act(self) -> Callable[[], None]:
        """The function called in each step."""
        return self.at[FaultPoint.WITHIN_STEP]

    @act.setter
    def act(self, act: Callable[[], None]) -> None:
        self.at[FaultPoint.WITHIN_STEP] = act

    @property
    def steps_reached(self) -> int:
        return self.reached.count(FaultPoint.WITHIN_STEP)

    def reach(self, point: FaultPoint) -> None:
        self.reached.append(point)
        if point in self.at:
            self.at[point]()

    def out_of_memory(self, point: FaultPoint, *times: int) -> None:
        """Run out of memory when ``point`` is reached for the ``times``-th time from now, counted from 1."""
        count = 0

        def act() -> None:
            nonlocal count
            count += 1
            if count in times:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")

        self.at[point] = act


class Shared:
    """An engine reused by tests as long as it is as new: starting one takes a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.clock = TickingClock()
        self.faults = Faults()
        self._engine: GpuEngine | None = None

    async def engine(self) -> GpuEngine:
        if self._engine is None:
            source = FolderSource(self._folder)
            self._engine = GpuEngine(source, PROFILE, self.clock, self.faults, cpu_threads=1)
            await self._engine.start()
        self.faults.reached.clear()
        return self._engine

    async def keep_if_as_new(self) -> None:
        """Close the engine, on the event loop that it was last used on, if a test has changed it."""
        self.faults.at.clear()
        if self._engine is not None and not _forgets_all(self._engine):
            await self.close()

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()


def _forgets_all(engine: GpuEngine) -> bool:
    """Reset an engine's prompts, failures and suspended batches; return whether it is then as new."""
    worker = engine._worker
    if worker is None or worker._fatal or engine._closing.is_set():
        return False
    if engine.state.phase is not EnginePhase.READY:
        return False
    loaded = worker._loaded
    loaded.stages.embeddings._known.clear()
    loaded.stages.embeddings._bytes = 0
    worker._failures, worker._is_suspect = 0, False
    worker._suspended.clear()
    return not loaded.autoencoder.is_tiled and loaded.oom_fallback._encoder_is_resident


@pytest.fixture(scope="session")
def shared(tiny_folder: Path) -> Iterator[Shared]:
    shared = Shared(tiny_folder)
    yield shared
    asyncio.run(shared.close())


@pytest.fixture
def clock(shared: Shared) -> TickingClock:
    return shared.clock


@pytest.fixture
def faults(shared: Shared) -> Iterator[Faults]:
    shared.faults.reached.clear()
    yield shared.faults
    shared.faults.at.clear()


@pytest.fixture
async def engine(shared: Shared, faults: Faults) -> AsyncIterator[GpuEngine]:
    yield await shared.engine()
    await shared.keep_if_as_new()


def a_task(position: int = 0, prompt: str = "a red fox", references: tuple[Pixels, ...] = ()) -> RenderTask:
    key = ImageKey("job", position)
    return render_task(key, prompt, GRID, NoiseRecipe(7 + position), STEPS, pictures=references)


def ignore(_: object) -> None:
    return


def never(_: ImageKey) -> bool:
    return False


async def result_of(engine: Engine, *tasks: RenderTask) -> BatchResult:
    result = await engine.render(tasks, ignore, never)
    assert isinstance(result, BatchResult)
    assert [image.key for image in result.images] == [task.key for task in tasks]
    return result


async def pixels_of(engine: Engine, *tasks: RenderTask) -> list[Pixels | None]:
    return [image.pixels for image in (await result_of(engine, *tasks)).images]


def raising(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act
