"""Brings back what a clock that was ahead has stamped: else that is due, or spent, until those dates."""

from dataclasses import dataclass

from kleinbot.domain.clock import MS_PER_S
from kleinbot.store.database import Reader, Transaction
from kleinbot.store.members import grants, ledger

AHEAD_MS = 10 * 60 * MS_PER_S
"""What is stamped so much later than now was stamped by a clock that was ahead.

Twice as long as anything of ours is ever put off, and more than a clock in use is corrected by.
"""

_DISCORD_EPOCH_MS = 1_420_070_400_000
_STAMPS = (
    "UPDATE outbox SET due_ms = ? WHERE state IN ('pending', 'posting') AND due_ms > ?",
    "UPDATE removals SET due_ms = ? WHERE due_ms > ?",
    # Else the button that was pressed would be taken for pressed just now until that date.
    "UPDATE presses SET pressed_ms = ? WHERE pressed_ms > ?",
)


@dataclass(frozen=True)
class BroughtBack:
    """How many rows: what is to be done, ledger entries of spendings, grants that had expired too early.

    ``granted``: grants that a clock ahead has made, which would last that much longer.
    """

    due: int = 0
    spendings: int = 0
    grants: int = 0
    granted: int = 0

    def __bool__(self) -> bool:
        return bool(self.due or self.spendings or self.grants or self.granted)


async def bring_back(transaction: Transaction, now_ms: int) -> BroughtBack:
    """Bring back to now what is stamped later than ``AHEAD_MS`` after ``now_ms``, and say how much that was.

    Nothing where Discord's own time shows that the clock is behind: the stamps are right then.
    """
    after_ms = now_ms + AHEAD_MS
    if await _newest_message_ms(transaction) > after_ms:
        return BroughtBack()
    return BroughtBack(
        sum([await transaction.change(stamps, now_ms, after_ms) for stamps in _STAMPS]),
        await ledger.bring_back(transaction, after_ms, now_ms),
        await ledger.revive(transaction, after_ms, now_ms),
        await grants.bring_back(transaction, after_ms, now_ms),
    )


async def _newest_message_ms(reader: Reader) -> int:
    """Return when Discord took our newest message: identifiers carry it (its documentation, "Snowflakes")."""
    return (await reader.number("SELECT MAX(message_id) FROM posted_images") >> 22) + _DISCORD_EPOCH_MS
