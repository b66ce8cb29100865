"""What a member may still spend: the rest of a limit in a rolling window, plus grants.

The allowance is spent first, because its unused rest is lost anyway and its spent part returns. Grants follow
in the order in which they expire. One image may be paid from several balances.

A person is also bounded over all servers: by the owner's number, or by what a single server gives them if
that is more. One server's resets and grants do not change that bound. Only the person sees it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kleinbot.domain.clock import HOUR_MS, MS_PER_S
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import TENTHS
from kleinbot.domain.people import MemberKey
from kleinbot.domain.quota import EverywhereSpending, Fund, Grant, LimitSource, Spending
from kleinbot.store.database import Reader
from kleinbot.store.members import grants, ledger, members
from kleinbot.store.members.members import Standing

MOST_FACTOR = 10
"""By default, a server's admins may give one member up to ten times the owner's default limit. That leaves
room for special members; the server's share of the GPU bounds the effect on other servers."""


EVERYWHERE_FACTOR = 3
"""By default, a person may spend three times the owner's default limit over all servers."""


@dataclass(frozen=True)
class Limit:
    """The allowance per window and whose rule sets it. ``most_tenths``: the owner's bound for it."""

    tenths: int
    source: LimitSource
    most_tenths: int


@dataclass(frozen=True)
class QuotaRule:
    """The owner's default: ``limit_tenths`` of a picture in any ``window_ms``.

    ``everywhere_tenths``: what one person may spend over all servers; None: a multiple of the default.
    """

    limit_tenths: int
    window_ms: int
    everywhere_tenths: int | None = None

    @property
    def most_everywhere_tenths(self) -> int:
        given = self.everywhere_tenths
        return self.limit_tenths * EVERYWHERE_FACTOR if given is None else given

    def most_tenths(self, server_most_tenths: int | None) -> int:
        """Return the most that one member may be given in a server; None: the owner set nothing for it."""
        return self.limit_tenths * MOST_FACTOR if server_most_tenths is None else server_most_tenths

    def limit_of(self, standing: Standing) -> Limit:
        """Return the limit that applies: the member's own, else the server's, else the owner's."""
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
    """``tenths`` of the allowance return at ``at_ms``."""

    at_ms: int
    tenths: int


class _Sums:
    """Answers how much was spent after a moment, with a binary search over cumulative sums."""

    def __init__(self, moments_ms: Sequence[int], tenths: Sequence[int]) -> None:
        self._moments_ms = moments_ms
        self._after = [0]
        for each in reversed(tenths):
            self._after.append(self._after[-1] + each)
        self._after.reverse()

    def after(self, since_ms: int) -> int:
        return self._after[bisect_right(self._moments_ms, since_ms)]


@dataclass(frozen=True)
class Everywhere:
    """What a person spent over all servers in the window, oldest first, and the most that they may spend."""

    most_tenths: int
    spendings: tuple[EverywhereSpending, ...]

    def spent_after(self, since_ms: int) -> int:
        return self._all.after(since_ms)

    def left_of(self, here_tenths: int, since_ms: int) -> int:
        """Return how much of one server's remaining quota the person may spend.

        A single server's quota is never cut by the bound itself; only spending elsewhere reduces it.
        """
        elsewhere = self._elsewhere.after(since_ms)
        left = max(self.most_tenths - self.spent_after(since_ms), here_tenths - elsewhere)
        return max(0, min(here_tenths, left))

    @cached_property
    def _all(self) -> _Sums:
        return self._sums([each.tenths for each in self.spendings])

    @cached_property
    def _elsewhere(self) -> _Sums:
        return self._sums([each.tenths - each.here_tenths for each in self.spendings])

    def _sums(self, tenths: Sequence[int]) -> _Sums:
        return _Sums([each.counts_ms for each in self.spendings], tenths)


