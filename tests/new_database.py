"""New databases, created once and copied: sixteen migrations each wait for the disk."""

import tempfile
from functools import cache
from pathlib import Path

from kleinbot.process import private_files
from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import ManualClock


def make_new(file: Path) -> None:
    """Write a fully migrated new database. Raises FileExistsError if the file exists."""
    if file.exists():
        raise FileExistsError(file)
    private_files.make_empty(file)
    file.write_bytes(_newest())


@cache
def _newest() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.sqlite3"
        migrate(file, load_migrations(), ManualClock())
        return file.read_bytes()
