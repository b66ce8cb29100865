"""Which messages show which pictures, and which of them are to be removed from Discord."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from kleinbot.store.database import Reader, Transaction

_CHANNELS_LOOKED_AT = 50


class PostedFor(StrEnum):
    """Why a message shows a picture: it is the delivered result, or somebody had it shown again."""

    DELIVERY = "delivery"
    SHOW = "show"


@dataclass(frozen=True)
class DueRemoval:
    """A message of ours that is to go."""

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
    """Note that a message shows pictures.

    False where the job was deleted meanwhile: then the message is to be removed at once.
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
    return True


async def channels(reader: Reader, job_id: str) -> list[int]:
    """Return in which channels a job is shown: some, where it is shown in very many."""
    rows = await reader.all(
        "SELECT DISTINCT channel_id FROM posted_images WHERE job_id = ? LIMIT ?", job_id, _CHANNELS_LOOKED_AT
    )
    return [row[0] for row in rows]


async def is_known(reader: Reader, message_id: int) -> bool:
    """Tell whether a row says what a message shows."""
    return await reader.one("SELECT 1 FROM posted_images WHERE message_id = ?", message_id) is not None


async def delivered(reader: Reader, job_id: str) -> dict[int, int]:
    """Return the message in which each picture of a job was delivered, by its position."""
    rows = await reader.all(
        "SELECT position, MIN(message_id) FROM posted_images WHERE job_id = ? AND origin = 'delivery'"
        " GROUP BY position",
        job_id,
    )
    return {row[0]: row[1] for row in rows}


async def remove(
    transaction: Transaction, job_id: str, channel_id: int, message_id: int, now_ms: int
) -> None:
    """Ask for one message of a job to be removed; asking again changes nothing."""
    await transaction.change(
        "INSERT INTO removals (message_id, channel_id, server_id, due_ms)"
        " SELECT ?, ?, server_id, ? FROM jobs WHERE job_id = ? ON CONFLICT DO NOTHING",
        message_id, channel_id, now_ms, job_id,
    )  # fmt: skip


async def remove_all(transaction: Transaction, job_id: str, now_ms: int) -> None:
    """Ask for every message that shows pictures of a job to be removed."""
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
    """Return messages that can be removed now, oldest first, ``of_channel`` of each channel at most.

    ``without`` are messages whose removal is under way. Looks at the first 500 that are due.
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
    """Return when the first removal becomes due that is not due at ``after_ms``, or None."""
    row = await reader.one("SELECT MIN(due_ms) FROM removals WHERE due_ms > ?", after_ms)
    return None if row is None else row[0]


async def removed(transaction: Transaction, message_id: int) -> None:
    """Note that a message has gone, or can never be reached."""
    await transaction.change("DELETE FROM removals WHERE message_id = ?", message_id)


async def postpone_removal(transaction: Transaction, message_id: int, due_ms: int) -> None:
    """Note a failed attempt; try again at ``due_ms``."""
    await transaction.change(
        "UPDATE removals SET attempts = attempts + 1, due_ms = ? WHERE message_id = ?", due_ms, message_id
    )
