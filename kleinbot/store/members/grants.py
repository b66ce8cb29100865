"""Grants: one-time gifts of pictures from an admin to a member. The ledger holds what is left of each."""

from kleinbot.domain.people import MemberKey
from kleinbot.domain.quota import Grant
from kleinbot.store.database import Reader, Transaction

_ALIVE = """
    SELECT g.*, SUM(l.amount_tenths) AS left_tenths FROM grants g JOIN ledger l USING (grant_id)
    WHERE g.server_id = ? AND g.member_id = ? AND g.expires_ms > ?
    GROUP BY g.grant_id HAVING left_tenths > 0 ORDER BY g.expires_ms, g.grant_id
"""


async def alive(reader: Reader, member: MemberKey, now_ms: int) -> tuple[Grant, ...]:
    """Return the grants that ``member`` can still spend, in the order in which they expire."""
    rows = await reader.all(_ALIVE, member.server_id, member.member_id, now_ms)
    return tuple(
        Grant(
            row["grant_id"],
            row["amount_tenths"],
            row["left_tenths"],
            row["expires_ms"],
            row["reason"],
            row["granted_by"],
        )
        for row in rows
    )


async def restamp(transaction: Transaction, after_ms: int, now_ms: int) -> int:
    """Restart grants made after ``after_ms`` at ``now_ms`` with their full duration; return how many."""
    return await transaction.change(
        "UPDATE grants INDEXED BY grants_by_expiry SET expires_ms = expires_ms - made_ms + ?1, made_ms = ?1"
        " WHERE expires_ms > ?2 AND made_ms > ?2",
        now_ms, after_ms,
    )  # fmt: skip


async def give(
    transaction: Transaction,
    member: MemberKey,
    amount_tenths: int,
    expires_ms: int,
    granted_by: int,
    reason: str,
    now_ms: int,
) -> None:
    """Give ``member`` a grant, with its ledger entry."""
    await transaction.change(
        "INSERT INTO grants (server_id, member_id, amount_tenths, expires_ms, reason, granted_by, made_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        member.server_id, member.member_id, amount_tenths, expires_ms, reason, granted_by, now_ms,
    )  # fmt: skip
    await transaction.change(
        "INSERT INTO ledger (server_id, member_id, grant_id, kind, amount_tenths, counts_ms, made_ms, reason,"
        " made_by) VALUES (?, ?, last_insert_rowid(), 'grant', ?, ?, ?, ?, ?)",
        member.server_id, member.member_id, amount_tenths, now_ms, now_ms, reason, granted_by,
    )  # fmt: skip
