"""Deletes a result. Its row stays for the ledger; everything that shows it is removed."""

from kleinbot.store.database import Transaction
from kleinbot.store.delivery import posted
from kleinbot.store.moderation import cases
from kleinbot.store.results import search_index
from kleinbot.store.showcase import publications


async def delete(
    transaction: Transaction, job_id: str, deleted_by: int, now_ms: int
) -> tuple[str, ...] | None:
    """Mark an ended job as deleted. Return its files, which the caller removes after the commit.

    Returns None and changes nothing if it is already deleted or has not ended.
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
    await search_index.remove(transaction, [job_id])
    await transaction.change("DELETE FROM favourites WHERE job_id = ?", job_id)
    await posted.remove_all(transaction, job_id, now_ms)
    await publications.end_of_job(transaction, job_id, now_ms)
    await cases.posts_of_job_changed(transaction, job_id, now_ms)
    rows = await transaction.all(
        "SELECT file FROM images WHERE job_id = ? AND file IS NOT NULL"
        " UNION SELECT file FROM job_references WHERE job_id = ?",
        job_id,
        job_id,
    )
    return tuple(row[0] for row in rows)
