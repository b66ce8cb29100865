"""Old pictures that a server does not keep: what is due, what has gone, and when it begins."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.store.database import Reader, Row, Transaction


@dataclass(frozen=True)
class Purge:
    """A server's choice, counted and announced.

    ``chosen_ms``: which choice it is about. ``begins_ms``: nothing goes before. ``pictures``: how many were
    due when it was counted. ``until_ms``: results that ended up to there are done.
    """

    server_id: int
    chosen_ms: int
    begins_ms: int
    pictures: int
    until_ms: int


@dataclass(frozen=True)
class Choice:
    """How many days a server keeps pictures, and since when."""

    server_id: int
    days: int
    chosen_ms: int


@dataclass(frozen=True)
class OldResult:
    """A result with pictures, and when it ended."""

    job_id: str
    ended_ms: int
    pictures: int


async def choices(reader: Reader) -> list[Choice]:
    """Return the servers that do not keep pictures for good."""
    rows = await reader.all(
        "SELECT server_id, retention_days, COALESCE(retention_chosen_ms, 0) FROM server_settings"
        " WHERE retention_days IS NOT NULL"
    )
    return [Choice(row[0], row[1], row[2]) for row in rows]


async def of_server(reader: Reader, server_id: int) -> Purge | None:
    row = await reader.one("SELECT * FROM purges WHERE server_id = ?", server_id)
    return None if row is None else _purge(row)


async def announced(reader: Reader, server_id: int) -> Purge | None:
    """Return a server's purge if its present choice has been counted and there was something to count."""
    row = await reader.one(
        "SELECT p.* FROM purges p JOIN server_settings s USING (server_id) WHERE p.server_id = ?"
        " AND p.pictures > 0 AND s.retention_days IS NOT NULL"
        " AND p.chosen_ms = COALESCE(s.retention_chosen_ms, 0)",
        server_id,
    )
    return None if row is None else _purge(row)


async def put(transaction: Transaction, purge: Purge) -> None:
    """Note a server's purge in place of the earlier one."""
    await transaction.change(
        "INSERT OR REPLACE INTO purges (server_id, chosen_ms, begins_ms, pictures, until_ms)"
        " VALUES (?, ?, ?, ?, ?)",
        purge.server_id,
        purge.chosen_ms,
        purge.begins_ms,
        purge.pictures,
        purge.until_ms,
    )


async def page(reader: Reader, server_id: int, after_ms: int, before_ms: int, most: int) -> list[OldResult]:
    """Return results that ended after ``after_ms`` and up to ``before_ms``, the oldest first."""
    rows = await reader.all(
        "SELECT job_id, ended_ms, pictures FROM jobs INDEXED BY jobs_of_server_by_end"
        " WHERE server_id = ? AND pictures > 0 AND deleted_ms IS NULL AND ended_ms > ? AND ended_ms <= ?"
        " ORDER BY ended_ms LIMIT ?",
        server_id,
        after_ms,
        before_ms,
        most,
    )
    return [OldResult(row[0], row[1], row[2]) for row in rows]


_NOT_MARKED = """
    NOT EXISTS (SELECT 1 FROM favourites f INDEXED BY favourites_of_job
                WHERE f.job_id = asked.value AND f.member_id != ?2)
    AND NOT EXISTS (SELECT 1 FROM publications p INDEXED BY publications_of_picture
                    WHERE p.job_id = asked.value AND p.state != 'ended')
"""


async def files(reader: Reader, job_ids: Sequence[str], without: int = 0) -> list[str]:
    """Return the files of these results and of their inputs, but none of those that are kept.

    A result with a favourite is kept, and one in the showcase. ``without``: a member whose favourites do
    not count.
    """
    rows = await reader.all(
        f"SELECT i.file FROM json_each(?1) asked CROSS JOIN images i ON i.job_id = asked.value"  # noqa: S608 - ours
        f" WHERE i.file IS NOT NULL AND i.gone_ms IS NULL AND {_NOT_MARKED}"
        f" UNION ALL SELECT r.file FROM json_each(?1) asked CROSS JOIN job_references r"
        f" ON r.job_id = asked.value WHERE r.gone_ms IS NULL AND {_NOT_MARKED}",
        json.dumps(list(job_ids)),
        without,
    )
    return [row[0] for row in rows]


async def note_gone(transaction: Transaction, job_ids: Sequence[str], now_ms: int) -> None:
    """Note that these results' files are gone, but nothing of one that is kept: as ``files``."""
    for table in ("images", "job_references"):
        await transaction.change(
            f"UPDATE {table} SET gone_ms = ?3 WHERE gone_ms IS NULL AND job_id IN"  # noqa: S608 - a name of ours
            f" (SELECT asked.value FROM json_each(?1) asked WHERE {_NOT_MARKED})",
            json.dumps(list(job_ids)),
            0,
            now_ms,
        )


def _purge(row: Row) -> Purge:
    return Purge(row["server_id"], row["chosen_ms"], row["begins_ms"], row["pictures"], row["until_ms"])
