from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, CUDA_BF16, Profile
from kleinbot.store.database import Database
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.scripted_engine import ScriptedEngine
from tests.usecase_harness import UseCaseHarness, build


@asynccontextmanager
async def _built(folder: Path, profile: Profile) -> AsyncIterator[UseCaseHarness]:
    clock = ManualClock(START_MS)
    file = folder / "kleinbot.sqlite3"
    make_new(file)
    database = await Database.open(file)
    harness = build(folder, database, clock, ScriptedEngine(profile))
    yield harness
    await harness.finisher.close()
    await harness.archive.close()
    await database.close()


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[UseCaseHarness]:
    """A host that draws one picture at a time."""
    async with _built(tmp_path, CPU_SMALL) as harness:
        yield harness


@pytest.fixture
async def roomy(tmp_path: Path) -> AsyncIterator[UseCaseHarness]:
    """A host that draws four pictures at a time."""
    async with _built(tmp_path, replace(CPU_SMALL, largest_batch=4)) as harness:
        yield harness


@pytest.fixture
async def with_base(tmp_path: Path) -> AsyncIterator[UseCaseHarness]:
    """A host that has the base checkpoint too."""
    both = (Checkpoint.DISTILLED, Checkpoint.BASE)
    async with _built(tmp_path, replace(CPU_SMALL, checkpoints=both)) as harness:
        yield harness


@pytest.fixture
async def large(tmp_path: Path) -> AsyncIterator[UseCaseHarness]:
    """A host whose card draws 1024²."""
    async with _built(tmp_path, CUDA_BF16) as harness:
        yield harness
