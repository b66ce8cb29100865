"""What keeps old pictures because somebody marked them, and whether these people are still there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Transaction

_PAGE_MEMBERS = 20
_PAGE_MARKS = 50


@dataclass(frozen=True)
class FavouriteHolder:
    """A member who has favourites. ``asked_ms``: when Discord was last asked for them; None: never."""

    member_id: int
    asked_ms: int | None


async def holders(reader: Reader, server_id: int, after_id: int) -> list[FavouriteHolder]:
    """Return the next members of a server that have favourites, by their ids."""
    rows = await reader.all(
        # From one member to the next: the favourites of each are not looked at.
        "WITH RECURSIVE page (member_id, place) AS ("
        " SELECT (SELECT MIN(member_id) FROM favourites WHERE server_id = ?1 AND member_id > ?2), 1"
        " UNION ALL SELECT (SELECT MIN(f.member_id) FROM favourites f"
        "  WHERE f.server_id = ?1 AND f.member_id > page.member_id), place + 1"
        " FROM page WHERE page.member_id IS NOT NULL AND place < ?3)"
        " SELECT page.member_id, l.asked_ms FROM page"
        " LEFT JOIN member_look_ups l ON l.server_id = ?1 AND l.member_id = page.member_id"
        " WHERE page.member_id IS NOT NULL",
        server_id,
        after_id,
        _PAGE_MEMBERS,
    )
    return [FavouriteHolder(row[0], row[1]) for row in rows]


async def old_marked(reader: Reader, member: MemberKey, before_ms: int) -> list[str]:
    """Return a page of results that ended up to ``before_ms`` and have a favourite of the member's."""
    rows = await reader.all(
        "SELECT DISTINCT f.job_id FROM favourites f INDEXED BY favourites_by_number"
        " CROSS JOIN jobs j USING (job_id)"
        " WHERE f.server_id = ? AND f.member_id = ? AND j.ended_ms <= ? LIMIT ?",
        member.server_id,
        member.member_id,
        before_ms,
        _PAGE_MARKS,
    )
    return [row[0] for row in rows]


async def unmark(transaction: Transaction, member: MemberKey, job_ids: Sequence[str]) -> None:
    """Delete a member's favourites of these results."""
    await transaction.change(
        "DELETE FROM favourites WHERE server_id = ?1 AND member_id = ?2"
        " AND job_id IN (SELECT value FROM json_each(?3))",
        member.server_id,
        member.member_id,
        json.dumps(list(job_ids)),
    )


async def note_asked(transaction: Transaction, member: MemberKey, now_ms: int) -> None:
    """Note that Discord was asked for a member."""
    await transaction.change(
        "INSERT OR REPLACE INTO member_look_ups (server_id, member_id, asked_ms) VALUES (?, ?, ?)",
        member.server_id,
        member.member_id,
        now_ms,
    )
