"""Hand-overs of undelivered results whose success is uncertain, each with its interaction's message."""

import json
from dataclasses import dataclass

from kleinbot.store.database import Reader, Transaction


@dataclass(frozen=True)
class HandOver:
    """A follow-up message that is edited to show ``positions``. ``token``: its interaction's."""

    application_id: int
    token: str
    message_id: int
    positions: tuple[int, ...]


async def note(transaction: Transaction, job_id: str, server_id: int, hand_over: HandOver) -> None:
    """Record a hand-over before it is sent."""
    await transaction.change(
        "INSERT OR REPLACE INTO hand_overs"
        " (job_id, server_id, application_id, token, message_id, positions)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        job_id,
        server_id,
        hand_over.application_id,
        hand_over.token,
        hand_over.message_id,
        json.dumps(hand_over.positions),
    )


async def of_job(reader: Reader, job_id: str) -> HandOver | None:
    """Return the hand-over that may have shown a job's result without a record of it, or None."""
    row = await reader.one("SELECT * FROM hand_overs WHERE job_id = ?", job_id)
    if row is None:
        return None
    positions = tuple(json.loads(row["positions"]))
    return HandOver(row["application_id"], row["token"], row["message_id"], positions)


async def forget(transaction: Transaction, job_id: str) -> None:
    """Delete a hand-over whose outcome is known; its token is no longer needed."""
    await transaction.change("DELETE FROM hand_overs WHERE job_id = ?", job_id)
