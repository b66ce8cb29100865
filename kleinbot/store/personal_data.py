"""What the database holds about people: every table's declaration, and how all are given out and deleted.

``TABLES`` is in the order in which rows may be deleted: what refers to others first.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Row, Transaction
from kleinbot.store.delivery import personal as delivery
from kleinbot.store.jobs import personal as jobs
from kleinbot.store.members import personal as members
from kleinbot.store.moderation import personal as moderation
from kleinbot.store.personal_tables import PAGE_ROWS, PersonalTable
from kleinbot.store.results import personal as results
from kleinbot.store.results import search_index
from kleinbot.store.showcase import personal as showcase

FACTS = PersonalTable("facts", why="Facts about this installation.")

TABLES: tuple[PersonalTable, ...] = (
    *showcase.TABLES,
    *delivery.TABLES,
    *results.TABLES,
    *jobs.TABLES,
    *members.TABLES,
    *moderation.TABLES,
    FACTS,
)
NOBODY_ID = 0
"""The member of what belongs to nobody any more. Discord gives no such id."""

_FIRST = (-1, -1)


@dataclass(frozen=True)
class JobPage:
    """A page of a member's jobs, by id; the files that they own, and whether all have been delivered."""

    job_ids: tuple[str, ...]
    files: tuple[str, ...]
    is_delivered: bool


@dataclass(frozen=True)
class InputCopy:
    """The input at ``position`` of a job, and its file."""

    job_id: str
    position: int
    file: str


async def servers_of(reader: Reader, member_id: int) -> list[int]:
    """Return the servers in which a person is known."""
    rows = await reader.all(
        "SELECT s.server_id FROM servers s WHERE EXISTS"
        " (SELECT 1 FROM members m WHERE m.server_id = s.server_id AND m.member_id = ?1)"
        # Whoever only marks pictures, or is warned or banned beforehand, has no row of members.
        " OR EXISTS (SELECT 1 FROM favourites f WHERE f.server_id = s.server_id AND f.member_id = ?1)"
        " OR EXISTS (SELECT 1 FROM member_notices n WHERE n.server_id = s.server_id AND n.member_id = ?1)"
        " OR EXISTS (SELECT 1 FROM bans b WHERE b.server_id = s.server_id AND b.member_id = ?1)"
        " ORDER BY s.server_id",
        member_id,
    )
    return [row[0] for row in rows]


async def exported(
    reader: Reader, table: PersonalTable, member: MemberKey, after: tuple[int, int] | None, most: int
) -> tuple[list[Row], tuple[int, int] | None]:
    """Return a page of a member's rows of ``table``, and the key after which the next begins; None: the end.

    ``most``: rows, or jobs in a table of jobs.
    """
    if table.export is None:
        return [], None
    rows = await reader.all(
        table.export, member.server_id, member.member_id, *(_FIRST if after is None else after), most
    )
    # A job without a row in this table has one here too, so that a page never ends early.
    there = [row for row in rows if "is_there" not in row.keys() or row["is_there"]]  # noqa: SIM118 - a Row
    return there, (rows[-1][0], rows[-1][1]) if rows else None


async def job_page(reader: Reader, member: MemberKey, most: int) -> JobPage:
    """Return the next of a member's ended jobs that are to be deleted."""
    rows = await reader.all(
        "SELECT job_id FROM jobs INDEXED BY jobs_of_member"
        " WHERE server_id = ? AND member_id = ? ORDER BY number LIMIT ?",
        member.server_id,
        member.member_id,
        most,
    )
    job_ids = [row[0] for row in rows]
    given = json.dumps(job_ids)
    files = await reader.all(
        "SELECT file FROM images WHERE job_id IN (SELECT value FROM json_each(?1)) AND file IS NOT NULL"
        " UNION ALL SELECT file FROM job_references WHERE job_id IN (SELECT value FROM json_each(?1))",
        given,
    )
    undelivered = await reader.one(
        "SELECT 1 FROM outbox WHERE job_id IN (SELECT value FROM json_each(?))"
        " AND state IN ('pending', 'posting') LIMIT 1",
        given,
    )
    return JobPage(tuple(job_ids), tuple(row[0] for row in files), undelivered is None)


async def copies_of_pictures(reader: Reader, member_id: int) -> list[InputCopy]:
    """Return other people's inputs that show pictures of a person; at most a page."""
    rows = await reader.all(
        "SELECT job_id, position, file FROM job_references INDEXED BY references_by_author"
        " WHERE author_id = ? LIMIT ?",
        member_id,
        PAGE_ROWS,
    )
    return [InputCopy(row[0], row[1], row[2]) for row in rows]


async def forget_copies(transaction: Transaction, copies: Sequence[InputCopy], now_ms: int) -> None:
    """Note that the files of these inputs are gone, and no more whose pictures they showed."""
    await transaction.change_each(
        "UPDATE job_references SET gone_ms = COALESCE(gone_ms, ?), sha256 = '', author_id = NULL,"
        " message_id = NULL, attachment_id = NULL WHERE job_id = ? AND position = ?",
        [(now_ms, copy.job_id, copy.position) for copy in copies],
    )


async def copies_in_children(reader: Reader, job_ids: Sequence[str]) -> list[str]:
    """Return the files of inputs of jobs that were made from ``job_ids``."""
    rows = await reader.all(
        "SELECT r.file FROM json_each(?) asked CROSS JOIN jobs j ON j.parent_job = asked.value"
        " CROSS JOIN job_references r ON r.job_id = j.job_id WHERE r.gone_ms IS NULL",
        json.dumps(list(job_ids)),
    )
    return [row[0] for row in rows]


async def erase_jobs(transaction: Transaction, job_ids: Sequence[str], now_ms: int) -> None:
    """Delete everything about jobs; an empty row of each stays. Their files must be gone.

    The server's row of nobody must exist. Inputs of jobs that were made from these are marked as gone.
    """
    given = json.dumps(list(job_ids))
    await search_index.remove(transaction, job_ids)
    await transaction.change(
        "UPDATE job_references SET gone_ms = ?2, sha256 = '', author_id = NULL, message_id = NULL,"
        " attachment_id = NULL WHERE gone_ms IS NULL AND job_id IN"
        " (SELECT j.job_id FROM json_each(?1) asked CROSS JOIN jobs j ON j.parent_job = asked.value)",
        given,
        now_ms,
    )
    for table in TABLES:
        for statement in table.of_jobs:
            await transaction.change(statement, given)


async def erase_page_of_member(transaction: Transaction, member: MemberKey) -> bool:
    """Delete a page of what a member has in a server besides jobs. Return whether there may be more."""
    is_more = False
    for table in TABLES:
        for statement in table.of_member:
            changed = await transaction.change(statement, member.server_id, member.member_id, PAGE_ROWS)
            is_more = is_more or changed >= PAGE_ROWS
    return is_more


async def erase_page_of_person(transaction: Transaction, member_id: int) -> bool:
    """Delete a page of what names a person in any server. Return whether there may be more."""
    is_more = False
    for table in TABLES:
        for statement in table.of_person:
            # ?1 is a server in other statements; SQLite takes any value for a number that is not used.
            changed = await transaction.change(statement, 0, member_id, PAGE_ROWS)
            is_more = is_more or changed >= PAGE_ROWS
    return is_more
