"""Which model jobs were last accepted for, kept as a fact of this installation."""

import sqlite3
from contextlib import closing
from pathlib import Path

from kleinbot.domain.work import ModelSize
from kleinbot.store import facts
from kleinbot.store.damage import is_damage
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.inspection import open_unchanged

_FACT = "served-model"


async def recall(reader: Reader) -> ModelSize | None:
    """Return the model that was last served, or None where none was yet."""
    value = await facts.recall(reader, _FACT)
    return None if value is None else ModelSize(value)


async def note(transaction: Transaction, size: ModelSize) -> None:
    """Set the model that is served from now on."""
    await facts.note(transaction, _FACT, size)


def look_up(file: Path) -> ModelSize | None:
    """Return the same of a database that nothing has opened yet, without changing it or anything beside it.

    None also where there is no such file, it holds no such table or is damaged: whoever opens it says what is
    wrong. Raises sqlite3.OperationalError where another program holds it: None would forget what was served.
    """
    if not file.exists():
        return None
    try:
        with closing(open_unchanged(file)) as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (_FACT,)).fetchone()
    except sqlite3.DatabaseError as error:
        if is_damage(error) or "no such table" in str(error):
            return None
        raise
    return None if row is None else ModelSize(row[0])
