"""How much a server's pictures take on the disk."""

from dataclasses import dataclass

from kleinbot.store.database import Reader

SAMPLED_JOBS = 300
"""The newest; older ones say little about what is to come."""

_RECENT = """
    SELECT COUNT(*), COALESCE(SUM(i.bytes), 0), MIN(recent.created_ms)
    FROM (SELECT job_id, created_ms, deleted_ms FROM jobs
          WHERE server_id = ? ORDER BY number DESC LIMIT ?) recent
    CROSS JOIN images i USING (job_id)
    WHERE i.bytes IS NOT NULL AND recent.deleted_ms IS NULL
"""


@dataclass(frozen=True)
class RecentStorage:
    """The pictures of a server's newest jobs. ``since_ms``: when the first of these jobs was accepted."""

    pictures: int
    total_bytes: int
    since_ms: int | None


async def recent(reader: Reader, server_id: int) -> RecentStorage:
    """Return what the newest ``SAMPLED_JOBS`` jobs of a server have stored."""
    row = await reader.one(_RECENT, server_id, SAMPLED_JOBS)
    return RecentStorage(0, 0, None) if row is None else RecentStorage(row[0], row[1], row[2])
