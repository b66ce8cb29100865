"""Tasks that start from a picture, through the engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from kleinbot.domain.errors import RenderError
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import NoiseRecipe, Strength
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.domain.work import BatchResult, RenderTask, StartingPicture
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.klein.weights.source import FolderSource
from tests.engine.conftest import TickingClock
from tests.engine.test_engine_parity import some_picture
from tests.specs import render_task

GRID = Grid(6, 5)


@pytest.fixture
async def engine(tiny_folder: Path, clock: TickingClock) -> AsyncIterator[GpuEngine]:
    engine = GpuEngine(FolderSource(tiny_folder), CPU_SMALL, clock, NoFaults(), cpu_threads=1)
    await engine.start()
    yield engine
    await engine.close()


def a_task(seed: int, picture: int = 1, strength: Strength = Strength.SUBTLE) -> RenderTask:
    start = StartingPicture(some_picture(GRID.width_px, GRID.height_px, picture), strength.first_sigma)
    return render_task(ImageKey("job", seed), "", GRID, NoiseRecipe(seed), strength.steps, start=start)


async def made(engine: GpuEngine, *tasks: RenderTask) -> list[Pixels]:
    result = await engine.render(tasks, lambda _: None, lambda _: False)
    assert isinstance(result, BatchResult)
    return [image.pixels for image in result.images if image.pixels is not None]


def levels(pixels: Pixels) -> np.ndarray:
    return np.frombuffer(pixels.rgb, np.uint8).astype(int)


async def test_each_picture_begins_at_its_own_start_alone_and_in_a_batch(engine: GpuEngine) -> None:
    tasks = [a_task(1, picture=1), a_task(2, picture=2), a_task(3, picture=1)]
    together = await made(engine, *tasks)
    for task, pixels in zip(tasks, together, strict=True):
        (alone,) = await made(engine, task)
        assert np.abs(levels(alone) - levels(pixels)).max() <= 1
    assert len({pixels.rgb for pixels in together}) == 3


async def test_the_start_decides_what_comes_out(engine: GpuEngine) -> None:
    (one,), (other,) = await made(engine, a_task(1, picture=1)), await made(engine, a_task(1, picture=2))
    assert one.rgb != other.rgb


async def test_strengths_cannot_share_a_batch(engine: GpuEngine) -> None:
    with pytest.raises(RenderError):
        await made(engine, a_task(1, strength=Strength.SUBTLE), a_task(2, strength=Strength.STRONG))
