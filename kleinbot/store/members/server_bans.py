"""Servers that the owner no longer serves, and the lines that the owner leaves for servers' admins."""

from dataclasses import dataclass

from kleinbot.store.database import Reader, Transaction

EVERY_SERVER = 0
"""Stands for all servers; Discord gives no such id."""


@dataclass(frozen=True)
class HostLine:
    """``server_id``: that server's admins read it, or every server's if it is EVERY_SERVER."""

    server_id: int
    text: str
    made_ms: int


async def banned(reader: Reader) -> frozenset[int]:
    """Return the servers that are not served."""
    return frozenset(row[0] for row in await reader.all("SELECT server_id FROM server_bans"))


async def is_banned(reader: Reader, server_id: int) -> bool:
    return await reader.one("SELECT 1 FROM server_bans WHERE server_id = ?", server_id) is not None


async def ban(transaction: Transaction, server_id: int, reason: str, now_ms: int) -> bool:
    """Stop serving a server, whose row must exist; return whether it was served before."""
    inserted = await transaction.change(
        "INSERT INTO server_bans (server_id, reason, made_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        server_id,
        reason,
        now_ms,
    )
    return bool(inserted)


async def lift(transaction: Transaction, server_id: int) -> bool:
    """Serve a server again; return whether it was banned."""
    return bool(await transaction.change("DELETE FROM server_bans WHERE server_id = ?", server_id))


async def lines_for(reader: Reader, server_id: int) -> tuple[HostLine, ...]:
    """Return the owner's lines for a server's admins, the one for that server alone first."""
    rows = await reader.all(
        "SELECT server_id, text, made_ms FROM host_lines WHERE server_id IN (?, 0) ORDER BY server_id DESC",
        server_id,
    )
    return tuple(HostLine(row[0], row[1], row[2]) for row in rows)


async def put_line(transaction: Transaction, line: HostLine) -> None:
    """Leave a line in place of an earlier one."""
    await transaction.change(
        "INSERT OR REPLACE INTO host_lines (server_id, text, made_ms) VALUES (?, ?, ?)",
        line.server_id,
        line.text,
        line.made_ms,
    )


async def withdraw_line(transaction: Transaction, server_id: int) -> bool:
    """Take a line back; return whether there was one."""
    return bool(await transaction.change("DELETE FROM host_lines WHERE server_id = ?", server_id))
