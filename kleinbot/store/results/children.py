"""Results that were made from one."""

from kleinbot.store.database import Reader

_MOST_READ = 200

# The index has the order in which the rows were written, so nothing is sorted.
_NEWEST = """
    SELECT made.job_id FROM (
        SELECT j.job_id, j.pictures, j.deleted_ms, j.ended_ms FROM jobs j INDEXED BY jobs_of_parent
        WHERE j.parent_job = ? ORDER BY j.rowid DESC LIMIT ?) made
    WHERE made.pictures > 0 AND made.deleted_ms IS NULL AND made.ended_ms IS NOT NULL LIMIT ?
"""


async def newest(reader: Reader, job_id: str, most: int) -> list[str]:
    """Return the ids of up to ``most`` of the 200 newest jobs that were made from ``job_id``."""
    rows = await reader.all(_NEWEST, job_id, _MOST_READ, most)
    return [row["job_id"] for row in rows]
