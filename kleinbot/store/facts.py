"""Named values of this installation."""

from kleinbot.store.database import Reader, Transaction


async def get(reader: Reader, name: str) -> str | None:
    """Return a fact's value, or None."""
    row = await reader.one("SELECT value FROM facts WHERE name = ?", name)
    return None if row is None else str(row[0])


async def note(transaction: Transaction, name: str, value: str) -> None:
    """Set a fact."""
    await transaction.change(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        name,
        value,
    )
