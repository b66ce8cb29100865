from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kleinbot.store.database import Database
from tests.manual_clock import ManualClock
from tests.new_database import make_new


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database_file(tmp_path: Path) -> Path:
    file = tmp_path / "kleinbot.sqlite3"
    make_new(file)
    return file


@pytest.fixture
async def database(database_file: Path) -> AsyncIterator[Database]:
    database = await Database.open(database_file)
    yield database
    await database.close()
