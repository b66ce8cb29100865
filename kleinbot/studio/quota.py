"""What a member may still spend: a limit in a rolling window less what was spent of it, and grants.

The allowance is spent first, since what is left of it is lost anyway and what was spent returns; then the
grants, the one that expires first being spent first. One picture may be paid from several pots.
"""

from dataclasses import dataclass

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import TENTHS
from kleinbot.domain.quota import Fund, Grant, LimitSource, Spending
from kleinbot.store import grants, ledger, members
from kleinbot.store.database import Reader
from kleinbot.store.ledger import Owner
from kleinbot.store.members import Standing

MOST_FACTOR = 10
"""Where the host says nothing, a server's admins may give one member up to ten times the host's default:
room for special members, while the server's share of the card bounds what it does to the others."""


@dataclass(frozen=True)
class Limit:
    """The allowance in any window and whose rule gives it. ``most_tenths``: the host's bound for it."""

    tenths: int
    source: LimitSource
    most_tenths: int


@dataclass(frozen=True)
class QuotaRule:
    """The host's default: ``limit_tenths`` of a picture in any ``window_ms``."""

    limit_tenths: int
    window_ms: int

    def most_tenths(self, server_most_tenths: int | None) -> int:
        """Return what one member may be given in a server for which the host has set this, or nothing."""
        return self.limit_tenths * MOST_FACTOR if server_most_tenths is None else server_most_tenths

    def limit_of(self, standing: Standing) -> Limit:
        """Return the limit that applies: the member's own, else the server's, else the host's."""
        rules = (
            (standing.member_quota_tenths, LimitSource.MEMBER),
            (standing.server_quota_tenths, LimitSource.SERVER),
            (self.limit_tenths, LimitSource.HOST),
        )
        tenths, source = next((tenths, source) for tenths, source in rules if tenths is not None)
        most = self.most_tenths(standing.server_most_tenths)
        return Limit(tenths, source, most) if tenths <= most else Limit(most, LimitSource.MOST, most)


@dataclass(frozen=True)
class Returning:
    """``tenths`` of the allowance come back at ``at_ms``."""

    at_ms: int
    tenths: int


@dataclass(frozen=True)
class Balance:
    """A member's pots at ``now_ms``: ``spendings`` lie in the window, ``grants`` can still be spent."""

    limit: Limit
    spendings: tuple[Spending, ...]
    grants: tuple[Grant, ...]
    window_ms: int
    now_ms: int

    @property
    def limit_tenths(self) -> int:
        return self.limit.tenths

    @property
    def spent_tenths(self) -> int:
        return sum(spending.tenths for spending in self.spendings)

    @property
    def granted_tenths(self) -> int:
        return sum(grant.left_tenths for grant in self.grants)

    @property
    def left_tenths(self) -> int:
        """Never negative: a limit that was lowered takes nothing away from grants."""
        return self._left_at(self.now_ms)

    @property
    def funds(self) -> tuple[Fund, ...]:
        """The pots in the order in which they are spent."""
        allowance = Fund(None, self._allowance_at(self.now_ms))
        return (allowance, *(Fund(grant.grant_id, grant.left_tenths) for grant in self.grants))

    def affordable_at_ms(self, price_tenths: int) -> int | None:
        """Return when ``price_tenths`` will be left if nothing else is spent; None where never."""
        return next((at for at in self._returns_ms() if self._left_at(at) >= price_tenths), None)

    def next_return(self) -> Returning | None:
        """Return when the next of what was spent comes back, and how much; None where nothing will."""
        left = self._allowance_at(self.now_ms)
        later = ((at, self._allowance_at(at) - left) for at in self._returns_ms())
        return next((Returning(at, tenths) for at, tenths in later if tenths > 0), None)

    def _returns_ms(self) -> list[int]:
        return [spending.counts_ms + self.window_ms for spending in self.spendings]

    def _left_at(self, at_ms: int) -> int:
        granted = sum(grant.left_tenths for grant in self.grants if grant.expires_ms > at_ms)
        return self._allowance_at(at_ms) + granted

    def _allowance_at(self, at_ms: int) -> int:
        since_ms = at_ms - self.window_ms
        spent = sum(spending.tenths for spending in self.spendings if spending.counts_ms > since_ms)
        return max(0, self.limit.tenths - spent)


async def balance(reader: Reader, owner: Owner, rule: QuotaRule, now_ms: int) -> Balance:
    """Return ``owner``'s balance now."""
    return Balance(
        rule.limit_of(await members.standing(reader, owner)),
        await ledger.spendings(reader, owner, now_ms - rule.window_ms),
        await grants.alive(reader, owner, now_ms),
        rule.window_ms,
        now_ms,
    )


async def require(reader: Reader, owner: Owner, rule: QuotaRule, price_tenths: int, now_ms: int) -> Balance:
    """Return the balance before ``price_tenths``; raises Refusal QUOTA_EXHAUSTED where it does not reach."""
    found = await balance(reader, owner, rule, now_ms)
    if found.left_tenths >= price_tenths:
        return found
    returns_ms = found.affordable_at_ms(price_tenths)
    raise Refusal(
        Code.QUOTA_EXHAUSTED,
        left=pictures(found.left_tenths),
        limit=pictures(found.limit_tenths + found.granted_tenths),
        needed=pictures(price_tenths),
        returns_s=-(-returns_ms // MS_PER_S) if returns_ms is not None else 0,
    )


def pictures(tenths: int) -> int | float:
    """Return tenths as pictures: a whole number where it is one."""
    return tenths // TENTHS if tenths % TENTHS == 0 else tenths / TENTHS
