"""The posts of cases in moderators' channels: which are to be sent or edited."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from kleinbot.store.database import Reader, Transaction


@dataclass(frozen=True)
class DuePost:
    """A case whose post is to be sent, or edited where ``message_id`` is known.

    ``is_posting``: it may have been sent, with an id above ``after_id``. ``version``: counts the changes.
    """

    case_id: int
    server_id: int
    channel_id: int | None
    message_id: int | None
    is_posting: bool
    after_id: int | None
    attempts: int
    version: int


async def due(reader: Reader, now_ms: int, *, without: Collection[int], most: int) -> list[DuePost]:
    """Return the posts that are due; ``without``: those that are under way."""
    rows = await reader.all(
        "SELECT case_id, server_id, post_channel_id, post_message_id, post_state, post_after, post_attempts,"
        " post_version FROM report_cases INDEXED BY report_cases_due"
        " WHERE post_state IN ('due', 'posting') AND post_due_ms <= ?"
        " AND case_id NOT IN (SELECT value FROM json_each(?)) ORDER BY post_due_ms LIMIT ?",
        now_ms,
        json.dumps(sorted(without)),
        most,
    )
    return [
        DuePost(row[0], row[1], row[2], row[3], row[4] == "posting", row[5], row[6], row[7]) for row in rows
    ]


async def next_due_ms(reader: Reader, after_ms: int) -> int | None:
    """Return when the next post becomes due after ``after_ms``, or None."""
    row = await reader.one(
        "SELECT MIN(post_due_ms) FROM report_cases"
        " WHERE post_state IN ('due', 'posting') AND post_due_ms > ?",
        after_ms,
    )
    return None if row is None else row[0]


async def mark_posting(transaction: Transaction, case_id: int, channel_id: int, after_id: int | None) -> None:
    """Record, before it is sent, that a post may be in a channel, with an id above ``after_id``."""
    await transaction.change(
        "UPDATE report_cases SET post_state = 'posting', post_channel_id = ?, post_after = ?"
        " WHERE case_id = ? AND post_state = 'due'",
        channel_id,
        after_id,
        case_id,
    )


async def mark_posted(transaction: Transaction, post: DuePost, channel_id: int, message_id: int) -> None:
    """Record the message; what has changed meanwhile stays due."""
    await transaction.change(
        "UPDATE report_cases SET post_channel_id = ?, post_message_id = ?,"
        " post_state = iif(post_version = ?, 'posted', 'due') WHERE case_id = ?",
        channel_id,
        message_id,
        post.version,
        post.case_id,
    )


async def mark_unposted(transaction: Transaction, case_id: int) -> None:
    """Record that no channel takes the post: moderators find the case by command."""
    await transaction.change(
        "UPDATE report_cases SET post_state = 'none', post_message_id = NULL, post_after = NULL"
        " WHERE case_id = ?",
        case_id,
    )


async def postpone(transaction: Transaction, case_id: int, due_ms: int) -> None:
    """Record a failed attempt and retry at ``due_ms``."""
    await transaction.change(
        "UPDATE report_cases SET post_attempts = post_attempts + 1, post_due_ms = ? WHERE case_id = ?",
        due_ms,
        case_id,
    )
