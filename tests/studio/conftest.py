import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.geometry import Grid
from kleinbot.host.capacity import Capacity
from kleinbot.store.database import Database
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.scripted_engine import ScriptedEngine
from tests.studio_harness import Studio, build


@asynccontextmanager
async def _built(
    folder: Path, capacity: Capacity | None = None, faults: Faults | None = None
) -> AsyncIterator[Studio]:
    clock = ManualClock(START_MS)
    file = folder / "kleinbot.sqlite3"
    make_new(file)
    database = await Database.open(file, faults)
    studio = build(folder, database, clock, ScriptedEngine(), capacity=capacity)
    yield studio
    await studio.finisher.close()
    await studio.archive.close()
    await database.close()


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    async with _built(tmp_path) as studio:
        yield studio


@dataclass
class AtCommit:
    """Cancels the task that commits, while it is ``armed``."""

    armed: bool = False

    def reach(self, point: FaultPoint) -> None:
        task = asyncio.current_task()
        if self.armed and point is FaultPoint.COMMITTING and task is not None:
            self.armed = False
            task.cancel()


@pytest.fixture
def at_commit() -> AtCommit:
    return AtCommit()


@pytest.fixture
async def interrupted(tmp_path: Path, at_commit: AtCommit) -> AsyncIterator[Studio]:
    """A house whose next commit is at the moment of a cancellation, once ``at_commit`` is armed."""
    async with _built(tmp_path, faults=at_commit) as studio:
        yield studio


class _Nothing:
    """A card that is too small for anything."""

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        del grid, references
        return 0


@pytest.fixture
async def cramped(tmp_path: Path) -> AsyncIterator[Studio]:
    """A host whose memory holds nothing at all."""
    async with _built(tmp_path, _Nothing()) as studio:
        yield studio


class _OnePicture:
    """A card that holds a picture without input pictures."""

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        del grid
        return 0 if references else 1


@pytest.fixture
async def tight(tmp_path: Path) -> AsyncIterator[Studio]:
    """A host whose memory holds pictures, but no edits."""
    async with _built(tmp_path, _OnePicture()) as studio:
        yield studio
