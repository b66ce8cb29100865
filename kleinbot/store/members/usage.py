"""What the members of one server spent, read from its newest ledger entries."""

from dataclasses import dataclass

from kleinbot.domain.quota import EntryKind, LedgerEntry, MemberUsage
from kleinbot.store.database import Reader

# Only entries of jobs have a position. Those of a grant that the clock let expire are no spending.
_MOST_USED = """
    SELECT member_id, -SUM(amount_tenths) AS tenths FROM (
        SELECT member_id, amount_tenths FROM ledger INDEXED BY ledger_of_server
        WHERE server_id = ?1 AND counts_ms > ?2 AND kind IN ('reserve', 'refund') AND position IS NOT NULL
        ORDER BY counts_ms DESC LIMIT ?3) newest
    GROUP BY member_id HAVING tenths > 0 ORDER BY tenths DESC, member_id LIMIT ?4
"""
_CHANGES = """
    SELECT newest.*, j.number FROM (
        SELECT entry_id, member_id, job_id, kind, amount_tenths, counts_ms, made_ms, reason, made_by
        FROM ledger INDEXED BY ledger_of_server
        WHERE server_id = ?1 AND counts_ms > ?2 AND kind != 'settle'
        ORDER BY counts_ms DESC LIMIT ?3) newest
    LEFT JOIN jobs j USING (job_id) ORDER BY newest.counts_ms DESC, newest.entry_id DESC
"""


@dataclass(frozen=True)
class Change:
    """A ledger entry and whose it is."""

    member_id: int
    entry: LedgerEntry


async def most_used(
    reader: Reader, server_id: int, since_ms: int, *, most: int, most_entries: int
) -> tuple[MemberUsage, ...]:
    """Return the members who spent most after ``since_ms``, grants included and refunds deducted.

    Only the newest ``most_entries`` are looked at.
    """
    rows = await reader.all(_MOST_USED, server_id, since_ms, most_entries, most)
    return tuple(MemberUsage(row["member_id"], row["tenths"]) for row in rows)


async def changes(reader: Reader, server_id: int, since_ms: int, most: int) -> tuple[Change, ...]:
    """Return what changed the quotas of a server's members after ``since_ms``, newest first."""
    rows = await reader.all(_CHANGES, server_id, since_ms, most)
    return tuple(
        Change(
            row["member_id"],
            LedgerEntry(
                EntryKind(row["kind"]), row["amount_tenths"], row["made_ms"], row["number"], row["reason"],
                row["made_by"],
            ),
        )
        for row in rows
    )  # fmt: skip
