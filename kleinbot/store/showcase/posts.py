"""The posts of publications: which are to be sent, edited, or looked for."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from kleinbot.store.database import Reader, Transaction


@dataclass(frozen=True)
class ShowcasePost:
    """A publication whose post is to be sent, or edited where ``message_id`` is known.

    ``is_posting``: it may have been sent, with an id above ``after_id``. ``shows``: the post has the picture.
    ``version``: counts the changes.
    """

    publication_id: int
    server_id: int
    channel_id: int
    message_id: int | None
    is_posting: bool
    after_id: int | None
    shows: bool
    attempts: int
    version: int


async def due(reader: Reader, now_ms: int, *, without: Collection[int], most: int) -> list[ShowcasePost]:
    """Return the posts that are due; ``without``: those that are under way."""
    rows = await reader.all(
        "SELECT publication_id, server_id, post_channel_id, post_message_id, post_state, post_after,"
        " post_shows, post_attempts, post_version FROM publications INDEXED BY publications_due"
        " WHERE post_state IN ('due', 'posting') AND post_due_ms <= ?"
        " AND publication_id NOT IN (SELECT value FROM json_each(?)) ORDER BY post_due_ms LIMIT ?",
        now_ms,
        json.dumps(sorted(without)),
        most,
    )
    return [
        ShowcasePost(
            row[0], row[1], row[2], row[3], row[4] == "posting", row[5], bool(row[6]), row[7], row[8]
        )
        for row in rows
    ]


async def next_due_ms(reader: Reader, after_ms: int) -> int | None:
    """Return when the next post becomes due after ``after_ms``, or None."""
    row = await reader.one(
        "SELECT MIN(post_due_ms) FROM publications"
        " WHERE post_state IN ('due', 'posting') AND post_due_ms > ?",
        after_ms,
    )
    return None if row is None else row[0]


async def mark_posting(
    transaction: Transaction, publication_id: int, file: str, after_id: int | None
) -> bool:
    """Record, before it is sent, that a post may be there, with an id above ``after_id``.

    Returns False if the publication has ended: nothing may be sent.
    """
    changed = await transaction.change(
        "UPDATE publications SET post_state = 'posting', post_file = ?, post_after = ?"
        " WHERE publication_id = ? AND state != 'ended' AND post_state IN ('due', 'posting')",
        file,
        after_id,
        publication_id,
    )
    return changed > 0


async def mark_posted(
    transaction: Transaction, post: ShowcasePost, message_id: int, file: str, *, shows: bool, now_ms: int
) -> bool:
    """Record the message; what has changed meanwhile stays due.

    Returns False if the publication has ended meanwhile, and the message is queued for removal.
    """
    changed = await transaction.change(
        "UPDATE publications SET post_message_id = ?, post_file = ?, post_shows = ?, post_attempts = 0,"
        " post_state = iif(post_version = ?, 'posted', 'due')"
        " WHERE publication_id = ? AND state != 'ended'",
        message_id, file, shows, post.version, post.publication_id,
    )  # fmt: skip
    if changed:
        return True
    await transaction.change(
        "INSERT INTO removals (message_id, channel_id, server_id, due_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        message_id,
        post.channel_id,
        post.server_id,
        now_ms,
    )
    await mark_over(transaction, post.publication_id)
    return False


async def mark_over(transaction: Transaction, publication_id: int) -> None:
    """Record that nothing is left to do for the post of a publication that has ended."""
    await transaction.change(
        "UPDATE publications SET post_state = 'none', post_message_id = NULL, post_after = NULL"
        " WHERE publication_id = ? AND state = 'ended'",
        publication_id,
    )


async def mark_unreached(transaction: Transaction, post: ShowcasePost) -> None:
    """Record that a post cannot be edited now: the next change tries again."""
    await transaction.change(
        "UPDATE publications SET post_state = 'posted', post_attempts = 0"
        " WHERE publication_id = ? AND post_state = 'due' AND post_message_id IS NOT NULL",
        post.publication_id,
    )


async def postpone(transaction: Transaction, publication_id: int, due_ms: int) -> None:
    """Record a failed attempt and retry at ``due_ms``."""
    await transaction.change(
        "UPDATE publications SET post_attempts = post_attempts + 1, post_due_ms = ? WHERE publication_id = ?",
        due_ms,
        publication_id,
    )
