from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kleinbot.store.database import Database
from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database_file(tmp_path: Path, clock: ManualClock) -> Path:
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations(), clock)
    return file


@pytest.fixture
async def database(database_file: Path) -> AsyncIterator[Database]:
    database = await Database.open(database_file)
    yield database
    await database.close()
