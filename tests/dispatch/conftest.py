from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.domain.work import Checkpoint
from kleinbot.host.profile import CPU_SMALL, CUDA_BF16, Profile
from kleinbot.store.database import Database
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.scripted_engine import ScriptedEngine
from tests.studio_harness import Studio, build


@asynccontextmanager
async def _built(folder: Path, profile: Profile) -> AsyncIterator[Studio]:
    clock = ManualClock(START_MS)
    file = folder / "kleinbot.sqlite3"
    make_new(file)
    database = await Database.open(file)
    studio = build(folder, database, clock, ScriptedEngine(profile))
    yield studio
    await studio.finisher.close()
    await studio.archive.close()
    await database.close()


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """A host that draws one picture at a time."""
    async with _built(tmp_path, CPU_SMALL) as studio:
        yield studio


@pytest.fixture
async def roomy(tmp_path: Path) -> AsyncIterator[Studio]:
    """A host that draws four pictures at a time."""
    async with _built(tmp_path, replace(CPU_SMALL, largest_batch=4)) as studio:
        yield studio


@pytest.fixture
async def with_base(tmp_path: Path) -> AsyncIterator[Studio]:
    """A host that has the base checkpoint too."""
    both = (Checkpoint.DISTILLED, Checkpoint.BASE)
    async with _built(tmp_path, replace(CPU_SMALL, checkpoints=both)) as studio:
        yield studio


@pytest.fixture
async def large(tmp_path: Path) -> AsyncIterator[Studio]:
    """A host whose card draws 1024²."""
    async with _built(tmp_path, CUDA_BF16) as studio:
        yield studio
