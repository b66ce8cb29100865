"""The outbox: one row for each ended job to deliver to Discord, drained by ``chat.delivery``."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.job import NO_CHANNEL_ID
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Row, Transaction


class OutboxState(StrEnum):
    PENDING = "pending"
    POSTING = "posting"
    """A channel message may have been sent. The nonce prevents a second POST from creating a second one."""
    UNDELIVERED = "kept"
    """No route is open; the result is handed over at the member's next command."""
    SENT = "sent"


class Route(StrEnum):
    """How a result reached its member."""

    REPLY = "reply"
    CHANNEL = "channel"
    HANDED_OVER = "handed_over"
    UNNEEDED = "unneeded"


@dataclass(frozen=True)
class OutboxRow:
    outbox_id: int
    job_id: str
    server_id: int
    state: OutboxState
    attempts: int
    refused: int
    due_ms: int
    nonce: str
    posting_after: int | None


@dataclass(frozen=True)
class DueLane:
    """A channel with unsent rows, and some of those that are due, oldest first; possibly none."""

    channel_id: int
    outbox_ids: tuple[int, ...]


async def put(transaction: Transaction, job_id: str, now_ms: int) -> None:
    """Add an ended job to the outbox. The nonce has at most 25 characters, Discord's limit.

    A job without a reply target needs no message, and its row says so.
    """
    await transaction.change(
        "INSERT INTO outbox (job_id, server_id, member_id, channel_id, state, way, due_ms, sent_ms, nonce)"
        " SELECT job_id, server_id, member_id, channel_id, iif(channel_id = ?1, 'sent', 'pending'),"
        " iif(channel_id = ?1, 'unneeded', NULL), ?2, iif(channel_id = ?1, ?2, NULL), substr(job_id, 1, 25)"
        " FROM jobs WHERE job_id = ?3",
        NO_CHANNEL_ID,
        now_ms,
        job_id,
    )


async def put_again(transaction: Transaction, job_id: str, now_ms: int) -> None:
    """Deliver a result once more, in the channel: only its member has seen it until now."""
    await transaction.change("DELETE FROM posted_images WHERE job_id = ?", job_id)
    await transaction.change("DELETE FROM outbox WHERE job_id = ?", job_id)
    await put(transaction, job_id, now_ms)


async def due_lanes(
    reader: Reader, now_ms: int, *, after: int, without: Collection[int], lanes: int, of_lane: int
) -> list[DueLane]:
    """Return the next ``lanes`` channels after ``after``, each with at most ``of_lane`` due rows.

    ``without``: rows being delivered. The query moves from channel to channel in the index, so rows that wait
    in one channel do not slow down the others.
    """
    rows = await reader.all(
        "WITH RECURSIVE lanes (lane) AS ("
        " SELECT (SELECT MIN(channel_id) FROM outbox"
        "  WHERE state IN ('pending', 'posting') AND channel_id > ?)"
        " UNION ALL SELECT (SELECT MIN(channel_id) FROM outbox"
        "  WHERE state IN ('pending', 'posting') AND channel_id > lane)"
        " FROM lanes WHERE lane IS NOT NULL LIMIT ?)"
        " SELECT lane, o.outbox_id FROM lanes LEFT JOIN outbox o ON o.outbox_id IN ("
        " SELECT outbox_id FROM outbox INDEXED BY outbox_lanes WHERE state IN ('pending', 'posting')"
        "  AND channel_id = lane AND due_ms <= ? AND outbox_id NOT IN (SELECT value FROM json_each(?))"
        "  ORDER BY due_ms, outbox_id LIMIT ?)"
        " WHERE lane IS NOT NULL ORDER BY lane, o.due_ms, o.outbox_id",
        after, lanes, now_ms, json.dumps(sorted(without)), of_lane,
    )  # fmt: skip
    found: dict[int, list[int]] = {}
    for lane, outbox_id in rows:
        found.setdefault(lane, []).extend(() if outbox_id is None else (outbox_id,))
    return [DueLane(lane, tuple(outbox_ids)) for lane, outbox_ids in found.items()]


async def next_due_ms(reader: Reader, after_ms: int) -> int | None:
    """Return when the next row becomes due after ``after_ms``, or None."""
    row = await reader.one(
        "SELECT MIN(due_ms) FROM outbox WHERE state IN ('pending', 'posting') AND due_ms > ?", after_ms
    )
    return None if row is None else row[0]


