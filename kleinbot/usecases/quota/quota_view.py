"""What a member's quota is, why, and what changed it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from kleinbot.domain.clock import Clock
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import LedgerEntry
from kleinbot.store.database import MEMBER_PATIENCE_S, Database, DatabaseBusyError, Reader
from kleinbot.store.members import ledger, members
from kleinbot.usecases.quota import quota
from kleinbot.usecases.quota.quota import Balance, QuotaRule

LAST_ENTRIES = 5


BalanceOf = Callable[[Reader, MemberKey, QuotaRule, int], Awaitable[Balance]]


@dataclass(frozen=True)
class Statement:
    """A member's balance and what changed it last, newest first. ``weight``: how much they count in line."""

    owner: MemberKey
    weight: float
    balance: Balance
    entries: tuple[LedgerEntry, ...]


async def statement(
    database: Database,
    owner: MemberKey,
    rule: QuotaRule,
    now_ms: int,
    most_entries: int = LAST_ENTRIES,
    balance_of: BalanceOf = quota.balance,
) -> Statement:
    """Return ``owner``'s statement; grants that have expired are written off first, so that it says so.

    Only then is anything written; where the database is busy, that is left to the next look.
    """
    read = database.read
    if await ledger.has_expired(read, owner, now_ms):
        with suppress(DatabaseBusyError):
            async with database.transaction(MEMBER_PATIENCE_S) as transaction:
                await ledger.expire(transaction, owner, now_ms)
    return Statement(
        owner,
        (await members.standing(read, owner)).member_weight,
        await balance_of(read, owner, rule, now_ms),
        await ledger.history(read, owner, most_entries),
    )


class QuotaView:
    """Everybody sees their own."""

    def __init__(self, database: Database, rule: QuotaRule, clock: Clock) -> None:
        self._database = database
        self._rule = rule
        self._clock = clock

    async def mine(self, actor: Actor) -> Statement:
        owner = actor.member
        now_ms = self._clock.now_ms()
        return await statement(self._database, owner, self._rule, now_ms, balance_of=quota.own_balance)
