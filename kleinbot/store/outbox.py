"""What is to be told to Discord: one row for each ended job, drained by ``chat.delivery``."""

from dataclasses import dataclass
from enum import StrEnum

from kleinbot.store.database import Reader, Row, Transaction
from kleinbot.store.ledger import Owner


class OutboxState(StrEnum):
    PENDING = "pending"
    POSTING = "posting"
    """A channel message may have been sent: the nonce decides whether a second POST makes a second one."""
    KEPT = "kept"
    """No way is open; it is handed over at the member's next command."""
    SENT = "sent"


class Way(StrEnum):
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
    due_ms: int
    nonce: str


async def put(transaction: Transaction, job_id: str, now_ms: int) -> None:
    """Ask for an ended job to be told. The nonce is at most 25 characters, as Discord wants it."""
    await transaction.change(
        "INSERT INTO outbox (job_id, server_id, member_id, state, due_ms, nonce)"
        " SELECT job_id, server_id, member_id, 'pending', ?, substr(job_id, 1, 25) FROM jobs"
        " WHERE job_id = ?",
        now_ms,
        job_id,
    )


async def due(reader: Reader, now_ms: int) -> list[OutboxRow]:
    """Return what can be told now, oldest first."""
    rows = await reader.all(
        "SELECT * FROM outbox WHERE state IN ('pending', 'posting') AND due_ms <= ?"
        " ORDER BY due_ms, outbox_id",
        now_ms,
    )
    return [_row(row) for row in rows]


async def next_due(reader: Reader, most: int) -> list[tuple[int, int]]:
    """Return the ids of the ``most`` rows that are due first, and when."""
    rows = await reader.all(
        "SELECT outbox_id, due_ms FROM outbox WHERE state IN ('pending', 'posting') ORDER BY due_ms LIMIT ?",
        most,
    )
    return [(row[0], row[1]) for row in rows]


async def undelivered(reader: Reader, outbox_id: int) -> OutboxRow | None:
    """Return a row that is still to be told, or None."""
    row = await reader.one(
        "SELECT * FROM outbox WHERE outbox_id = ? AND state IN ('pending', 'posting')", outbox_id
    )
    return None if row is None else _row(row)


async def kept_for(reader: Reader, owner: Owner) -> list[OutboxRow]:
    """Return what could not be delivered to ``owner`` and waits for their next command, oldest first."""
    rows = await reader.all(
        "SELECT * FROM outbox WHERE state = 'kept' AND server_id = ? AND member_id = ? ORDER BY outbox_id",
        owner.server_id,
        owner.member_id,
    )
    return [_row(row) for row in rows]


async def mark_posting(transaction: Transaction, outbox_id: int) -> None:
    """Note, before a channel message is sent, that it may have been."""
    await transaction.change(
        "UPDATE outbox SET state = 'posting' WHERE outbox_id = ? AND state = 'pending'", outbox_id
    )


async def mark_sent(
    transaction: Transaction, outbox_id: int, way: Way, channel_id: int, message_id: int, now_ms: int
) -> None:
    """Note where the result stands; the reply's token is no longer needed and is removed."""
    await transaction.change(
        "UPDATE outbox SET state = 'sent', way = ?, channel_id = ?, message_id = ?, sent_ms = ?"
        " WHERE outbox_id = ?",
        way,
        channel_id,
        message_id,
        now_ms,
        outbox_id,
    )
    await _forget_reply(transaction, outbox_id)


async def mark_unneeded(transaction: Transaction, outbox_id: int, now_ms: int) -> None:
    """Note that nobody has to be told: no picture exists and whoever cancelled knows."""
    await transaction.change(
        "UPDATE outbox SET state = 'sent', way = 'unneeded', sent_ms = ? WHERE outbox_id = ?",
        now_ms,
        outbox_id,
    )
    await _forget_reply(transaction, outbox_id)


async def mark_kept(transaction: Transaction, outbox_id: int) -> None:
    """Note that no way is open."""
    await transaction.change(
        "UPDATE outbox SET state = 'kept' WHERE outbox_id = ? AND state IN ('pending', 'posting')", outbox_id
    )
    await _forget_reply(transaction, outbox_id)


async def postpone(transaction: Transaction, outbox_id: int, due_ms: int) -> None:
    """Note a failed attempt; try again at ``due_ms``."""
    await transaction.change(
        "UPDATE outbox SET attempts = attempts + 1, due_ms = ? WHERE outbox_id = ?", due_ms, outbox_id
    )


async def _forget_reply(transaction: Transaction, outbox_id: int) -> None:
    await transaction.change(
        "DELETE FROM replies WHERE job_id = (SELECT job_id FROM outbox WHERE outbox_id = ?)", outbox_id
    )


def _row(row: Row) -> OutboxRow:
    return OutboxRow(
        row["outbox_id"],
        row["job_id"],
        row["server_id"],
        OutboxState(row["state"]),
        row["attempts"],
        row["due_ms"],
        row["nonce"],
    )
