"""What stays of a person's data for a while after their deletion, and until when."""

from dataclasses import dataclass

from kleinbot.store.database import Reader
from kleinbot.store.members import erasures


@dataclass(frozen=True)
class WhatStays:
    """``spent_until_ms``: until when at most a spending counts; None: nothing was spent.

    ``is_banned``: a ban or time-out holds. ``is_audited``: admins have changed something about the person, or
    the person as an admin.
    """

    spent_until_ms: int | None
    is_audited: bool
    is_banned: bool


async def what_stays(reader: Reader, member_id: int, now_ms: int, window_ms: int) -> WhatStays:
    """Return what would stay of a person's data if they were deleted now."""
    last_ms = await erasures.counts_until_ms(reader, member_id, window_ms)
    return WhatStays(
        None if last_ms is None or last_ms <= now_ms else last_ms,
        await erasures.is_audited(reader, member_id),
        await erasures.is_banned(reader, member_id, now_ms),
    )
