"""Votes: at most one of a member for a picture. The publication's count changes in the same transaction."""

import json

from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.showcase.publications import VOTES_GATHERED_MS

PAGE_VOTES = 200


async def add(transaction: Transaction, publication_id: int, member: MemberKey, now_ms: int) -> bool:
    """Vote for a picture. Return False if the member has voted for it, or it is not shown."""
    added = await transaction.change(
        "INSERT INTO votes (publication_id, member_id, server_id, made_ms, counts)"
        " SELECT publication_id, ?, server_id, ?, 1 FROM publications"
        " WHERE publication_id = ? AND server_id = ? AND state = 'shown' ON CONFLICT DO NOTHING",
        member.member_id,
        now_ms,
        publication_id,
        member.server_id,
    )
    if added:
        await _change(transaction, [publication_id], 1, now_ms)
    return added > 0


async def remove(transaction: Transaction, publication_id: int, member: MemberKey, now_ms: int) -> bool:
    """Take a vote back. Return False if there is none."""
    row = await transaction.one(
        "DELETE FROM votes WHERE publication_id = ? AND member_id = ? RETURNING counts",
        publication_id,
        member.member_id,
    )
    if row is not None and row[0]:
        await _change(transaction, [publication_id], -1, now_ms)
    return row is not None


async def ask_recount(transaction: Transaction, member: MemberKey) -> None:
    """Have a member's votes counted or not, as they are banned by now or not."""
    await transaction.change(
        "INSERT INTO vote_recounts (server_id, member_id) SELECT server_id, ?2 FROM servers"
        " WHERE server_id = ?1 ON CONFLICT DO NOTHING",
        member.server_id,
        member.member_id,
    )


async def next_recount(reader: Reader) -> MemberKey | None:
    """Return a member whose votes are yet to be counted."""
    row = await reader.one("SELECT server_id, member_id FROM vote_recounts LIMIT 1")
    return None if row is None else MemberKey(row[0], row[1])


async def recount(transaction: Transaction, member: MemberKey, *, counts: bool, now_ms: int) -> None:
    """Count a page of a member's votes, or count them no more; when all are done, forget the recount."""
    rows = await transaction.all(
        "SELECT publication_id FROM votes INDEXED BY votes_counted"
        " WHERE server_id = ? AND member_id = ? AND counts = ? LIMIT ?",
        member.server_id,
        member.member_id,
        not counts,
        PAGE_VOTES,
    )
    ids = [row[0] for row in rows]
    await transaction.change(
        "UPDATE votes SET counts = ? WHERE member_id = ?"
        " AND publication_id IN (SELECT value FROM json_each(?))",
        counts,
        member.member_id,
        json.dumps(ids),
    )
    await _change(transaction, ids, 1 if counts else -1, now_ms)
    if len(ids) < PAGE_VOTES:
        await transaction.change(
            "DELETE FROM vote_recounts WHERE server_id = ? AND member_id = ?",
            member.server_id,
            member.member_id,
        )


async def _change(transaction: Transaction, publication_ids: list[int], by: int, now_ms: int) -> None:
    """Change the counts, and have the posts edited when votes have been gathered for a while."""
    await transaction.change(
        "UPDATE publications SET votes = votes + ?, post_version = post_version + 1,"
        " post_due_ms = iif(post_state = 'posted', ?, post_due_ms),"
        " post_state = iif(post_state = 'posted', 'due', post_state)"
        " WHERE publication_id IN (SELECT value FROM json_each(?))",
        by,
        now_ms + VOTES_GATHERED_MS,
        json.dumps(publication_ids),
    )
