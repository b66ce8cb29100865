"""A tiny checkout per session, an engine on it, and what the tests of it share."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import torch

from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pixels import Pixels
from kleinbot.domain.work import BatchResult, ImageKey, RenderTask
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.protocol import Engine
from kleinbot.host.profile import CPU_SMALL
from kleinbot.klein.source import FolderSource
from tests.klein.tiny import ensure_tiny

GRID = Grid(4, 4)
STEPS = 4


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
    """One second passes between two looks at it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ms(self) -> int:
        return 0

    def monotonic_s(self) -> float:
        self.seconds += 1
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


class Faults:
    """Does what a test sets when a fault point is reached; the warm-up is not counted."""

    def __init__(self) -> None:
        self.reached: list[FaultPoint] = []
        self.at: dict[FaultPoint, Callable[[], None]] = {}

    @property
    def act(self) -> Callable[[], None]:
        """What is done in each step."""
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
        """Let memory not suffice at ``point`` when it is reached for these times from now on, from 1."""
        count = 0

        def act() -> None:
            nonlocal count
            count += 1
            if count in times:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")

        self.at[point] = act


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def engine(tiny_folder: Path, clock: TickingClock, faults: Faults) -> AsyncIterator[GpuEngine]:
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, faults, cpu_threads=1)
    await engine.start()
    faults.reached.clear()
    yield engine
    faults.at.clear()
    await engine.close()


def a_task(position: int = 0, prompt: str = "a red fox", references: tuple[Pixels, ...] = ()) -> RenderTask:
    key = ImageKey("job", position)
    return RenderTask(key, prompt, GRID, NoiseRecipe(7 + position), STEPS, references=references)


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
