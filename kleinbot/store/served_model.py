"""The model that jobs were last accepted for, stored as a fact of this installation."""

import sqlite3
from contextlib import closing
from pathlib import Path

from kleinbot.domain.work import ModelSize
from kleinbot.store import facts
from kleinbot.store.damage import is_damage
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.inspection import open_read_only

_FACT = "served-model"


async def get(reader: Reader) -> ModelSize | None:
    """Return the model that was last served, or None if none was."""
    value = await facts.get(reader, _FACT)
    return None if value is None else ModelSize(value)


async def note(transaction: Transaction, size: ModelSize) -> None:
    """Store the model that is served from now on."""
    await facts.note(transaction, _FACT, size)


def read_from_file(file: Path) -> ModelSize | None:
    """Return the same from a database that is not open yet, without changing it or any file beside it.

    Returns None if the file or its table is missing or the file is damaged; opening it reports the error.
    Raises sqlite3.OperationalError if another program holds it, since None would lose the served model.
    """
    if not file.exists():
        return None
    try:
        with closing(open_read_only(file)) as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (_FACT,)).fetchone()
    except sqlite3.DatabaseError as error:
        if is_damage(error) or "no such table" in str(error):
            return None
        raise
    return None if row is None else ModelSize(row[0])
