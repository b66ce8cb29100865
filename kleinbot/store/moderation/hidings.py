"""Hidden results, and the messages to be edited because a result was hidden or is shown again."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from kleinbot.domain.moderation.reports import Hiding
from kleinbot.store.database import Reader, Row, Transaction
from kleinbot.store.showcase import publications


@dataclass(frozen=True)
class DueRefresh:
    """A message of ours that has to show what its result is now."""

    message_id: int
    channel_id: int
    server_id: int
    job_id: str
    attempts: int
    version: int


async def of_job(reader: Reader, job_id: str) -> Hiding | None:
    """Return how a result is hidden, or None."""
    row = await reader.one("SELECT * FROM hidings WHERE job_id = ?", job_id)
    return None if row is None else _hiding(row)


async def put(transaction: Transaction, hiding: Hiding) -> None:
    """Hide a result, or hide it otherwise, and have its messages edited."""
    await transaction.change(
        "INSERT OR REPLACE INTO hidings (job_id, server_id, reason, words, hidden_by, hidden_ms, until_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        hiding.job_id, hiding.server_id, hiding.reason, hiding.words, hiding.hidden_by, hiding.hidden_ms,
        hiding.until_ms,
    )  # fmt: skip
    await refresh_all(transaction, hiding.job_id, hiding.hidden_ms)
    await publications.hide_of_job(transaction, hiding.job_id, hiding.hidden_ms)


async def end(transaction: Transaction, job_id: str, now_ms: int) -> bool:
    """Show a result again, and have its messages edited. Returns False if it was not hidden."""
    if not await transaction.change("DELETE FROM hidings WHERE job_id = ?", job_id):
        return False
    await refresh_all(transaction, job_id, now_ms)
    await publications.show_of_job(transaction, job_id, now_ms)
    return True


async def keep(transaction: Transaction, job_id: str) -> None:
    """Let a hiding no longer end by itself."""
    await transaction.change("UPDATE hidings SET until_ms = NULL WHERE job_id = ?", job_id)


async def ended(reader: Reader, now_ms: int, most: int) -> list[Hiding]:
    """Return hidings whose end has passed."""
    rows = await reader.all(
        "SELECT * FROM hidings WHERE until_ms <= ? ORDER BY until_ms LIMIT ?", now_ms, most
    )
    return [_hiding(row) for row in rows]


async def next_end_ms(reader: Reader, after_ms: int) -> int | None:
    """Return when the next hiding ends by itself after ``after_ms``, or None."""
    row = await reader.one("SELECT MIN(until_ms) FROM hidings WHERE until_ms > ?", after_ms)
    return None if row is None else row[0]


async def refresh_all(transaction: Transaction, job_id: str, now_ms: int) -> None:
    """Have every recorded message of a result edited."""
    await transaction.change(
        "INSERT INTO refreshes (message_id, channel_id, server_id, job_id, due_ms)"
        " SELECT DISTINCT message_id, channel_id, server_id, job_id, ? FROM posted_images WHERE job_id = ?"
        " ON CONFLICT DO UPDATE SET due_ms = excluded.due_ms, attempts = 0, version = version + 1",
        now_ms,
        job_id,
    )


async def refresh_if_hidden(transaction: Transaction, job_id: str, message_id: int, now_ms: int) -> bool:
    """Have a message edited whose result was hidden while it was sent; return whether it was."""
    changed = await transaction.change(
        "INSERT INTO refreshes (message_id, channel_id, server_id, job_id, due_ms)"
        " SELECT DISTINCT p.message_id, p.channel_id, p.server_id, p.job_id, ?"
        " FROM posted_images p CROSS JOIN hidings h ON h.job_id = p.job_id"
        " WHERE p.message_id = ? AND p.job_id = ?"
        " ON CONFLICT DO UPDATE SET due_ms = excluded.due_ms, attempts = 0, version = version + 1",
        now_ms,
        message_id,
        job_id,
    )
    return changed > 0


async def due_refreshes(
    reader: Reader, now_ms: int, *, without: Collection[int], of_channel: int
) -> list[DueRefresh]:
    """Return messages that can be edited now, oldest first, at most ``of_channel`` per channel.

    ``without``: messages being edited. Considers the first 500 due messages.
    """
    rows = await reader.all(
        "SELECT message_id, channel_id, server_id, job_id, attempts, version FROM ("
        " SELECT *, ROW_NUMBER() OVER (PARTITION BY channel_id ORDER BY due_ms, message_id) AS place FROM ("
        "  SELECT * FROM refreshes WHERE due_ms <= ? AND message_id NOT IN (SELECT value FROM json_each(?))"
        "  ORDER BY due_ms LIMIT 500))"
        " WHERE place <= ? ORDER BY due_ms, message_id",
        now_ms,
        json.dumps(sorted(without)),
        of_channel,
    )
    return [DueRefresh(*row) for row in rows]


async def next_refresh_ms(reader: Reader, after_ms: int) -> int | None:
    """Return when the next message becomes due after ``after_ms``, or None."""
    row = await reader.one("SELECT MIN(due_ms) FROM refreshes WHERE due_ms > ?", after_ms)
    return None if row is None else row[0]


async def refreshed(transaction: Transaction, row: DueRefresh) -> None:
    """Record that a message was edited or can never be; what was asked for meanwhile stays due."""
    await transaction.change(
        "DELETE FROM refreshes WHERE message_id = ? AND version = ?", row.message_id, row.version
    )


async def postpone_refresh(transaction: Transaction, message_id: int, due_ms: int) -> None:
    """Record a failed attempt and retry at ``due_ms``."""
    await transaction.change(
        "UPDATE refreshes SET attempts = attempts + 1, due_ms = ? WHERE message_id = ?", due_ms, message_id
    )


def _hiding(row: Row) -> Hiding:
    return Hiding(
        row["job_id"],
        row["server_id"],
        row["reason"],
        row["words"],
        row["hidden_by"],
        row["hidden_ms"],
        row["until_ms"],
    )
