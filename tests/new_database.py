"""Databases as a first start makes them, made once: sixteen transactions each wait for the disk."""

import tempfile
from functools import cache
from pathlib import Path

from kleinbot import private
from kleinbot.store.migrations import load_migrations, migrate
from tests.manual_clock import ManualClock


def make_new(file: Path) -> None:
    """Write what ``migrate`` makes of nothing. Raises FileExistsError where there is something."""
    if file.exists():
        raise FileExistsError(file)
    private.make_empty(file)
    file.write_bytes(_newest())


@cache
def _newest() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.sqlite3"
        migrate(file, load_migrations(), ManualClock())
        return file.read_bytes()
