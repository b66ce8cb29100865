"""Members' favourite pictures. Marks are set or removed, never toggled, since presses may be repeated."""

from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Transaction


async def add(transaction: Transaction, member: MemberKey, key: ImageKey, now_ms: int) -> bool:
    """Mark a picture for ``member``. Returns False if it is already marked or deleted."""
    changed = await transaction.change(
        "INSERT INTO favourites (server_id, member_id, job_id, position, made_ms, number)"
        " SELECT ?, ?, job_id, ?, ?, number FROM jobs"
        " WHERE job_id = ? AND deleted_ms IS NULL ON CONFLICT DO NOTHING",
        member.server_id, member.member_id, key.position, now_ms, key.job_id,
    )  # fmt: skip
    return changed == 1


async def remove(transaction: Transaction, member: MemberKey, key: ImageKey) -> bool:
    """Remove the mark. Returns False if there was none."""
    changed = await transaction.change(
        "DELETE FROM favourites WHERE server_id = ? AND member_id = ? AND job_id = ? AND position = ?",
        member.server_id, member.member_id, key.job_id, key.position,
    )  # fmt: skip
    return changed == 1


async def positions(reader: Reader, member: MemberKey, job_id: str) -> frozenset[int]:
    """Return the positions of a job's pictures that ``member`` has marked."""
    rows = await reader.all(
        "SELECT position FROM favourites WHERE server_id = ? AND member_id = ? AND job_id = ?",
        member.server_id, member.member_id, job_id,
    )  # fmt: skip
    return frozenset(row[0] for row in rows)
