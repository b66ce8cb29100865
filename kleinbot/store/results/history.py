"""A member's finished jobs, newest first, page by page.

Pages start after a job number instead of at an offset, so additions and deletions do not shift them.
"""

from dataclasses import dataclass

from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import JobKind
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Value
from kleinbot.store.jobs import lookup
from kleinbot.store.results import search_index
from kleinbot.store.results.search_index import SERVER_BITS
from kleinbot.store.search_text import searched_tokens

_MINE = (
    "SELECT j.number, j.job_id FROM jobs j INDEXED BY jobs_with_pictures"
    " WHERE j.server_id = ? AND j.member_id = ? AND j.pictures > 0 AND j.deleted_ms IS NULL"
    " AND j.ended_ms IS NOT NULL AND has_words(j.prompt, ?)"
)
# What is not in the index yet: what was drawn in the last seconds, or, after an update, everything.
_UNSEARCHED = (
    "SELECT j.number, j.job_id FROM jobs j INDEXED BY jobs_unsearched"
    " WHERE j.server_id = ? AND j.member_id = ? AND j.searched = 0 AND j.pictures > 0"
    " AND j.deleted_ms IS NULL AND j.ended_ms IS NOT NULL AND has_words(j.prompt, ?)"
)
# FTS5 returns the rows in the order of their numbers, and stops when enough are found.
_FOUND = (
    "SELECT j.number, j.job_id FROM search_tokens w"
    " CROSS JOIN jobs j ON j.server_id = ? AND j.number = w.rowid >> 20"  # SERVER_BITS
    " WHERE search_tokens MATCH ? AND j.member_id = ? AND j.pictures > 0 AND j.deleted_ms IS NULL"
    " AND j.searched = 1 AND has_words(j.prompt, ?)"
)
# A job has up to four marks. Only ended jobs can be marked.
_MY_FAVOURITES = (
    "SELECT DISTINCT f.number, f.job_id FROM favourites f INDEXED BY favourites_by_number"
    " CROSS JOIN jobs j USING (job_id)"
    " WHERE f.server_id = ? AND f.member_id = ? AND (j.member_id = f.member_id OR j.private = 0)"
    " AND (j.member_id = f.member_id OR NOT EXISTS (SELECT 1 FROM hidings h WHERE h.job_id = j.job_id))"
    " AND j.deleted_ms IS NULL AND has_words(j.prompt, ?)"
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
_KIND = " AND j.kind = ?"
_SINCE = " AND j.ended_ms >= ?"
_SHAPE = " AND j.columns >= ? * j.rows AND j.columns < ? * j.rows"
_REFERENCES = " AND EXISTS (SELECT 1 FROM job_references r WHERE r.job_id = j.job_id)"
_OLDER = " < ? ORDER BY 1 DESC LIMIT ?"
_NEWER = " > ? ORDER BY 1 LIMIT ?"
_ABOVE_ALL = 2**40
_FIRST_SINCE = (
    "SELECT MIN(number) FROM (SELECT number FROM jobs INDEXED BY jobs_of_server_by_end"
    " WHERE server_id = ? AND pictures > 0 AND deleted_ms IS NULL AND ended_ms >= ?"
    " ORDER BY ended_ms LIMIT ?) first_ended"
)
_MOST_OVERTAKEN = 500
"""A job that ended after a moment may have a lower number than the first that did; so many are looked at."""


@dataclass(frozen=True)
class HistoryQuery:
    """A query of a member's jobs. ``words``: each must occur in the prompt, ignoring case and diacritics.

    ``favourites``: return jobs with a picture that the member marked and may see, instead of their own.
    ``since_ms``: when they ended at the earliest (epoch). ``with_references``: made from pictures.
    """

    member: MemberKey
    words: tuple[str, ...] = ()
    favourites: bool = False
    kind: JobKind | None = None
    aspect: Aspect | None = None
    since_ms: int | None = None
    with_references: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether everything is wanted, so that no search is needed."""
        return not (self.words or self.kind or self.aspect or self.since_ms or self.with_references)


@dataclass(frozen=True)
class Title:
    """A job's entry in a list of suggestions."""

    number: int
    prompt: str


async def older(reader: Reader, wanted: HistoryQuery, before: int | None, limit: int) -> list[Job]:
    """Return up to ``limit`` jobs with pictures, numbered below ``before``, newest first."""
    number = _ABOVE_ALL if before is None else before
    found = sorted(await _numbered(reader, wanted, number, limit, is_older=True), reverse=True)
    return await lookup.by_ids(reader, [job_id for _, job_id in found[:limit]])


async def newer(reader: Reader, wanted: HistoryQuery, after: int, limit: int) -> list[Job]:
    """Return the next ``limit`` jobs above ``after``, in the order of ``older``."""
    found = sorted(await _numbered(reader, wanted, after, limit, is_older=False))
    return await lookup.by_ids(reader, [job_id for _, job_id in reversed(found[:limit])])


async def recent(reader: Reader, wanted: HistoryQuery, most_scanned: int, limit: int) -> list[Title]:
    """Return up to ``limit`` of the member's jobs, newest first, out of the ``most_scanned`` newest."""
    member, words = wanted.member, _lines(wanted)
    rows = await reader.all(_RECENT, member.server_id, member.member_id, most_scanned, words, limit)
    return [Title(row["number"], row["prompt"]) for row in rows]


async def _numbered(
    reader: Reader, wanted: HistoryQuery, number: int, limit: int, *, is_older: bool
) -> set[tuple[int, str]]:
    """Return numbers and ids of the next jobs in one direction, of each place in which they may stand."""
    is_searched = not (wanted.favourites or wanted.is_plain)
    if wanted.favourites:
        sql = f"{_MY_FAVOURITES}{_filters(wanted)} AND f.number"
    else:
        sql = f"{_UNSEARCHED if is_searched else _MINE}{_filters(wanted)} AND j.number"
    rows = await reader.all(
        f"{sql}{_OLDER if is_older else _NEWER}",
        wanted.member.server_id,
        wanted.member.member_id,
        _lines(wanted),
        *_values(wanted),
        number,
        limit,
    )
    found = {(row["number"], row["job_id"]) for row in rows}
    return found | await _searched(reader, wanted, number, limit, is_older=is_older) if is_searched else found


async def _searched(
    reader: Reader, wanted: HistoryQuery, number: int, limit: int, *, is_older: bool
) -> set[tuple[int, str]]:
    """Return the same of what is in the index."""
    member = wanted.member
    search_no = await search_index.search_no_of(reader, member.server_id)
    if search_no is None:
        return set()
    edge, order = (number << SERVER_BITS) + search_no, "DESC" if is_older else "ASC"
    least = 0
    if wanted.since_ms is not None:
        least = await reader.number(_FIRST_SINCE, member.server_id, wanted.since_ms, _MOST_OVERTAKEN)
    rows = await reader.all(
        f"{_FOUND}{_filters(wanted)} AND w.rowid >= ? AND w.rowid {'<' if is_older else '>'} ?"
        f" ORDER BY w.rowid {order} LIMIT ?",
        member.server_id,
        search_index.match_of(member, _tokens(wanted)),
        member.member_id,
        _lines(wanted),
        *_values(wanted),
        least << SERVER_BITS,
        edge,
        limit,
    )
    return {(row["number"], row["job_id"]) for row in rows}


def _filters(wanted: HistoryQuery) -> str:
    """Return the conditions beside the words."""
    return (
        _KIND * (wanted.kind is not None)
        + _SINCE * (wanted.since_ms is not None)
        + _SHAPE * (wanted.aspect is not None)
        + _REFERENCES * wanted.with_references
    )


def _values(wanted: HistoryQuery) -> list[Value]:
    """Return the values of ``_filters``."""
    values: list[Value] = []
    if wanted.kind is not None:
        values.append(wanted.kind.value)
    if wanted.since_ms is not None:
        values.append(wanted.since_ms)
    if wanted.aspect is not None:
        values += wanted.aspect.ratios
    return values


def _tokens(wanted: HistoryQuery) -> set[str]:
    tokens = searched_tokens(wanted.words)
    if wanted.kind is not None:
        tokens.add(search_index.kind_token(wanted.kind.value))
    if wanted.aspect is not None:
        tokens.add(search_index.aspect_token(wanted.aspect))
    if wanted.with_references:
        tokens.add(search_index.references_token())
    return tokens


def _lines(wanted: HistoryQuery) -> str:
    """Return the words in the format of ``has_words``."""
    return "\n".join(wanted.words)
