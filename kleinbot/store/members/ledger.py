"""The quota's append-only ledger. Only the moment at which an entry counts may be changed, by clock repair.

A member has funds: the rolling allowance and grants. The allowance's balance at a moment is the limit plus
the sum of the entries without a grant whose reservation lies in the window. A grant's balance is the sum of
its entries, and 0 once it has expired. Each image has one reservation (one entry for each fund that pays it)
and, once it ends, one settlement (0) or one refund to the same funds. A refund that excludes used GPU time is
both in one entry.
"""

import json
from collections.abc import Sequence

from kleinbot.domain.people import MemberKey
from kleinbot.domain.quota import USED, EntryKind, EverywhereSpending, Fund, LedgerEntry, Spending
from kleinbot.store.database import Reader, Transaction

_SPENDINGS = """
    SELECT counts_ms, -SUM(amount_tenths) AS tenths FROM ledger
    WHERE server_id = ? AND member_id = ? AND counts_ms > ? AND grant_id IS NULL
    GROUP BY counts_ms HAVING tenths != 0 ORDER BY counts_ms
"""
# Excludes resets: otherwise a server's owner could give themselves the whole GPU. A reservation that was
# reset and then refunded still counts, since its refund is 0.
_EVERYWHERE = """
    SELECT counts_ms, -SUM(amount_tenths) AS tenths,
           -SUM(CASE WHEN server_id = ? THEN amount_tenths ELSE 0 END) AS here_tenths
    FROM ledger
    WHERE member_id = ? AND counts_ms > ? AND kind IN ('reserve', 'refund') AND job_id IS NOT NULL
    GROUP BY counts_ms HAVING tenths != 0 ORDER BY counts_ms
"""
_RESET = """
    INSERT INTO ledger (server_id, member_id, kind, amount_tenths, counts_ms, made_ms, reason, made_by)
    SELECT server_id, member_id, 'reset', -SUM(amount_tenths), counts_ms, ?, ?, ? FROM ledger
    WHERE server_id = ? AND member_id = ? AND counts_ms > ? AND grant_id IS NULL
    GROUP BY counts_ms HAVING SUM(amount_tenths) < 0
"""
# A reset already gave back earlier reservations, so their refund is 0. The used part is paid from the funds
# in order, as if no more had been reserved.
_REFUND = """
    INSERT INTO ledger (server_id, member_id, job_id, position, grant_id, kind, amount_tenths, counts_ms,
                        made_ms, reason)
    SELECT server_id, member_id, job_id, position, grant_id, 'refund',
           CASE WHEN is_reset THEN 0 ELSE -amount_tenths - kept_tenths END, counts_ms, ?1,
           CASE WHEN kept_tenths > 0 AND NOT is_reset THEN ?6 ELSE ?2 END
    FROM (SELECT r.*,
                 r.grant_id IS NULL AND EXISTS (
                     SELECT 1 FROM ledger x WHERE x.kind = 'reset' AND x.server_id = r.server_id
                     AND x.member_id = r.member_id AND x.counts_ms = r.counts_ms
                     AND x.entry_id > r.entry_id) AS is_reset,
                 MAX(0, MIN(-r.amount_tenths, ?5 + COALESCE((
                     SELECT SUM(b.amount_tenths) FROM ledger b WHERE b.job_id = r.job_id
                     AND b.position = r.position AND b.kind = 'reserve' AND b.entry_id < r.entry_id), 0)
                 )) AS kept_tenths
          FROM ledger r WHERE r.job_id = ?3 AND r.position = ?4 AND r.kind = 'reserve')
"""
_USED = """
    SELECT COALESCE(-SUM(r.amount_tenths + e.amount_tenths), 0)
    FROM ledger e CROSS JOIN ledger r
    ON r.job_id = e.job_id AND r.position = e.position AND COALESCE(r.grant_id, 0) = COALESCE(e.grant_id, 0)
    WHERE e.job_id = ? AND e.kind IN ('settle', 'refund') AND e.kind = 'refund' AND e.reason = ?
    AND r.kind = 'reserve'
"""
_SETTLE = """
    INSERT INTO ledger (server_id, member_id, job_id, position, grant_id, kind, amount_tenths, counts_ms,
                        made_ms)
    SELECT server_id, member_id, job_id, position, grant_id, 'settle', 0, counts_ms, ?
    FROM ledger WHERE job_id = ? AND position = ? AND kind = 'reserve'
"""
_EXPIRED = """
    FROM grants g JOIN ledger l USING (grant_id)
    WHERE g.server_id = ? AND g.member_id = ? AND g.expires_ms <= ?
    GROUP BY g.grant_id HAVING SUM(l.amount_tenths) > 0
"""
_HAS_EXPIRED = f"SELECT 1 {_EXPIRED} LIMIT 1"
_EXPIRE = f"""
    INSERT INTO ledger (server_id, member_id, grant_id, kind, amount_tenths, counts_ms, made_ms)
    SELECT g.server_id, g.member_id, g.grant_id, 'expire', -SUM(l.amount_tenths), g.expires_ms, ? {_EXPIRED}
"""
# A refund without a job restores what expired while the clock ran ahead; it may expire again.
_REVIVE = """
    INSERT INTO ledger (server_id, member_id, grant_id, kind, amount_tenths, counts_ms, made_ms, reason)
    SELECT g.server_id, g.member_id, g.grant_id, 'refund', -SUM(l.amount_tenths), ?, ?, 'clock'
    FROM grants g INDEXED BY grants_by_expiry CROSS JOIN ledger l USING (grant_id)
    WHERE g.expires_ms > ? AND (l.kind = 'expire' OR l.kind = 'refund' AND l.job_id IS NULL)
    GROUP BY g.grant_id HAVING SUM(l.amount_tenths) < 0
"""
# Every moment belongs to a reservation, so the index on those finds all. Payments from a grant alone count
# over all servers; the grant had not expired at that moment.
_MOMENTS_AFTER = """
    SELECT server_id, member_id, counts_ms FROM ledger
    WHERE counts_ms > ?1 AND kind = 'reserve' AND grant_id IS NULL
    UNION
    SELECT l.server_id, l.member_id, l.counts_ms
    FROM grants g INDEXED BY grants_by_expiry CROSS JOIN ledger l USING (grant_id)
    WHERE g.expires_ms > ?1 AND l.kind = 'reserve' AND l.counts_ms > ?1
    ORDER BY counts_ms DESC
"""
# The first condition on the kind repeats the partial index's condition; without it SQLite ignores the index.
_REFUNDED = """
    SELECT l.job_id, SUM(l.amount_tenths)
    FROM json_each(?) asked CROSS JOIN ledger l ON l.job_id = asked.value
    LEFT JOIN grants g USING (grant_id)
    WHERE l.kind IN ('settle', 'refund') AND l.kind = 'refund'
    AND (g.expires_ms IS NULL OR g.expires_ms > l.made_ms)
    GROUP BY l.job_id
"""
# MAX(reason) of a job's refunds prefers the most specific reason, "used".
# Reads only the latest entries by counts_ms, which is indexed and at most one window before made_ms.
# Job numbers are joined only for the rows that are returned.
_HISTORY = """
    SELECT cause.*, j.number FROM (
        SELECT kind, SUM(amount_tenths) AS tenths, made_ms, job_id, MAX(reason) AS reason,
               MAX(made_by) AS made_by, MAX(entry_id) AS last_entry
        FROM (SELECT * FROM ledger WHERE server_id = ? AND member_id = ? AND kind != 'settle'
              ORDER BY counts_ms DESC LIMIT 500) latest
        GROUP BY kind, job_id, made_ms ORDER BY last_entry DESC LIMIT ?) cause
    LEFT JOIN jobs j USING (job_id) ORDER BY cause.last_entry DESC
"""


