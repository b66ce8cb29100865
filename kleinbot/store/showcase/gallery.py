"""Pages of a server's showcase. Every page is a few steps in an index, however much has been shared."""

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.showcase.gallery import DAYS_OF, GalleryOrder, GalleryPlace, GalleryQuery
from kleinbot.domain.showcase.publications import Publication
from kleinbot.store.database import Reader
from kleinbot.store.showcase.publications import publication_of

_OLDER, _NEWER = ("<", "DESC"), (">", "ASC")

_NEW = """
    SELECT * FROM publications INDEXED BY publications_newest
    WHERE server_id = ?1 AND state = 'shown' AND publication_id {0} ?4 ORDER BY publication_id {1} LIMIT ?5
"""
_OF_MEMBER = """
    SELECT * FROM publications INDEXED BY publications_shown_of_member
    WHERE server_id = ?1 AND state = 'shown' AND member_id = ?2 AND publication_id {0} ?4
    ORDER BY publication_id {1} LIMIT ?5
"""
# Those with as many votes as the place, and those beyond: together, SQLite would read all with as many votes.
_SAME_VOTES = """
    SELECT * FROM (
        SELECT publication_id, votes FROM publications INDEXED BY publications_by_votes
        WHERE server_id = ?1 AND state = 'shown' AND votes = ?3 AND publication_id {0} ?4
        ORDER BY publication_id {1} LIMIT ?5)
    UNION ALL SELECT * FROM (
        SELECT publication_id, votes FROM publications INDEXED BY publications_by_votes
        WHERE server_id = ?1 AND state = 'shown' AND votes {0} ?3
        ORDER BY votes {1}, publication_id {1} LIMIT ?5)
"""
# The best of each day, and of these the best: as many steps as the period has days.
_DAY = """
    SELECT * FROM (
        SELECT publication_id, votes FROM publications INDEXED BY publications_by_day
        WHERE server_id = ?1 AND state = 'shown' AND made_ms / 86400000 = ?2 - {2}
        AND (votes, publication_id) {0} (?3, ?4) ORDER BY votes {1}, publication_id {1} LIMIT ?5)
"""
_BEST = """
    SELECT p.* FROM ({2}) best CROSS JOIN publications p USING (publication_id)
    ORDER BY best.votes {1}, best.publication_id {1} LIMIT ?5
"""

# Looks into the newest alone, since it reads their words: that does not grow with what is shared.
_NEWEST = "INDEXED BY publications_newest WHERE server_id = ?1"
_NEWEST_OF_MEMBER = "INDEXED BY publications_shown_of_member WHERE server_id = ?1 AND member_id = ?2"
_WITH_WORDS = """
    SELECT p.* FROM (
        SELECT publication_id FROM publications {2} AND state = 'shown'
        ORDER BY publication_id DESC LIMIT ?6) newest
    CROSS JOIN publications p USING (publication_id) CROSS JOIN jobs j USING (job_id)
    WHERE p.publication_id {0} ?4
    AND has_words(p.caption || ' ' || iif(p.shows_prompt, j.prompt, ''), ?3)
    ORDER BY p.publication_id {1} LIMIT ?5
"""


def _statement(order: GalleryOrder, way: tuple[str, str]) -> str:
    if order in DAYS_OF:
        days = " UNION ALL ".join(_DAY.format(*way, day) for day in range(DAYS_OF[order]))
        return _BEST.format(*way, days)
    if order is GalleryOrder.EVER:
        return _BEST.format(*way, _SAME_VOTES.format(*way))
    return _NEW.format(*way)


_STATEMENTS = {(order, way): _statement(order, way) for order in GalleryOrder for way in (_OLDER, _NEWER)}
_MEMBERS = {way: _OF_MEMBER.format(*way) for way in (_OLDER, _NEWER)}

_SEARCHES = {
    (way, is_of_member): _WITH_WORDS.format(*way, _NEWEST_OF_MEMBER if is_of_member else _NEWEST)
    for way in (_OLDER, _NEWER)
    for is_of_member in (False, True)
}

MOST_SEARCHED = 1_000
"""A search looks into the newest so many pictures that are shown in a server, or are of the member."""

FIRST = GalleryPlace(2**62, 2**62)
"""The place before everything."""


async def page(
    reader: Reader,
    server_id: int,
    wanted: GalleryQuery,
    place: GalleryPlace,
    now_ms: int,
    *,
    older: bool,
    limit: int,
) -> list[Publication]:
    """Return up to ``limit`` publications beyond ``place``, the nearest first.

    ``older``: those after it in the order of the gallery; otherwise those before it.
    """
    way = _OLDER if older else _NEWER
    if wanted.text:
        rows = await reader.all(
            _SEARCHES[way, wanted.member_id is not None],
            server_id,
            wanted.member_id,
            "\n".join(wanted.words),
            place.publication_id,
            limit,
            MOST_SEARCHED,
        )
        return [publication_of(row) for row in rows]
    if wanted.member_id is not None:
        sql, second = _MEMBERS[way], wanted.member_id
    else:
        sql, second = _STATEMENTS[wanted.order, way], now_ms // DAY_MS
    rows = await reader.all(sql, server_id, second, place.votes, place.publication_id, limit)
    return [publication_of(row) for row in rows]
