"""A member's finished pictures, newest first."""

from kleinbot.domain.own_picture import OwnPicture
from kleinbot.domain.work import ImageKey
from kleinbot.store.database import Reader
from kleinbot.store.ledger import Owner

_NEWEST = """
    SELECT i.job_id, i.position, j.number, j.count, j.prompt, i.finished_ms
    FROM jobs j INDEXED BY jobs_with_pictures CROSS JOIN images i USING (job_id)
    WHERE j.server_id = ? AND j.member_id = ? AND j.pictures > 0 AND j.deleted_ms IS NULL
    AND i.state = 'done'
    ORDER BY j.number DESC, i.position LIMIT ?
"""


async def newest(reader: Reader, owner: Owner, limit: int) -> list[OwnPicture]:
    """Return ``owner``'s last ``limit`` pictures that are still there."""
    return [
        OwnPicture(
            ImageKey(row["job_id"], row["position"]),
            row["number"],
            row["count"],
            row["prompt"],
            row["finished_ms"],
        )
        for row in await reader.all(_NEWEST, owner.server_id, owner.member_id, limit)
    ]
