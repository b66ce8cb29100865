"""A member's finished pictures that are not hidden, newest first."""

from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import MemberKey
from kleinbot.domain.pictures import OwnPicture
from kleinbot.store.database import Reader, Row

_NEWEST = """
    SELECT i.job_id, i.position, j.number, j.count, j.prompt, i.finished_ms
    FROM jobs j INDEXED BY jobs_with_pictures CROSS JOIN images i USING (job_id)
    WHERE j.server_id = ? AND j.member_id = ? AND j.pictures > 0 AND j.deleted_ms IS NULL
    AND i.state = 'done' AND NOT EXISTS (SELECT 1 FROM hidings h WHERE h.job_id = j.job_id)
    ORDER BY j.number DESC, i.position LIMIT ?
"""


# Selects the jobs before it reads their images.
_SUGGESTED = """
    SELECT i.job_id, i.position, recent.number, recent.count, recent.prompt, i.finished_ms
    FROM (SELECT j.job_id, j.number, j.count, j.prompt FROM jobs j INDEXED BY jobs_with_pictures
          WHERE j.server_id = ? AND j.member_id = ? AND j.pictures > 0 AND j.deleted_ms IS NULL
          AND NOT EXISTS (SELECT 1 FROM hidings h WHERE h.job_id = j.job_id)
          ORDER BY j.number DESC LIMIT ?) recent
    CROSS JOIN images i USING (job_id)
    WHERE has_words('#' || recent.number || ' ' || recent.prompt, ?) AND i.state = 'done'
    ORDER BY recent.number DESC, i.position LIMIT ?
"""


async def suggested(
    reader: Reader, member: MemberKey, typed: str, most_scanned: int, limit: int
) -> list[OwnPicture]:
    """Return up to ``limit`` of ``member``'s newest pictures whose ``#number prompt`` contains ``typed``.

    Searches only the ``most_scanned`` newest jobs.
    """
    wanted = " ".join(typed.casefold().splitlines())
    rows = await reader.all(_SUGGESTED, member.server_id, member.member_id, most_scanned, wanted, limit)
    return [_picture(row) for row in rows]


async def newest(reader: Reader, member: MemberKey, limit: int) -> list[OwnPicture]:
    """Return ``member``'s last ``limit`` pictures that are not deleted."""
    rows = await reader.all(_NEWEST, member.server_id, member.member_id, limit)
    return [_picture(row) for row in rows]


def _picture(row: Row) -> OwnPicture:
    return OwnPicture(
        ImageKey(row["job_id"], row["position"]),
        row["number"],
        row["count"],
        row["prompt"],
        row["finished_ms"],
    )
