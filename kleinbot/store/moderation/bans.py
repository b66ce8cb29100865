"""Bans and time-outs: at most one row for each member of a server.

Of a person who had everything deleted, a code of their id stays in place of it (``keep_hashed``).
"""

import heapq

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.moderation.bans import Ban, BanKind
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Row, Transaction
from kleinbot.store.showcase import votes

_FORGOTTEN_AT_ONCE = 20
_ACTIVE = """
    SELECT ?1 AS server_id, ?2 AS member_id, kind, reason, made_by, made_ms, until_ms FROM bans
    WHERE server_id = ?1 AND member_id = ?2 AND (until_ms IS NULL OR until_ms > ?3)
    UNION ALL SELECT ?1, ?2, kind, '', 0, made_ms, until_ms FROM kept_bans
    WHERE server_id = ?1 AND member_hash = keyed_hash(?1, ?2) AND (until_ms IS NULL OR until_ms > ?3)
    LIMIT 1
"""
HASH_KEPT_MS = 30 * DAY_MS
"""How long after its end a ban of somebody who had everything deleted goes at the latest."""

_PAGE_ROWS = 100


async def active(reader: Reader, member: MemberKey, now_ms: int) -> Ban | None:
    """Return what stops a member now, or None."""
    row = await reader.one(_ACTIVE, member.server_id, member.member_id, now_ms)
    return None if row is None else _ban(row)


async def listed(reader: Reader, server_id: int, now_ms: int, most: int) -> list[Ban]:
    """Return the newest bans and time-outs of a server that hold now; member 0: who had all deleted."""
    named = await reader.all(
        "SELECT * FROM bans INDEXED BY bans_by_start WHERE server_id = ?"
        " AND (until_ms IS NULL OR until_ms > ?) ORDER BY made_ms DESC LIMIT ?",
        server_id,
        now_ms,
        most,
    )
    kept = await reader.all(
        "SELECT server_id, 0 AS member_id, kind, '' AS reason, 0 AS made_by, made_ms, until_ms"
        " FROM kept_bans INDEXED BY kept_bans_by_start WHERE server_id = ?"
        " AND (until_ms IS NULL OR until_ms > ?) ORDER BY made_ms DESC LIMIT ?",
        server_id,
        now_ms,
        most,
    )
    return heapq.nlargest(most, (_ban(row) for row in (*named, *kept)), key=lambda ban: ban.made_ms)


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
    await _forget_kept(transaction, ban.member)
    await transaction.change(
        "INSERT OR REPLACE INTO bans (server_id, member_id, kind, reason, made_by, made_ms, until_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        server_id, ban.member.member_id, ban.kind, ban.reason, ban.made_by, ban.made_ms, ban.until_ms,
    )  # fmt: skip
    await votes.ask_recount(transaction, ban.member)


async def lift(transaction: Transaction, member: MemberKey) -> None:
    """Delete a member's ban."""
    await transaction.change(
        "DELETE FROM bans WHERE server_id = ? AND member_id = ?", member.server_id, member.member_id
    )
    await _forget_kept(transaction, member)
    await votes.ask_recount(transaction, member)


async def keep_hashed(transaction: Transaction, member_id: int, made_until_ms: int) -> None:
    """Keep a person's bans up to ``made_until_ms`` under a code of their id, without reason and who made it.

    So nobody ends a ban by having everything deleted, and nothing tells whose it is. Idempotent.
    """
    await transaction.change(
        "INSERT OR REPLACE INTO kept_bans (server_id, member_hash, kind, made_ms, until_ms)"
        " SELECT b.server_id, made_keyed_hash(b.server_id, b.member_id), b.kind, b.made_ms, b.until_ms"
        " FROM servers s CROSS JOIN bans b ON b.server_id = s.server_id AND b.member_id = ?1"
        " WHERE b.made_ms <= ?2",
        member_id,
        made_until_ms,
    )
    await transaction.change(
        "DELETE FROM bans WHERE (server_id, member_id) IN (SELECT b.server_id, b.member_id"
        " FROM servers s CROSS JOIN bans b ON b.server_id = s.server_id AND b.member_id = ?1"
        " WHERE b.made_ms <= ?2)",
        member_id,
        made_until_ms,
    )


async def forget_ended(transaction: Transaction, now_ms: int) -> bool:
    """Delete a page of what is kept under codes and ended long ago. Return whether there may be more."""
    gone = await transaction.change(
        "DELETE FROM kept_bans WHERE (server_id, member_hash) IN (SELECT server_id, member_hash"
        " FROM kept_bans INDEXED BY kept_bans_by_end WHERE until_ms IS NOT NULL AND until_ms <= ? LIMIT ?)",
        now_ms - HASH_KEPT_MS,
        _PAGE_ROWS,
    )
    return gone >= _PAGE_ROWS


async def _forget_kept(transaction: Transaction, member: MemberKey) -> None:
    await transaction.change(
        "DELETE FROM kept_bans WHERE server_id = ?1 AND member_hash = keyed_hash(?1, ?2)",
        member.server_id,
        member.member_id,
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
