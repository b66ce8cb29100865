"""The styles of servers: words before and after a prompt, under a name."""

from kleinbot.domain.job_spec import Style
from kleinbot.store.database import Reader, Transaction


async def of_server(reader: Reader, server_id: int, most: int) -> list[Style]:
    """Return a server's styles, by name."""
    rows = await reader.all(
        "SELECT name, before, after FROM styles WHERE server_id = ? ORDER BY key LIMIT ?", server_id, most
    )
    return [Style(*row) for row in rows]


async def named(reader: Reader, server_id: int, key: str) -> Style | None:
    """Return a server's style with this folded name."""
    row = await reader.one(
        "SELECT name, before, after FROM styles WHERE server_id = ? AND key = ?", server_id, key
    )
    return None if row is None else Style(*row)


async def put(transaction: Transaction, server_id: int, style: Style) -> None:
    """Add a style, or replace the one of this name. The server's row must exist."""
    await transaction.change(
        "INSERT OR REPLACE INTO styles (server_id, key, name, before, after) VALUES (?, ?, ?, ?, ?)",
        server_id, style.key, style.name, style.before, style.after,
    )  # fmt: skip


async def remove(transaction: Transaction, server_id: int, key: str) -> bool:
    """Remove a style; return whether it was there."""
    return bool(
        await transaction.change("DELETE FROM styles WHERE server_id = ? AND key = ?", server_id, key)
    )
