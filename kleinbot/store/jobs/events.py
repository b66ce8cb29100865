"""Accepted events. Discord may send an event several times; only the first one changes anything.

Discord's API reference says so under "Consistency" and asks clients to be idempotent.
"""

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.errors import Code, Refusal, RepeatedEvent
from kleinbot.domain.people import Actor
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.members import erasures

KEPT_MS = 2 * DAY_MS
FORGOTTEN_AT_ONCE = 20
"""Old rows that each accepted event deletes at most; it adds only one, so rows do not accumulate."""


async def accept(transaction: Transaction, actor: Actor, now_ms: int) -> None:
    """Record the actor's event in the transaction of its change. Does nothing for an actor without one.

    Raises RepeatedEvent if it was accepted before, and Refusal BEING_ERASED while everything about the actor
    is being deleted, so that nothing new begins. The caller's whole transaction is then rolled back.
    """
    if actor.event_id is None:
        return
    if await erasures.is_begun(transaction, actor.member_id):
        raise Refusal(Code.BEING_ERASED)
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
    """Return whether an event was accepted, by this process or an earlier one."""
    return await reader.one("SELECT 1 FROM accepted_events WHERE event_id = ?", event_id) is not None