async def spendings(reader: Reader, member: MemberKey, since_ms: int) -> tuple[Spending, ...]:
    """Return what ``member`` spent of the allowance after ``since_ms``, oldest first."""
    rows = await reader.all(_SPENDINGS, member.server_id, member.member_id, since_ms)
    return tuple(Spending(row["counts_ms"], row["tenths"]) for row in rows)


async def spendings_everywhere(
    reader: Reader, member: MemberKey, since_ms: int
) -> tuple[EverywhereSpending, ...]:
    """Return what the person spent in all servers after ``since_ms``, oldest first."""
    rows = await reader.all(_EVERYWHERE, member.server_id, member.member_id, since_ms)
    return tuple(EverywhereSpending(row["counts_ms"], row["tenths"], row["here_tenths"]) for row in rows)


async def history(reader: Reader, member: MemberKey, most: int) -> tuple[LedgerEntry, ...]:
    """Return the changes of ``member``'s balance, newest first, one entry per cause."""
    rows = await reader.all(_HISTORY, member.server_id, member.member_id, most)
    return tuple(
        LedgerEntry(
            EntryKind(row["kind"]), row["tenths"], row["made_ms"], row["number"], row["reason"],
            row["made_by"],
        )
        for row in rows
    )  # fmt: skip


async def reserve(
    transaction: Transaction,
    member: MemberKey,
    job_id: str,
    positions: range,
    price_tenths: int,
    now_ms: int,
    funds: Sequence[Fund] | None = None,
) -> None:
    """Reserve the price of each image from ``funds`` in order; None: all of it from the allowance.

    Raises ValueError if the funds do not suffice.
    """
    key = (member.server_id, member.member_id)
    available = [Fund(None, price_tenths * len(positions))] if funds is None else list(funds)
    await transaction.change_each(
        "INSERT INTO ledger (server_id, member_id, job_id, position, grant_id, kind, amount_tenths,"
        " counts_ms, made_ms) VALUES (?, ?, ?, ?, ?, 'reserve', ?, ?, ?)",
        [
            (*key, job_id, position, part.grant_id, -part.tenths, now_ms, now_ms)
            for position in positions
            for part in _draw(available, price_tenths)
        ],
    )


