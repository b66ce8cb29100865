"""Bans and time-outs: at most one row for each member of a server."""

from kleinbot.domain.moderation.bans import Ban, BanKind
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Row, Transaction

_FORGOTTEN_AT_ONCE = 20
_ACTIVE = "SELECT * FROM bans WHERE server_id = ? AND member_id = ? AND (until_ms IS NULL OR until_ms > ?)"


async def active(reader: Reader, member: MemberKey, now_ms: int) -> Ban | None:
    """Return what stops a member now, or None."""
    row = await reader.one(_ACTIVE, member.server_id, member.member_id, now_ms)
    return None if row is None else _ban(row)


async def listed(reader: Reader, server_id: int, now_ms: int, most: int) -> list[Ban]:
    """Return the newest bans and time-outs of a server that hold now."""
    rows = await reader.all(
        "SELECT * FROM bans INDEXED BY bans_by_start WHERE server_id = ?"
        " AND (until_ms IS NULL OR until_ms > ?) ORDER BY made_ms DESC LIMIT ?",
        server_id,
        now_ms,
        most,
    )
    return [_ban(row) for row in rows]


async def put(transaction: Transaction, ban: Ban) -> None:
    """Store a ban in place of the member's earlier one, and delete some of the server that have ended."""
    server_id = ban.member.server_id
    await transaction.change(
        "DELETE FROM bans WHERE server_id = ?1 AND member_id IN (SELECT member_id FROM bans"
        " INDEXED BY bans_by_end WHERE server_id = ?1 AND until_ms <= ?2 LIMIT ?3)",
        server_id,
        ban.made_ms,
        _FORGOTTEN_AT_ONCE,
    )
    await transaction.change(
        "INSERT OR REPLACE INTO bans (server_id, member_id, kind, reason, made_by, made_ms, until_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        server_id, ban.member.member_id, ban.kind, ban.reason, ban.made_by, ban.made_ms, ban.until_ms,
    )  # fmt: skip


async def lift(transaction: Transaction, member: MemberKey) -> None:
    """Delete a member's ban."""
    await transaction.change(
        "DELETE FROM bans WHERE server_id = ? AND member_id = ?", member.server_id, member.member_id
    )


def _ban(row: Row) -> Ban:
    return Ban(
        MemberKey(row["server_id"], row["member_id"]),
        BanKind(row["kind"]),
        row["reason"],
        row["made_by"],
        row["made_ms"],
        row["until_ms"],
    )
