"""Button presses. A repeated press, shortly after the first or while its job is open, creates no job."""

from dataclasses import dataclass

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.people import MemberKey
from kleinbot.domain.requests import Press
from kleinbot.store.database import Transaction

AGAIN_AFTER_MS = 5 * MS_PER_S
"""After this time, and once the first job has ended, a press counts as a new one."""

_KEPT_MS = 24 * 60 * 60 * MS_PER_S


@dataclass(frozen=True)
class EarlierPress:
    """The job that a press already created; ``is_open``: it has not ended yet."""

    number: int
    is_open: bool


async def earlier(
    transaction: Transaction, member: MemberKey, press: Press, now_ms: int
) -> EarlierPress | None:
    """Return what this press already created, or None for a new press."""
    row = await transaction.one(
        "SELECT j.number, j.ended_ms IS NULL FROM presses p JOIN jobs j USING (job_id)"
        " WHERE p.message_id = ? AND p.custom_id = ? AND p.member_id = ?"
        " AND (p.pressed_ms > ? OR j.state IN ('queued', 'running'))",
        press.message_id,
        press.custom_id,
        member.member_id,
        now_ms - AGAIN_AFTER_MS,
    )
    return None if row is None else EarlierPress(row[0], bool(row[1]))


async def note(transaction: Transaction, member: MemberKey, press: Press, job_id: str, now_ms: int) -> None:
    """Record the press that created ``job_id``, and delete presses older than a day."""
    await transaction.change("DELETE FROM presses WHERE pressed_ms <= ?", now_ms - _KEPT_MS)
    await transaction.change(
        "INSERT INTO presses (server_id, member_id, message_id, custom_id, pressed_ms, job_id)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (message_id, custom_id, member_id)"
        " DO UPDATE SET pressed_ms = excluded.pressed_ms, job_id = excluded.job_id",
        member.server_id,
        member.member_id,
        press.message_id,
        press.custom_id,
        now_ms,
        job_id,
    )
