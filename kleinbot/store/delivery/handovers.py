"""Where kept results are being handed over: a message of an interaction, for as long as it is uncertain."""

import json
from dataclasses import dataclass

from kleinbot.store.database import Reader, Transaction


@dataclass(frozen=True)
class Place:
    """A follow-up that is edited to show the pictures at ``positions``. ``token``: its interaction's."""

    application_id: int
    token: str
    message_id: int
    positions: tuple[int, ...]


async def note(transaction: Transaction, job_id: str, server_id: int, place: Place) -> None:
    """Note where a result will be, before it is sent there."""
    await transaction.change(
        "INSERT OR REPLACE INTO hand_overs"
        " (job_id, server_id, application_id, token, message_id, positions)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        job_id,
        server_id,
        place.application_id,
        place.token,
        place.message_id,
        json.dumps(place.positions),
    )


async def of_job(reader: Reader, job_id: str) -> Place | None:
    """Return where a result may have been sent to without a note of it."""
    row = await reader.one("SELECT * FROM hand_overs WHERE job_id = ?", job_id)
    if row is None:
        return None
    positions = tuple(json.loads(row["positions"]))
    return Place(row["application_id"], row["token"], row["message_id"], positions)


async def forget(transaction: Transaction, job_id: str) -> None:
    """Note that it is known what is there; the token is no longer needed."""
    await transaction.change("DELETE FROM hand_overs WHERE job_id = ?", job_id)
