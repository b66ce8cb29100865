"""The quota's ledger: entries are only ever added. Only the moment at which one counts may be brought back.

A member has pots: the rolling allowance, and grants. The allowance's balance at an instant is the limit plus
the sum of the entries without a grant whose reservation lies within the window; a grant's is the sum of its
entries, and nothing once it has expired. Each image has one reservation (one entry per pot it is paid from)
and, once it ends, one settlement (0) or one refund to where it came from. A refund that leaves out what the
card has used is both in one entry.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.domain.quota import USED, Entry, EntryKind, EverywhereSpending, Fund, Spending
from kleinbot.store.database import Reader, Transaction

_SPENDINGS = """
    SELECT counts_ms, -SUM(amount_tenths) AS tenths FROM ledger
    WHERE server_id = ? AND member_id = ? AND counts_ms > ? AND grant_id IS NULL
    GROUP BY counts_ms HAVING tenths != 0 ORDER BY counts_ms
"""
# Resets are left out: whoever owns a server could else give themselves everybody's card. What was reset and
# then refunded counts on, since its refund is 0.
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
# A reset has given back what was reserved before it: the refund of such a reservation is 0. What was used is
# paid in the order of the pots, as if no more had been reserved.
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
# A refund without a job gives back what a clock that was ahead has let expire; it may expire once more.
_REVIVE = """
    INSERT INTO ledger (server_id, member_id, grant_id, kind, amount_tenths, counts_ms, made_ms, reason)
    SELECT g.server_id, g.member_id, g.grant_id, 'refund', -SUM(l.amount_tenths), ?, ?, 'clock'
    FROM grants g INDEXED BY grants_by_expiry CROSS JOIN ledger l USING (grant_id)
    WHERE g.expires_ms > ? AND (l.kind = 'expire' OR l.kind = 'refund' AND l.job_id IS NULL)
    GROUP BY g.grant_id HAVING SUM(l.amount_tenths) < 0
"""
# Every moment is that of a reservation, so the index of those finds all. What was paid from a grant alone
# counts over all servers; such a grant was still alive at that moment.
_MOMENTS_AFTER = """
    SELECT server_id, member_id, counts_ms FROM ledger
    WHERE counts_ms > ?1 AND kind = 'reserve' AND grant_id IS NULL
    UNION
    SELECT l.server_id, l.member_id, l.counts_ms
    FROM grants g INDEXED BY grants_by_expiry CROSS JOIN ledger l USING (grant_id)
    WHERE g.expires_ms > ?1 AND l.kind = 'reserve' AND l.counts_ms > ?1
    ORDER BY counts_ms DESC
"""
# The first condition on the kind is the index's own, word for word: without it SQLite does not use it.
_REFUNDED = """
    SELECT l.job_id, SUM(l.amount_tenths)
    FROM json_each(?) asked CROSS JOIN ledger l ON l.job_id = asked.value
    LEFT JOIN grants g USING (grant_id)
    WHERE l.kind IN ('settle', 'refund') AND l.kind = 'refund'
    AND (g.expires_ms IS NULL OR g.expires_ms > l.made_ms)
    GROUP BY l.job_id
"""
# The greatest reason of a job's refunds is the one that says most: that something was used.
# Only the latest are looked at, by counts_ms: it has an index and lies at most one window before made_ms.
# Numbers are looked up for what is shown only.
_HISTORY = """
    SELECT cause.*, j.number FROM (
        SELECT kind, SUM(amount_tenths) AS tenths, made_ms, job_id, MAX(reason) AS reason,
               MAX(made_by) AS made_by, MAX(entry_id) AS last_entry
        FROM (SELECT * FROM ledger WHERE server_id = ? AND member_id = ? AND kind != 'settle'
              ORDER BY counts_ms DESC LIMIT 500) latest
        GROUP BY kind, job_id, made_ms ORDER BY last_entry DESC LIMIT ?) cause
    LEFT JOIN jobs j USING (job_id) ORDER BY cause.last_entry DESC
"""


@dataclass(frozen=True)
class Owner:
    """Whose quota: a member of one server."""

    server_id: int
    member_id: int


async def spendings(reader: Reader, owner: Owner, since_ms: int) -> tuple[Spending, ...]:
    """Return what ``owner`` has spent of the allowance after ``since_ms``, oldest first."""
    rows = await reader.all(_SPENDINGS, owner.server_id, owner.member_id, since_ms)
    return tuple(Spending(row["counts_ms"], row["tenths"]) for row in rows)


async def spendings_everywhere(reader: Reader, owner: Owner, since_ms: int) -> tuple[EverywhereSpending, ...]:
    """Return what the person ``owner`` has spent in all servers after ``since_ms``, oldest first."""
    rows = await reader.all(_EVERYWHERE, owner.server_id, owner.member_id, since_ms)
    return tuple(EverywhereSpending(row["counts_ms"], row["tenths"], row["here_tenths"]) for row in rows)


async def history(reader: Reader, owner: Owner, most: int) -> tuple[Entry, ...]:
    """Return what changed ``owner``'s balance, newest first, one entry for each cause."""
    rows = await reader.all(_HISTORY, owner.server_id, owner.member_id, most)
    return tuple(
        Entry(
            EntryKind(row["kind"]), row["tenths"], row["made_ms"], row["number"], row["reason"],
            row["made_by"],
        )
        for row in rows
    )  # fmt: skip


