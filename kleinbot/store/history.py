"""A member's finished jobs, newest first, page by page.

Pages begin after a job number instead of at an offset: what is added or deleted meanwhile moves nothing.
"""

from kleinbot.domain.job import Job
from kleinbot.store import lookup
from kleinbot.store.database import Reader, Value
from kleinbot.store.ledger import Owner

_KEPT = (
    "j.server_id = ? AND j.ended_ms IS NOT NULL AND j.deleted_ms IS NULL AND EXISTS"
    " (SELECT 1 FROM images i WHERE i.job_id = j.job_id AND i.state = 'done')"
)
_MINE = "j.member_id = ?"
_MY_FAVOURITES = (
    "(j.member_id = ? OR j.private = 0) AND EXISTS"
    " (SELECT 1 FROM favourites f"
    " WHERE f.server_id = j.server_id AND f.member_id = ? AND f.job_id = j.job_id)"
)


async def older(
    reader: Reader, owner: Owner, words: tuple[str, ...], *, favourites: bool, before: int | None, limit: int
) -> list[Job]:
    """Return up to ``limit`` jobs with pictures, numbered below ``before``, newest first.

    ``words``: each must occur in the prompt. ``favourites``: instead of the member's own jobs those that they
    have marked a picture of, and may see.
    """
    where, values = _where(owner, words, favourites)
    if before is not None:
        where, values = f"{where} AND j.number < ?", [*values, before]
    return await _jobs(reader, f"{where} ORDER BY j.number DESC", values, limit)


async def newer(
    reader: Reader, owner: Owner, words: tuple[str, ...], *, favourites: bool, after: int, limit: int
) -> list[Job]:
    """Return the ``limit`` jobs next above ``after``, ordered as ``older`` does."""
    where, values = _where(owner, words, favourites)
    found = await _jobs(reader, f"{where} AND j.number > ? ORDER BY j.number ASC", [*values, after], limit)
    return found[::-1]


def _where(owner: Owner, words: tuple[str, ...], favourites: bool) -> tuple[str, list[Value]]:
    conditions = [_KEPT, _MY_FAVOURITES if favourites else _MINE]
    values: list[Value] = [owner.server_id, owner.member_id]
    if favourites:
        values.append(owner.member_id)
    for word in words:
        conditions.append(r"folded(j.prompt) LIKE ? ESCAPE '\'")
        values.append(f"%{_literal(word.casefold())}%")
    return " AND ".join(conditions), values


async def _jobs(reader: Reader, where: str, values: list[Value], limit: int) -> list[Job]:
    # Only constants of this module are put into the statement; what people typed is bound.
    rows = await reader.all(f"SELECT j.job_id FROM jobs j WHERE {where} LIMIT ?", *values, limit)  # noqa: S608
    found = [await lookup.by_id(reader, row[0]) for row in rows]
    return [job for job in found if job is not None]


def _literal(word: str) -> str:
    """Take from ``word`` what LIKE would read as a pattern."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
