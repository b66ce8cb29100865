"""Buttons that were pressed: the same press again, at once or while its job is open, means no second job."""

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.people import MemberKey
from kleinbot.domain.requests import Press
from kleinbot.store.database import Transaction

AGAIN_AFTER_MS = 5 * MS_PER_S
"""Later than this, and once the first job has ended, a press is meant as another one."""

_KEPT_MS = 24 * 60 * 60 * MS_PER_S


async def earlier(transaction: Transaction, member: MemberKey, press: Press, now_ms: int) -> int | None:
    """Return the number of the job that this press has made already, or None where it is a new press."""
    row = await transaction.one(
        "SELECT j.number FROM presses p JOIN jobs j USING (job_id)"
        " WHERE p.message_id = ? AND p.custom_id = ? AND p.member_id = ?"
        " AND (p.pressed_ms > ? OR j.state IN ('queued', 'running'))",
        press.message_id,
        press.custom_id,
        member.member_id,
        now_ms - AGAIN_AFTER_MS,
    )
    return None if row is None else int(row[0])


async def note(transaction: Transaction, member: MemberKey, press: Press, job_id: str, now_ms: int) -> None:
    """Note the press that made ``job_id``, and forget those of yesterday."""
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
