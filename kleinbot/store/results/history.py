"""A member's finished jobs, newest first, page by page.

Pages start after a job number instead of at an offset, so additions and deletions do not shift them.
"""

from dataclasses import dataclass

from kleinbot.domain.job import Job
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader
from kleinbot.store.jobs import lookup

_MINE = (
    "SELECT j.number, j.job_id FROM jobs j INDEXED BY jobs_with_pictures"
    " WHERE j.server_id = ? AND j.member_id = ? AND j.pictures > 0 AND j.deleted_ms IS NULL"
    " AND j.ended_ms IS NOT NULL AND has_words(j.prompt, ?) AND j.number"
)
# A job has up to four marks. Only ended jobs can be marked.
_MY_FAVOURITES = (
    "SELECT DISTINCT f.number, f.job_id FROM favourites f INDEXED BY favourites_by_number"
    " CROSS JOIN jobs j USING (job_id)"
    " WHERE f.server_id = ? AND f.member_id = ? AND (j.member_id = f.member_id OR j.private = 0)"
    " AND (j.member_id = f.member_id OR NOT EXISTS (SELECT 1 FROM hidings h WHERE h.job_id = j.job_id))"
    " AND j.deleted_ms IS NULL AND has_words(j.prompt, ?) AND f.number"
)
# Searches only the newest jobs, since it runs at every keystroke.
_RECENT = """
    SELECT number, prompt FROM (
        SELECT j.number, j.prompt FROM jobs j INDEXED BY jobs_with_pictures
        WHERE j.server_id = ? AND j.member_id = ? AND j.pictures > 0 AND j.deleted_ms IS NULL
        AND j.ended_ms IS NOT NULL AND NOT EXISTS (SELECT 1 FROM hidings h WHERE h.job_id = j.job_id)
        ORDER BY j.number DESC LIMIT ?) recent
    WHERE has_words(prompt, ?) ORDER BY number DESC LIMIT ?
"""
_OLDER = " < ? ORDER BY 1 DESC LIMIT ?"
_NEWER = " > ? ORDER BY 1 LIMIT ?"
_ABOVE_ALL = 2**62


@dataclass(frozen=True)
class HistoryQuery:
    """A query of a member's jobs. ``words``: each must occur in the prompt, ignoring case.

    ``favourites``: return jobs with a picture that the member marked and may see, instead of their own.
    """

    member: MemberKey
    words: tuple[str, ...] = ()
    favourites: bool = False


@dataclass(frozen=True)
class Title:
    """A job's entry in a list of suggestions."""

    number: int
    prompt: str


async def older(reader: Reader, wanted: HistoryQuery, before: int | None, limit: int) -> list[Job]:
    """Return up to ``limit`` jobs with pictures, numbered below ``before``, newest first."""
    number = _ABOVE_ALL if before is None else before
    if wanted.favourites:
        return await _jobs(reader, _MY_FAVOURITES + _OLDER, wanted, number, limit)
    return await _jobs(reader, _MINE + _OLDER, wanted, number, limit)


async def newer(reader: Reader, wanted: HistoryQuery, after: int, limit: int) -> list[Job]:
    """Return the next ``limit`` jobs above ``after``, in the order of ``older``."""
    if wanted.favourites:
        found = await _jobs(reader, _MY_FAVOURITES + _NEWER, wanted, after, limit)
    else:
        found = await _jobs(reader, _MINE + _NEWER, wanted, after, limit)
    return found[::-1]


async def recent(reader: Reader, wanted: HistoryQuery, most_scanned: int, limit: int) -> list[Title]:
    """Return up to ``limit`` of the member's jobs, newest first, out of the ``most_scanned`` newest."""
    member, words = wanted.member, _lines(wanted)
    rows = await reader.all(_RECENT, member.server_id, member.member_id, most_scanned, words, limit)
    return [Title(row["number"], row["prompt"]) for row in rows]


async def _jobs(reader: Reader, sql: str, wanted: HistoryQuery, number: int, limit: int) -> list[Job]:
    member = wanted.member
    rows = await reader.all(sql, member.server_id, member.member_id, _lines(wanted), number, limit)
    return await lookup.by_ids(reader, [row["job_id"] for row in rows])


def _lines(wanted: HistoryQuery) -> str:
    """Return the words in the format of ``has_words``."""
    return "\n".join(word.casefold() for word in wanted.words)