async def settle(transaction: Transaction, job_id: str, position: int, now_ms: int) -> None:
    """Make an image's reservation final. Raises sqlite3.IntegrityError if it has ended before."""
    _require_reservation(await transaction.change(_SETTLE, now_ms, job_id, position), job_id, position)


async def refund(
    transaction: Transaction, job_id: str, position: int, now_ms: int, reason: str, used_tenths: int = 0
) -> None:
    """Refund an image's reservation to its funds, except ``used_tenths``, which stay paid.

    The part from an expired grant expires. Raises sqlite3.IntegrityError if the reservation has ended before.
    """
    refunded = await transaction.change(_REFUND, now_ms, reason, job_id, position, used_tenths, USED)
    _require_reservation(refunded, job_id, position)
    row = await transaction.one(
        "SELECT server_id, member_id FROM ledger WHERE job_id = ? AND kind = 'reserve' LIMIT 1", job_id
    )
    if row is not None:
        await expire(transaction, MemberKey(row[0], row[1]), now_ms)


async def refunded(reader: Reader, job_ids: Sequence[str]) -> dict[str, int]:
    """Return the refunded tenths of ended jobs, by job id. Jobs without a refund are left out.

    What a reset gave back before, and what returned to an expired grant, counts 0.
    """
    return {row[0]: row[1] for row in await reader.all(_REFUNDED, json.dumps(job_ids))}


async def used(reader: Reader, job_id: str) -> int:
    """Return the tenths that a job's refunds excluded as used GPU time."""
    return await reader.number(_USED, job_id, USED)


async def has_expired(reader: Reader, member: MemberKey, now_ms: int) -> bool:
    """Return whether an expired grant of ``member`` still has an unspent rest."""
    return await reader.one(_HAS_EXPIRED, member.server_id, member.member_id, now_ms) is not None


async def expire(transaction: Transaction, member: MemberKey, now_ms: int) -> None:
    """Write off the rest of ``member``'s expired grants, which no longer counts anyway."""
    await transaction.change(_EXPIRE, now_ms, member.server_id, member.member_id, now_ms)


async def restamp(transaction: Transaction, after_ms: int, now_ms: int) -> int:
    """Count spendings after ``after_ms`` as spent now; return the number of changed entries.

    Moments stay distinct and in order, since a reset identifies by moment what it gave back.
    """
    entries = 0
    free_ms: dict[MemberKey, int] = {}
    for row in await transaction.all(_MOMENTS_AFTER, after_ms):
        member = MemberKey(row["server_id"], row["member_id"])
        at_ms = await _free_moment(transaction, member, free_ms.get(member, now_ms))
        entries += await transaction.change(
            "UPDATE ledger SET counts_ms = ?"
            " WHERE server_id = ? AND member_id = ? AND counts_ms = ?"
            " AND (grant_id IS NULL OR job_id IS NOT NULL)",
            at_ms, member.server_id, member.member_id, row["counts_ms"],
        )  # fmt: skip
        free_ms[member] = at_ms - 1
    return entries


async def restore_expired(transaction: Transaction, after_ms: int, now_ms: int) -> int:
    """Restore what was written off of grants that expire after ``after_ms``; return how many grants."""
    return await transaction.change(_REVIVE, now_ms, now_ms, after_ms)


async def reset(
    transaction: Transaction, member: MemberKey, since_ms: int, now_ms: int, made_by: int, reason: str
) -> int:
    """Give back everything that ``member`` spent of the allowance after ``since_ms``; return the tenths.

    Adds one entry per moment of spending, so that both leave the window together. Grants do not change.
    """
    spent = sum(spending.tenths for spending in await spendings(transaction, member, since_ms))
    await transaction.change(_RESET, now_ms, reason, made_by, member.server_id, member.member_id, since_ms)
    return spent


async def _free_moment(reader: Reader, member: MemberKey, at_ms: int) -> int:
    """Return the last moment up to ``at_ms`` at which no entry of ``member`` counts."""
    taken = "SELECT 1 FROM ledger WHERE server_id = ? AND member_id = ? AND counts_ms = ? LIMIT 1"
    while await reader.one(taken, member.server_id, member.member_id, at_ms):
        at_ms -= 1
    return at_ms


def _draw(funds: list[Fund], price_tenths: int) -> list[Fund]:
    """Take ``price_tenths`` out of ``funds``, in order, and return the parts taken from each."""
    parts = []
    while price_tenths > 0:
        if not funds:
            raise ValueError(f"the funds lack {price_tenths} tenths")
        fund = funds.pop(0)
        part = min(fund.tenths, price_tenths)
        if part > 0:
            parts.append(Fund(fund.grant_id, part))
        if fund.tenths > part:
            funds.insert(0, Fund(fund.grant_id, fund.tenths - part))
        price_tenths -= part
    return parts


def _require_reservation(ended: int, job_id: str, position: int) -> None:
    if ended < 1:
        raise LookupError(f"image {position} of job {job_id} has no reservation")
