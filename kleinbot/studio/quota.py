"""What a member may still spend: a limit in a rolling window, less what the ledger says is spent."""

from dataclasses import dataclass

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import TENTHS
from kleinbot.store import ledger, members
from kleinbot.store.database import Reader
from kleinbot.store.ledger import Owner


@dataclass(frozen=True)
class QuotaRule:
    """The host's default: ``limit_tenths`` of a picture in any ``window_ms``."""

    limit_tenths: int
    window_ms: int


@dataclass(frozen=True)
class Balance:
    limit_tenths: int
    spent_tenths: int

    @property
    def left_tenths(self) -> int:
        return max(0, self.limit_tenths - self.spent_tenths)


async def balance(reader: Reader, owner: Owner, rule: QuotaRule, now_ms: int) -> Balance:
    """Return ``owner``'s balance now: the member's own limit, else the server's, else the host's."""
    standing = await members.standing(reader, owner)
    limits = (standing.member_quota_tenths, standing.server_quota_tenths, rule.limit_tenths)
    limit = next(limit for limit in limits if limit is not None)
    spent = await ledger.spent_tenths(reader, owner, now_ms - rule.window_ms)
    return Balance(limit, spent)


async def require(reader: Reader, owner: Owner, rule: QuotaRule, price_tenths: int, now_ms: int) -> Balance:
    """Return the balance after ``price_tenths``; raises Refusal QUOTA_EXHAUSTED where it does not reach."""
    found = await balance(reader, owner, rule, now_ms)
    missing = found.spent_tenths + price_tenths - found.limit_tenths
    if missing <= 0:
        return Balance(found.limit_tenths, found.spent_tenths + price_tenths)
    returns_ms = None
    if price_tenths <= found.limit_tenths:
        since_ms = now_ms - rule.window_ms
        returns_ms = await ledger.affordable_at_ms(reader, owner, since_ms, missing, rule.window_ms)
    raise Refusal(
        Code.QUOTA_EXHAUSTED,
        left=pictures(found.left_tenths),
        limit=pictures(found.limit_tenths),
        needed=pictures(price_tenths),
        returns_s=-(-returns_ms // MS_PER_S) if returns_ms is not None else 0,
    )


def pictures(tenths: int) -> int | float:
    """Return tenths as pictures: a whole number where it is one."""
    return tenths // TENTHS if tenths % TENTHS == 0 else tenths / TENTHS
