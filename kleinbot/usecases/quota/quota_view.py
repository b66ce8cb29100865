"""A member's quota statement: the balance, its rule and the latest changes."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from kleinbot.domain.clock import Clock
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import LedgerEntry
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, DatabaseBusyError, Reader
from kleinbot.store.members import ledger, members
from kleinbot.usecases.quota import quota
from kleinbot.usecases.quota.quota import NO_ROLES, Balance, QuotaRule

LAST_ENTRIES = 5


BalanceOf = Callable[[Reader, MemberKey, QuotaRule, int, frozenset[int]], Awaitable[Balance]]


@dataclass(frozen=True)
class Statement:
    """A member's balance and its latest changes, newest first. ``weight``: their weight in the queue."""

    member: MemberKey
    weight: float
    balance: Balance
    entries: tuple[LedgerEntry, ...]


async def statement(
    database: Database,
    member: MemberKey,
    rule: QuotaRule,
    now_ms: int,
    most_entries: int = LAST_ENTRIES,
    balance_of: BalanceOf = quota.balance,
    role_ids: frozenset[int] = NO_ROLES,
) -> Statement:
    """Return ``member``'s statement. Expired grants are written off first, so that it lists them.

    ``role_ids``: the member's roles; a member who left the server has none.

    Nothing else is written. If the database is busy, the next call writes them off.
    """
    read = database.read
    if await ledger.has_expired(read, member, now_ms):
        with suppress(DatabaseBusyError):
            async with database.transaction(MEMBER_TIMEOUT_S) as transaction:
                await ledger.expire(transaction, member, now_ms)
    return Statement(
        member,
        (await members.standing(read, member)).member_weight,
        await balance_of(read, member, rule, now_ms, role_ids),
        await ledger.history(read, member, most_entries),
    )


class QuotaView:
    """Shows members their own statement."""

    def __init__(self, database: Database, rule: QuotaRule, clock: Clock) -> None:
        self._database = database
        self._rule = rule
        self._clock = clock

    async def mine(self, actor: Actor) -> Statement:
        now_ms = self._clock.now_ms()
        return await statement(
            self._database, actor.member, self._rule, now_ms,
            balance_of=quota.own_balance, role_ids=actor.role_ids,
        )  # fmt: skip