async def reserve(
    transaction: Transaction,
    owner: Owner,
    job_id: str,
    positions: range,
    price_tenths: int,
    now_ms: int,
    funds: Sequence[Fund] | None = None,
) -> None:
    """Take the price of each image off ``funds``, in their order; None: all of it off the allowance.

    Raises ValueError where the funds do not reach.
    """
    pots = [Fund(None, price_tenths * len(positions))] if funds is None else list(funds)
    await transaction.change_each(
        "INSERT INTO ledger (server_id, member_id, job_id, position, grant_id, kind, amount_tenths,"
        " counts_ms, made_ms) VALUES (?, ?, ?, ?, ?, 'reserve', ?, ?, ?)",
        [
            (owner.server_id, owner.member_id, job_id, position, part.grant_id, -part.tenths, now_ms, now_ms)
            for position in positions
            for part in _drawn(pots, price_tenths)
        ],
    )


async def settle(transaction: Transaction, job_id: str, position: int, now_ms: int) -> None:
    """Make an image's reservation final. Raises sqlite3.IntegrityError where it has ended before."""
    _require_reservation(await transaction.change(_SETTLE, now_ms, job_id, position), job_id, position)


async def refund(
    transaction: Transaction, job_id: str, position: int, now_ms: int, reason: str, used_tenths: int = 0
) -> None:
    """Give an image's reservation back to where it came from; what came from an expired grant expires.

    All but ``used_tenths`` of it, which stay paid. Raises sqlite3.IntegrityError where it has ended before.
    """
    refunded = await transaction.change(_REFUND, now_ms, reason, job_id, position, used_tenths, USED)
    _require_reservation(refunded, job_id, position)
    row = await transaction.one(
        "SELECT server_id, member_id FROM ledger WHERE job_id = ? AND kind = 'reserve' LIMIT 1", job_id
    )
    if row is not None:
        await expire(transaction, Owner(row[0], row[1]), now_ms)


async def refunded(reader: Reader, job_ids: Sequence[str]) -> dict[str, int]:
    """Return the tenths that were given back of ended jobs, by job id; nothing of those without a refund.

    A reset may have given them back before, and what goes back to an expired grant is lost: both count 0.
    """
    return {row[0]: row[1] for row in await reader.all(_REFUNDED, json.dumps(job_ids))}


async def used(reader: Reader, job_id: str) -> int:
    """Return the tenths that refunds of a job have left out since the card had used them."""
    return await reader.number(_USED, job_id, USED)


async def has_expired(reader: Reader, owner: Owner, now_ms: int) -> bool:
    """Tell whether something is left of a grant of ``owner``'s that has expired."""
    return await reader.one(_HAS_EXPIRED, owner.server_id, owner.member_id, now_ms) is not None


async def expire(transaction: Transaction, owner: Owner, now_ms: int) -> None:
    """Write off what is left of ``owner``'s grants that have expired. It did not count any more before."""
    await transaction.change(_EXPIRE, now_ms, owner.server_id, owner.member_id, now_ms)


async def bring_back(transaction: Transaction, after_ms: int, now_ms: int) -> int:
    """Let what was spent after ``after_ms`` count as spent now; return how many entries.

    Moments stay apart and in order: a reset knows by its moment what it has given back.
    """
    entries = 0
    free_ms: dict[Owner, int] = {}
    for row in await transaction.all(_MOMENTS_AFTER, after_ms):
        owner = Owner(row["server_id"], row["member_id"])
        at_ms = await _free_moment(transaction, owner, free_ms.get(owner, now_ms))
        entries += await transaction.change(
            "UPDATE ledger SET counts_ms = ?"
            " WHERE server_id = ? AND member_id = ? AND counts_ms = ?"
            " AND (grant_id IS NULL OR job_id IS NOT NULL)",
            at_ms, owner.server_id, owner.member_id, row["counts_ms"],
        )  # fmt: skip
        free_ms[owner] = at_ms - 1
    return entries


async def revive(transaction: Transaction, after_ms: int, now_ms: int) -> int:
    """Give back what was written off of grants that expire after ``after_ms``; return how many these are."""
    return await transaction.change(_REVIVE, now_ms, now_ms, after_ms)


async def reset(
    transaction: Transaction, owner: Owner, since_ms: int, now_ms: int, made_by: int, reason: str
) -> int:
    """Give back all that ``owner`` spent of the allowance after ``since_ms``; return how many tenths.

    One entry for each moment of spending, so that both leave the window together. Grants are left alone.
    """
    spent = sum(spending.tenths for spending in await spendings(transaction, owner, since_ms))
    await transaction.change(_RESET, now_ms, reason, made_by, owner.server_id, owner.member_id, since_ms)
    return spent


async def _free_moment(reader: Reader, owner: Owner, at_ms: int) -> int:
    """Return the last moment up to ``at_ms`` at which nothing of ``owner`` counts."""
    taken = "SELECT 1 FROM ledger WHERE server_id = ? AND member_id = ? AND counts_ms = ? LIMIT 1"
    while await reader.one(taken, owner.server_id, owner.member_id, at_ms):
        at_ms -= 1
    return at_ms


def _drawn(pots: list[Fund], price_tenths: int) -> list[Fund]:
    """Take ``price_tenths`` out of ``pots``, the first one first; return how much of which."""
    parts = []
    while price_tenths > 0:
        if not pots:
            raise ValueError(f"the funds lack {price_tenths} tenths")
        pot = pots.pop(0)
        part = min(pot.tenths, price_tenths)
        if part > 0:
            parts.append(Fund(pot.grant_id, part))
        if pot.tenths > part:
            pots.insert(0, Fund(pot.grant_id, pot.tenths - part))
        price_tenths -= part
    return parts


def _require_reservation(ended: int, job_id: str, position: int) -> None:
    if ended < 1:
        raise LookupError(f"image {position} of job {job_id} has no reservation")
