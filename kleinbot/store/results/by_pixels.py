"""Our pictures by the hash of their pixels."""

from kleinbot.domain.job_spec import ImageKey
from kleinbot.store.database import Reader

_MOST_ALIKE = 200
"""The same prompt with the same seed gives the same pixels, so one hash may have many pictures."""

_ALIKE = """
    SELECT j.job_id, alike.position FROM (
        SELECT i.job_id, i.position FROM images i INDEXED BY images_by_pixels
        WHERE i.pixel_hash = ? LIMIT ?) alike
    CROSS JOIN jobs j USING (job_id)
    ORDER BY j.server_id = ? DESC, j.number DESC LIMIT ?
"""


async def with_pixels(reader: Reader, pixel_hash: str, server_id: int, limit: int) -> list[ImageKey]:
    """Return up to ``limit`` pictures with these pixels of any server, those of ``server_id`` first."""
    rows = await reader.all(_ALIKE, pixel_hash, _MOST_ALIKE, server_id, limit)
    return [ImageKey(row["job_id"], row["position"]) for row in rows]
