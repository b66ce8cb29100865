"""Deleting a result: the row stays for the ledger, everything that shows it goes."""

from kleinbot.store.database import Transaction
from kleinbot.store.delivery import posted


async def delete(
    transaction: Transaction, job_id: str, deleted_by: int, now_ms: int
) -> tuple[str, ...] | None:
    """Mark an ended job as deleted; return its files, which are to be removed once this is committed.

    None where it was deleted already or has not ended: then nothing has changed.
    """
    deleted = await transaction.change(
        "UPDATE jobs SET deleted_ms = ?, deleted_by = ?"
        " WHERE job_id = ? AND deleted_ms IS NULL AND ended_ms IS NOT NULL",
        now_ms,
        deleted_by,
        job_id,
    )
    if not deleted:
        return None
    await transaction.change("DELETE FROM favourites WHERE job_id = ?", job_id)
    await posted.remove_all(transaction, job_id, now_ms)
    rows = await transaction.all(
        "SELECT file FROM images WHERE job_id = ? AND file IS NOT NULL"
        " UNION SELECT file FROM job_references WHERE job_id = ?",
        job_id,
        job_id,
    )
    return tuple(row[0] for row in rows)