@dataclass(frozen=True)
class Balance:
    """A member's balance at ``now_ms``: ``spendings`` in the window and ``grants`` that can still be spent.

    ``everywhere`` is None in an admin's view, which excludes other servers.
    """

    limit: Limit
    spendings: tuple[Spending, ...]
    grants: tuple[Grant, ...]
    window_ms: int
    now_ms: int
    everywhere: Everywhere | None = None

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
        """Never negative: a lowered limit does not reduce grants."""
        return self._left_at(self.now_ms)

    @property
    def here_tenths(self) -> int:
        """What is left by this server's rules alone."""
        return self._here_at(self.now_ms)

    @property
    def is_bounded_everywhere(self) -> bool:
        """Whether the bound over all servers leaves less than this server does."""
        return self.left_tenths < self.here_tenths

    @property
    def spent_everywhere_tenths(self) -> int:
        return 0 if self.everywhere is None else self.everywhere.spent_after(self.now_ms - self.window_ms)

    @property
    def funds(self) -> tuple[Fund, ...]:
        """The balances in the order in which they are spent."""
        allowance = Fund(None, self._allowance_at(self.now_ms))
        return (allowance, *(Fund(grant.grant_id, grant.left_tenths) for grant in self.grants))

    def affordable_at_ms(self, price_tenths: int) -> int | None:
        """Return when ``price_tenths`` will be left if nothing else is spent; None if never."""
        return next((at for at in self._returns_ms() if self._left_at(at) >= price_tenths), None)

    def next_return(self) -> Returning | None:
        """Return when the next part of the allowance returns, and how much; None if nothing will."""
        left = self._allowance_at(self.now_ms)
        later = ((at, self._allowance_at(at) - left) for at in self._returns_ms())
        return next((Returning(at, tenths) for at, tenths in later if tenths > 0), None)

    def _returns_ms(self) -> list[int]:
        everywhere = () if self.everywhere is None else self.everywhere.spendings
        moments_ms = {each.counts_ms for each in self.spendings} | {each.counts_ms for each in everywhere}
        return [moment_ms + self.window_ms for moment_ms in sorted(moments_ms)]

    def _left_at(self, at_ms: int) -> int:
        here = self._here_at(at_ms)
        return here if self.everywhere is None else self.everywhere.left_of(here, at_ms - self.window_ms)

    def _here_at(self, at_ms: int) -> int:
        granted = sum(grant.left_tenths for grant in self.grants if grant.expires_ms > at_ms)
        return self._allowance_at(at_ms) + granted

    def _allowance_at(self, at_ms: int) -> int:
        return max(0, self.limit.tenths - self._spent.after(at_ms - self.window_ms))

    @cached_property
    def _spent(self) -> _Sums:
        return _Sums([each.counts_ms for each in self.spendings], [each.tenths for each in self.spendings])


async def balance(reader: Reader, member: MemberKey, rule: QuotaRule, now_ms: int) -> Balance:
    """Return ``member``'s present balance in their server, as its admins see it."""
    return Balance(
        rule.limit_of(await members.standing(reader, member)),
        await ledger.spendings(reader, member, now_ms - rule.window_ms),
        await grants.alive(reader, member, now_ms),
        rule.window_ms,
        now_ms,
    )


async def own_balance(reader: Reader, member: MemberKey, rule: QuotaRule, now_ms: int) -> Balance:
    """Return ``member``'s balance as the person sees it, bounded by their spending in other servers."""
    spendings = await ledger.spendings_everywhere(reader, member, now_ms - rule.window_ms)
    here = await balance(reader, member, rule, now_ms)
    return replace(here, everywhere=Everywhere(rule.most_everywhere_tenths, spendings))


async def require(
    reader: Reader, member: MemberKey, rule: QuotaRule, price_tenths: int, now_ms: int
) -> Balance:
    """Return the person's balance before ``price_tenths`` is paid.

    Raises Refusal QUOTA_EXHAUSTED if it does not suffice, and QUOTA_EVERYWHERE, which names no server, if
    only the bound over all servers prevents it.
    """
    found = await own_balance(reader, member, rule, now_ms)
    if found.left_tenths >= price_tenths:
        return found
    returns_ms = found.affordable_at_ms(price_tenths)
    if found.here_tenths >= price_tenths:
        raise Refusal(
            Code.QUOTA_EVERYWHERE,
            spent=pictures(found.spent_everywhere_tenths),
            most=pictures(rule.most_everywhere_tenths),
            hours=rule.window_ms // HOUR_MS,
            needed=pictures(price_tenths),
            returns_s=-(-returns_ms // MS_PER_S) if returns_ms is not None else 0,
        )
    raise Refusal(
        Code.QUOTA_EXHAUSTED,
        left=pictures(found.left_tenths),
        limit=pictures(found.limit_tenths + found.granted_tenths),
        needed=pictures(price_tenths),
        returns_s=-(-returns_ms // MS_PER_S) if returns_ms is not None else 0,
    )


def pictures(tenths: int) -> int | float:
    """Return tenths as pictures; an int if it is a whole number."""
    return tenths // TENTHS if tenths % TENTHS == 0 else tenths / TENTHS
