"""Which messages show which pictures, and which of them must be removed from Discord."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from kleinbot.store.database import Reader, Transaction
from kleinbot.store.moderation import hidings

_MOST_CHANNELS = 50


class PostedFor(StrEnum):
    """Why a message shows a picture: it is the delivered result, or a member posted it again."""

    DELIVERY = "delivery"
    SHOW = "show"


@dataclass(frozen=True)
class DueRemoval:
    """A message of ours that must be removed."""

    message_id: int
    channel_id: int
    attempts: int


async def note(
    transaction: Transaction,
    job_id: str,
    positions: Iterable[int],
    channel_id: int,
    message_id: int,
    origin: PostedFor,
    now_ms: int,
) -> bool:
    """Record that a message shows pictures.

    Returns False if the job was deleted meanwhile, and the message is queued for removal; or if it was
    hidden, and the message is queued to be edited.
    """
    if await transaction.one("SELECT 1 FROM jobs WHERE job_id = ? AND deleted_ms IS NOT NULL", job_id):
        await remove(transaction, job_id, channel_id, message_id, now_ms)
        return False
    for position in positions:
        await transaction.change(
            "INSERT INTO posted_images"
            " (message_id, position, job_id, server_id, channel_id, origin, posted_ms)"
            " SELECT ?, position, job_id, server_id, ?, ?, ? FROM images WHERE job_id = ? AND position = ?"
            " ON CONFLICT DO NOTHING",
            message_id, channel_id, origin, now_ms, job_id, position,
        )  # fmt: skip
    return not await hidings.refresh_if_hidden(transaction, job_id, message_id, now_ms)


async def channels(reader: Reader, job_id: str) -> list[int]:
    """Return the channels that show a job, at most ``_MOST_CHANNELS``."""
    rows = await reader.all(
        "SELECT DISTINCT channel_id FROM posted_images WHERE job_id = ? LIMIT ?", job_id, _MOST_CHANNELS
    )
    return [row[0] for row in rows]


async def is_known(reader: Reader, message_id: int) -> bool:
    """Return whether a row records what a message shows."""
    return await reader.one("SELECT 1 FROM posted_images WHERE message_id = ?", message_id) is not None


async def shown_in(reader: Reader, message_id: int) -> tuple[int, ...]:
    """Return the positions of the images that a message shows."""
    rows = await reader.all(
        "SELECT position FROM posted_images WHERE message_id = ? ORDER BY position", message_id
    )
    return tuple(row[0] for row in rows)


async def job_shown_in(reader: Reader, message_id: int) -> str | None:
    """Return the id of the job whose pictures a message shows; None if no row says so."""
    row = await reader.one("SELECT job_id FROM posted_images WHERE message_id = ? LIMIT 1", message_id)
    return None if row is None else row[0]


async def delivered(reader: Reader, job_id: str) -> dict[int, int]:
    """Return the message that delivered each picture of a job, by position."""
    rows = await reader.all(
        "SELECT position, MIN(message_id) FROM posted_images WHERE job_id = ? AND origin = 'delivery'"
        " GROUP BY position",
        job_id,
    )
    return {row[0]: row[1] for row in rows}


async def remove(
    transaction: Transaction, job_id: str, channel_id: int, message_id: int, now_ms: int
) -> None:
    """Queue one message of a job for removal. Idempotent."""
    await transaction.change(
        "INSERT INTO removals (message_id, channel_id, server_id, due_ms)"
        " SELECT ?, ?, server_id, ? FROM jobs WHERE job_id = ? ON CONFLICT DO NOTHING",
        message_id, channel_id, now_ms, job_id,
    )  # fmt: skip


async def remove_all(transaction: Transaction, job_id: str, now_ms: int) -> None:
    """Queue every message that shows pictures of a job for removal."""
    await transaction.change(
        "INSERT INTO removals (message_id, channel_id, server_id, due_ms)"
        " SELECT DISTINCT message_id, channel_id, server_id, ? FROM posted_images WHERE job_id = ?"
        " ON CONFLICT DO NOTHING",
        now_ms,
        job_id,
    )
    await transaction.change("DELETE FROM posted_images WHERE job_id = ?", job_id)


async def due_removals(
    reader: Reader, now_ms: int, *, without: Collection[int], of_channel: int
) -> list[DueRemoval]:
    """Return messages that can be removed now, oldest first, at most ``of_channel`` per channel.

    ``without``: messages being removed. Considers the first 500 due messages.
    """
    rows = await reader.all(
        "SELECT message_id, channel_id, attempts FROM ("
        " SELECT *, ROW_NUMBER() OVER (PARTITION BY channel_id ORDER BY due_ms, message_id) AS place FROM ("
        "  SELECT * FROM removals WHERE due_ms <= ? AND message_id NOT IN (SELECT value FROM json_each(?))"
        "  ORDER BY due_ms LIMIT 500))"
        " WHERE place <= ? ORDER BY due_ms, message_id",
        now_ms,
        json.dumps(sorted(without)),
        of_channel,
    )
    return [DueRemoval(row[0], row[1], row[2]) for row in rows]


async def next_removal_ms(reader: Reader, after_ms: int) -> int | None:
    """Return when the next removal becomes due after ``after_ms``, or None."""
    row = await reader.one("SELECT MIN(due_ms) FROM removals WHERE due_ms > ?", after_ms)
    return None if row is None else row[0]


async def removed(transaction: Transaction, message_id: int) -> None:
    """Record that a message is removed or can never be reached."""
    await transaction.change("DELETE FROM removals WHERE message_id = ?", message_id)


async def postpone_removal(transaction: Transaction, message_id: int, due_ms: int) -> None:
    """Record a failed attempt and retry at ``due_ms``."""
    await transaction.change(
        "UPDATE removals SET attempts = attempts + 1, due_ms = ? WHERE message_id = ?", due_ms, message_id
    )
