"""The quota's ledger: entries are only ever added.

A member's balance at an instant is the limit plus the sum of the entries whose reservation lies within the
rolling window. Each image has one reservation and, once it ends, one settlement (0) or one refund.
"""

from dataclasses import dataclass

from kleinbot.store.database import Reader, Transaction

_SPENT = """
    SELECT -SUM(amount_tenths) FROM ledger
    WHERE server_id = ? AND member_id = ? AND counts_ms > ?
"""
_RETURNS = """
    SELECT counts_ms, -SUM(amount_tenths) AS tenths FROM ledger
    WHERE server_id = ? AND member_id = ? AND counts_ms > ?
    GROUP BY counts_ms HAVING tenths > 0 ORDER BY counts_ms
"""


@dataclass(frozen=True)
class Owner:
    """Whose quota: a member of one server."""

    server_id: int
    member_id: int


async def spent_tenths(reader: Reader, owner: Owner, since_ms: int) -> int:
    """Return what ``owner`` has reserved or spent after ``since_ms``, refunds taken off."""
    return await reader.number(_SPENT, owner.server_id, owner.member_id, since_ms)


async def affordable_at_ms(
    reader: Reader, owner: Owner, since_ms: int, missing_tenths: int, window_ms: int
) -> int | None:
    """Return when ``missing_tenths`` more will have left the window; None where they never will."""
    freed = 0
    for row in await reader.all(_RETURNS, owner.server_id, owner.member_id, since_ms):
        freed += int(row["tenths"])
        if freed >= missing_tenths:
            return int(row["counts_ms"]) + window_ms
    return None


async def reserve(
    transaction: Transaction, owner: Owner, job_id: str, positions: range, price_tenths: int, now_ms: int
) -> None:
    """Take the price of each image off ``owner``'s balance."""
    await transaction.change_each(
        "INSERT INTO ledger (server_id, member_id, job_id, position, kind, amount_tenths, counts_ms, made_ms)"
        " VALUES (?, ?, ?, ?, 'reserve', ?, ?, ?)",
        (
            (owner.server_id, owner.member_id, job_id, position, -price_tenths, now_ms, now_ms)
            for position in positions
        ),
    )


async def settle(transaction: Transaction, job_id: str, position: int, now_ms: int) -> None:
    """Make an image's reservation final. Raises sqlite3.IntegrityError where it has ended before."""
    await _end(transaction, job_id, position, now_ms, kind="settle", factor=0, reason="")


async def refund(transaction: Transaction, job_id: str, position: int, now_ms: int, reason: str) -> None:
    """Give an image's reservation back. Raises sqlite3.IntegrityError where it has ended before."""
    await _end(transaction, job_id, position, now_ms, kind="refund", factor=-1, reason=reason)


async def _end(
    transaction: Transaction, job_id: str, position: int, now_ms: int, *, kind: str, factor: int, reason: str
) -> None:
    ended = await transaction.change(
        "INSERT INTO ledger (server_id, member_id, job_id, position, kind, amount_tenths, counts_ms,"
        " made_ms, reason)"
        " SELECT server_id, member_id, job_id, position, ?, ? * amount_tenths, counts_ms, ?, ?"
        " FROM ledger WHERE job_id = ? AND position = ? AND kind = 'reserve'",
        kind,
        factor,
        now_ms,
        reason,
        job_id,
        position,
    )
    if ended != 1:
        raise LookupError(f"image {position} of job {job_id} has no reservation")
