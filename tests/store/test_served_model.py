"""The model that was served last, read before anything opens the database."""

from pathlib import Path

from kleinbot.domain.work import ModelSize
from kleinbot.store import served_model
from kleinbot.store.database import Database
from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import ManualClock


async def test_it_is_read_from_a_closed_and_from_an_open_database(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    migrate(file, load_migrations(), ManualClock())
    assert served_model.read_from_file(file) is None
    database = await Database.open(file)
    for size in (ModelSize.FULL, ModelSize.SMALL):
        async with database.transaction() as transaction:
            await served_model.note(transaction, size)
        assert await served_model.get(database.read) is size
        assert served_model.read_from_file(file) is size
    await database.close()
    before = sorted(tmp_path.iterdir())
    assert served_model.read_from_file(file) is ModelSize.SMALL
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_no_database_knows_of_no_model(tmp_path: Path) -> None:
    file = tmp_path / "kleinbot.sqlite3"
    assert served_model.read_from_file(file) is None
    assert not file.exists()
    file.write_bytes(b"not a database, but long enough to be looked at " * 100)
    assert served_model.read_from_file(file) is None
    file.write_bytes(b"")
    assert served_model.read_from_file(file) is None
