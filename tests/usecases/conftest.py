import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from kleinbot.domain.capacity import Capacity
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.geometry import Grid
from kleinbot.store.database import Database
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.scripted_engine import ScriptedEngine
from tests.usecase_harness import UseCaseHarness, build


@asynccontextmanager
async def _built(
    folder: Path, capacity: Capacity | None = None, faults: Faults | None = None
) -> AsyncIterator[UseCaseHarness]:
    clock = ManualClock(START_MS)
    file = folder / "kleinbot.sqlite3"
    make_new(file)
    database = await Database.open(file, faults)
    harness = build(folder, database, clock, ScriptedEngine(), capacity=capacity)
    yield harness
    await harness.finisher.close()
    await harness.archive.close()
    await database.close()


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[UseCaseHarness]:
    async with _built(tmp_path) as harness:
        yield harness


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
async def interrupted(tmp_path: Path, at_commit: AtCommit) -> AsyncIterator[UseCaseHarness]:
    """A harness whose next commit coincides with a cancellation, once ``at_commit`` is armed."""
    async with _built(tmp_path, faults=at_commit) as harness:
        yield harness


class _FitsNothing:
    """A GPU that is too small for anything."""

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        del grid, references
        return 0


@pytest.fixture
async def cramped(tmp_path: Path) -> AsyncIterator[UseCaseHarness]:
    """A machine whose memory holds nothing at all."""
    async with _built(tmp_path, _FitsNothing()) as harness:
        yield harness


class _FitsNoReferences:
    """A GPU that holds an image only without references."""

    def largest_batch(self, grid: Grid, references: Sequence[Grid] = ()) -> int:
        del grid
        return 0 if references else 1


@pytest.fixture
async def tight(tmp_path: Path) -> AsyncIterator[UseCaseHarness]:
    """A machine whose memory holds images, but no edits."""
    async with _built(tmp_path, _FitsNoReferences()) as harness:
        yield harness
