"""The words that a server's admins have forbidden."""

from kleinbot.store.database import Reader, Transaction


async def of_server(reader: Reader, server_id: int, most: int) -> list[str]:
    """Return a server's words in alphabetical order."""
    rows = await reader.all(
        "SELECT entry FROM server_words WHERE server_id = ? ORDER BY entry LIMIT ?", server_id, most
    )
    return [row[0] for row in rows]


async def put(transaction: Transaction, server_id: int, entry: str) -> bool:
    """Add a word; return whether it is new. The server's row must exist."""
    changed = await transaction.change(
        "INSERT INTO server_words (server_id, entry) VALUES (?, ?) ON CONFLICT DO NOTHING", server_id, entry
    )
    return bool(changed)


async def remove(transaction: Transaction, server_id: int, entry: str) -> bool:
    """Remove a word; return whether it was there."""
    return bool(
        await transaction.change(
            "DELETE FROM server_words WHERE server_id = ? AND entry = ?", server_id, entry
        )
    )
