"""Accepted events: Discord may send an event up to N times, and only the first changes anything.

So says its API reference under "Consistency", and asks clients to be idempotent.
"""

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.errors import RepeatedEvent
from kleinbot.domain.people import Actor
from kleinbot.store.database import Reader, Transaction

KEPT_MS = 2 * DAY_MS
FORGOTTEN_AT_ONCE = 20
"""Of older rows; each accepted event adds one and removes up to so many, so they never pile up."""


async def accept(transaction: Transaction, actor: Actor, now_ms: int) -> None:
    """Note the event by which ``actor`` acts, beside what it changes. An actor without one passes.

    Raises RepeatedEvent where it was accepted before: the caller's transaction is then rolled back whole.
    """
    if actor.event_id is None:
        return
    await transaction.change(
        "DELETE FROM accepted_events WHERE event_id IN"
        " (SELECT event_id FROM accepted_events WHERE accepted_ms <= ? ORDER BY accepted_ms LIMIT ?)",
        now_ms - KEPT_MS,
        FORGOTTEN_AT_ONCE,
    )
    inserted = await transaction.change(
        "INSERT INTO accepted_events (event_id, server_id, member_id, accepted_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        actor.event_id,
        actor.server_id,
        actor.member_id,
        now_ms,
    )
    if not inserted:
        raise RepeatedEvent(actor.event_id)


async def is_accepted(reader: Reader, event_id: int) -> bool:
    """Tell whether an event was accepted, by this process or an earlier one."""
    return await reader.one("SELECT 1 FROM accepted_events WHERE event_id = ?", event_id) is not None
