"""Repairs timestamps written while the system clock ran ahead; otherwise those rows wait until that date."""

from dataclasses import dataclass

from kleinbot.domain.clock import MS_PER_S
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.members import grants, ledger

AHEAD_MS = 10 * 60 * MS_PER_S
"""A timestamp this far in the future was written while the clock ran ahead.

Twice our longest postponement, and more than the usual correction of a running clock.
"""

_DISCORD_EPOCH_MS = 1_420_070_400_000
_UPDATES = (
    "UPDATE outbox SET due_ms = ? WHERE state IN ('pending', 'posting') AND due_ms > ?",
    "UPDATE removals SET due_ms = ? WHERE due_ms > ?",
    "UPDATE refreshes SET due_ms = ? WHERE due_ms > ?",
    "UPDATE report_cases SET post_due_ms = ? WHERE post_state IN ('due', 'posting') AND post_due_ms > ?",
    # Otherwise each press of that button counts as a repeated press until that date.
    "UPDATE presses SET pressed_ms = ? WHERE pressed_ms > ?",
)


@dataclass(frozen=True)
class RepairedRows:
    """The number of repaired rows: due times, ledger entries of spendings, grants that expired too early.

    ``granted``: grants made while the clock ran ahead, which would otherwise last too long.
    """

    due: int = 0
    spendings: int = 0
    grants: int = 0
    granted: int = 0

    def __bool__(self) -> bool:
        return bool(self.due or self.spendings or self.grants or self.granted)


async def repair(transaction: Transaction, now_ms: int) -> RepairedRows:
    """Reset timestamps more than ``AHEAD_MS`` after ``now_ms`` to now, and return how many there were.

    Does nothing if Discord's own time shows that the clock is behind, since the timestamps are right then.
    """
    after_ms = now_ms + AHEAD_MS
    if await _newest_message_ms(transaction) > after_ms:
        return RepairedRows()
    return RepairedRows(
        sum([await transaction.change(update, now_ms, after_ms) for update in _UPDATES]),
        await ledger.restamp(transaction, after_ms, now_ms),
        await ledger.restore_expired(transaction, after_ms, now_ms),
        await grants.restamp(transaction, after_ms, now_ms),
    )


async def _newest_message_ms(reader: Reader) -> int:
    """Return the time of our newest message, from its id (Discord's documentation, "Snowflakes")."""
    return (await reader.number("SELECT MAX(message_id) FROM posted_images") >> 22) + _DISCORD_EPOCH_MS
