"""What others made from a person's picture, to be removed with everything that was made from that."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Transaction

_PAGE = 20


@dataclass(frozen=True)
class Takedown:
    """A result that is to be looked at. ``author_id``: whose picture it was made from."""

    job_id: str
    author_id: int


async def learn_author(
    transaction: Transaction, author: MemberKey, message_id: int, attachments: Sequence[int]
) -> None:
    """Note whose attachments these are, where inputs came from a pasted link and nobody knew."""
    await transaction.change(
        "UPDATE job_references SET author_id = ?1, message_id = ?2 WHERE (job_id, position) IN"
        " (SELECT r.job_id, r.position FROM json_each(?3) asked CROSS JOIN job_references r"
        "  INDEXED BY references_by_attachment ON r.attachment_id = asked.value"
        "  WHERE r.author_id IS NULL AND r.server_id = ?4)",
        author.member_id,
        message_id,
        json.dumps(list(attachments)),
        author.server_id,
    )


async def is_used(reader: Reader, author: MemberKey, message_id: int) -> bool:
    """Return whether others have made something from the author's message that is still there."""
    row = await reader.one(
        "SELECT 1 FROM job_references r INDEXED BY references_by_message CROSS JOIN jobs j USING (job_id)"
        " WHERE r.message_id = ?1 AND r.author_id = ?2 AND r.server_id = ?3"
        " AND j.member_id != ?2 AND j.deleted_ms IS NULL LIMIT 1",
        message_id,
        author.member_id,
        author.server_id,
    )
    return row is not None


async def has_children(reader: Reader, author: MemberKey, job_id: str) -> bool:
    """Return whether something was made from an own result of the author's."""
    row = await reader.one(
        "SELECT 1 FROM jobs o CROSS JOIN jobs j INDEXED BY jobs_of_parent ON j.parent_job = o.job_id"
        " WHERE o.job_id = ? AND o.member_id = ? AND o.server_id = ? AND j.deleted_ms IS NULL LIMIT 1",
        job_id,
        author.member_id,
        author.server_id,
    )
    return row is not None


async def begin_with_message(transaction: Transaction, author: MemberKey, message_id: int) -> None:
    """Take back everything that was made from the author's message."""
    await transaction.change(
        "INSERT INTO takedowns (job_id, author_id) SELECT DISTINCT job_id, author_id FROM job_references"
        " INDEXED BY references_by_message WHERE message_id = ? AND author_id = ? AND server_id = ?"
        " ON CONFLICT DO NOTHING",
        message_id,
        author.member_id,
        author.server_id,
    )


async def begin_with_result(transaction: Transaction, author: MemberKey, job_id: str) -> None:
    """Take back everything that was made from an own result of the author's; the result itself stays."""
    await transaction.change(
        "INSERT INTO takedowns (job_id, author_id) SELECT job_id, member_id FROM jobs"
        " WHERE job_id = ? AND member_id = ? AND server_id = ? ON CONFLICT DO NOTHING",
        job_id,
        author.member_id,
        author.server_id,
    )


async def page(reader: Reader) -> list[Takedown]:
    """Return the next results to look at."""
    rows = await reader.all("SELECT job_id, author_id FROM takedowns LIMIT ?", _PAGE)
    return [Takedown(row[0], row[1]) for row in rows]


async def go_on(transaction: Transaction, takedown: Takedown) -> None:
    """Go on with what was made from a result that was looked at."""
    await transaction.change(
        "INSERT INTO takedowns (job_id, author_id) SELECT job_id, ?2 FROM jobs INDEXED BY jobs_of_parent"
        " WHERE parent_job = ?1 AND deleted_ms IS NULL ON CONFLICT DO NOTHING",
        takedown.job_id,
        takedown.author_id,
    )
    await transaction.change("DELETE FROM takedowns WHERE job_id = ?", takedown.job_id)