async def unsent(reader: Reader, outbox_id: int) -> OutboxRow | None:
    """Return a row that is still to be sent, or None."""
    row = await reader.one(
        "SELECT * FROM outbox WHERE outbox_id = ? AND state IN ('pending', 'posting')", outbox_id
    )
    return None if row is None else _row(row)


async def undelivered_for(reader: Reader, member: MemberKey, most: int) -> list[OutboxRow]:
    """Return ``member``'s undelivered results: least often tried first, then oldest first."""
    rows = await reader.all(
        "SELECT * FROM outbox WHERE state = 'kept' AND server_id = ? AND member_id = ?"
        " ORDER BY attempts, outbox_id LIMIT ?",
        member.server_id,
        member.member_id,
        most,
    )
    return [_row(row) for row in rows]


async def uncertain_hand_overs(reader: Reader, most: int) -> list[OutboxRow]:
    """Return undelivered results that their member may already see after an unfinished hand-over."""
    rows = await reader.all(
        "SELECT o.* FROM hand_overs CROSS JOIN outbox o USING (job_id) WHERE o.state = 'kept' LIMIT ?", most
    )
    return [_row(row) for row in rows]


async def mark_posting(transaction: Transaction, outbox_id: int, after_id: int | None) -> None:
    """Record that a channel message may have been sent, before sending it; its id is above ``after_id``."""
    await transaction.change(
        "UPDATE outbox SET state = 'posting', posting_after = ? WHERE outbox_id = ? AND state = 'pending'",
        after_id,
        outbox_id,
    )


async def mark_sent(
    transaction: Transaction, outbox_id: int, route: Route, channel_id: int, message_id: int, now_ms: int
) -> None:
    """Record the message that shows the result. Deletes the reply's token, which is no longer needed."""
    await transaction.change(
        "UPDATE outbox SET state = 'sent', way = ?, channel_id = ?, message_id = ?, sent_ms = ?"
        " WHERE outbox_id = ?",
        route,
        channel_id,
        message_id,
        now_ms,
        outbox_id,
    )
    await _forget_tokens(transaction, outbox_id)


async def mark_unneeded(transaction: Transaction, outbox_id: int, now_ms: int) -> None:
    """Record that no message is needed: there is no picture, and the person who cancelled knows."""
    await transaction.change(
        "UPDATE outbox SET state = 'sent', way = 'unneeded', sent_ms = ? WHERE outbox_id = ?",
        now_ms,
        outbox_id,
    )
    await _forget_tokens(transaction, outbox_id)


async def mark_undelivered(transaction: Transaction, outbox_id: int) -> None:
    """Record that no route is open. From now on ``attempts`` counts attempts to hand the result over."""
    await transaction.change(
        "UPDATE outbox SET state = 'kept', attempts = 0"
        " WHERE outbox_id = ? AND state IN ('pending', 'posting')",
        outbox_id,
    )
    await _forget_tokens(transaction, outbox_id)


async def postpone(transaction: Transaction, outbox_id: int, due_ms: int, *, refused: bool) -> None:
    """Record a failed attempt and retry at ``due_ms``. ``refused``: Discord was reached and refused."""
    await transaction.change(
        "UPDATE outbox SET attempts = attempts + 1, refused = refused + ?, due_ms = ? WHERE outbox_id = ?",
        int(refused),
        due_ms,
        outbox_id,
    )


async def mark_not_handed_over(transaction: Transaction, outbox_id: int) -> None:
    """Record that a hand-over failed, so that other results come first at the next command."""
    await transaction.change(
        "UPDATE outbox SET attempts = attempts + 1 WHERE outbox_id = ? AND state = 'kept'", outbox_id
    )


async def _forget_tokens(transaction: Transaction, outbox_id: int) -> None:
    await transaction.change(
        "DELETE FROM replies WHERE job_id = (SELECT job_id FROM outbox WHERE outbox_id = ?)", outbox_id
    )
    await transaction.change(
        "DELETE FROM hand_overs WHERE job_id = (SELECT job_id FROM outbox WHERE outbox_id = ?)", outbox_id
    )


def _row(row: Row) -> OutboxRow:
    return OutboxRow(
        row["outbox_id"],
        row["job_id"],
        row["server_id"],
        OutboxState(row["state"]),
        row["attempts"],
        row["refused"],
        row["due_ms"],
        row["nonce"],
        row["posting_after"],
    )
