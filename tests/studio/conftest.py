from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kleinbot.store.database import Database
from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import START_MS, ManualClock
from tests.scripted_engine import ScriptedEngine
from tests.studio_harness import Studio, build


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    clock = ManualClock(START_MS)
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations(), clock)
    database = await Database.open(file)
    studio = build(tmp_path, database, clock, ScriptedEngine())
    yield studio
    await studio.finisher.close()
    await studio.archive.close()
    await database.close()
