"""What a member may still spend: the rest of a rule in its rolling windows, plus grants.

The allowance is spent first, because its unused rest is lost anyway and its spent part returns. Grants follow
in the order in which they expire. One image may be paid from several balances.

A person is also bounded over all servers: by the owner's number, or by what a single server gives them if
that is more. One server's resets and grants do not change that bound. Only the person sees it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kleinbot.domain.clock import HOUR_MS, MS_PER_S
from kleinbot.domain.errors import Code, Parameter, Refusal
from kleinbot.domain.job import TENTHS
from kleinbot.domain.people import MemberKey
from kleinbot.domain.quota import EverywhereSpending, Fund, Grant, LimitSource, QuotaTerms, RoleRule, Spending
from kleinbot.store.database import Reader
from kleinbot.store.members import grants, ledger, members, role_quotas
from kleinbot.store.members.members import Standing
from kleinbot.usecases.quota.rules import Limit, Window, rule_in_force

MOST_FACTOR = 10
"""By default, a server's admins may give one member up to ten times the owner's default limit. That leaves
room for special members; the server's share of the GPU bounds the effect on other servers."""


EVERYWHERE_FACTOR = 3
"""By default, a person may spend three times the owner's default limit over all servers."""

MINUTE_MS = 60 * MS_PER_S
NO_ROLES: frozenset[int] = frozenset()


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

    @property
    def window(self) -> Window:
        """The owner's default, which is also the window of every rule that names no hours."""
        return Window(self.limit_tenths, self.window_ms)

    @property
    def host_terms(self) -> QuotaTerms:
        """The owner's default, with the hours that every rule has that names none."""
        return QuotaTerms(self.limit_tenths, self.window_ms // HOUR_MS)

    def limit_of(self, standing: Standing, held: Sequence[RoleRule] = ()) -> Limit:
        """Return the rule in force; ``held``: the rules of the member's roles."""
        return rule_in_force(standing, held, self.window, self.most_tenths(standing.server_most_tenths))


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
class WindowLeft:
    """What is left of one window of the rule, grants not counted; never negative."""

    window: Window
    left_tenths: int


@dataclass(frozen=True)
class Balance:
    """A member's balance at ``now_ms``: what counts as spent, and the grants that can still be spent.

    ``window_ms``: the owner's window, in which ``everywhere`` counts. ``everywhere`` is None in an admin's
    view, which excludes other servers.
    """

    limit: Limit
    spendings: tuple[Spending, ...]
    grants: tuple[Grant, ...]
    window_ms: int
    now_ms: int
    everywhere: Everywhere | None = None

    @property
    def limit_tenths(self) -> int:
        return self.binding.window.limit_tenths

    @property
    def spent_tenths(self) -> int:
        """What was spent in the binding window."""
        return self._spent.after(self.now_ms - self.binding.window.length_ms)

    @property
    def source(self) -> LimitSource:
        """Whose rule leaves just as much as is left."""
        return self.source_of(self.binding.window)

    def source_of(self, window: Window) -> LimitSource:
        return LimitSource.MOST if window.is_most else self.limit.source

    @property
    def windows(self) -> tuple[WindowLeft, ...]:
        """What is left of each window of the rule, the longest first."""
        return tuple(
            WindowLeft(each, max(0, self._left_of(each, self.now_ms))) for each in self.limit.windows
        )

    @property
    def binding(self) -> WindowLeft:
        """The window that leaves least; of equal ones the longest, which takes longest to return."""
        return min(self.windows, key=lambda each: each.left_tenths)

    def refusing(self, price_tenths: int) -> WindowLeft:
        """Return the window for which ``price_tenths`` has to wait longest, or the binding one."""
        waits = [(self._affordable_at_ms(price_tenths, (each.window,)), each) for each in self.windows]
        never = [each for at_ms, each in waits if at_ms is None]
        if never:
            return never[0]
        at_ms, found = max(waits, key=lambda wait: wait[0] or 0)
        return found if at_ms else self.binding

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
        return self._first_ms(lambda at_ms: self._left_at(at_ms) >= price_tenths)

    def next_return(self) -> Returning | None:
        """Return when the next part of the allowance returns, and how much; None if nothing will."""
        left = self._allowance_at(self.now_ms)
        at_ms = self._first_ms(lambda at_ms: self._allowance_at(at_ms) > left)
        return None if at_ms is None else Returning(at_ms, self._allowance_at(at_ms) - left)

    def _first_ms(self, fits: Callable[[int], bool]) -> int | None:
        """Return the first moment from now on that fits; None if none does.

        What is left changes where something leaves a window, and shrinks only where a grant expires. So
        between two expiries a binary search over milliseconds suffices: about thirty looks for a week,
        however many thousand spendings there are.
        """
        begin_ms, end_ms = self.now_ms, self._unchanged_from_ms + 1
        expiries_ms = {grant.expires_ms for grant in self.grants}
        for until_ms in (*sorted(at for at in expiries_ms if begin_ms < at < end_ms), end_ms):
            if fits(until_ms - 1):
                return begin_ms + bisect_left(range(begin_ms, until_ms), True, key=fits)
            begin_ms = until_ms
        return None

    @property
    def _unchanged_from_ms(self) -> int:
        """The moment from which on only expiring grants change what is left."""
        moments_ms = [self.now_ms]
        if self.spendings:
            moments_ms.append(self.spendings[-1].counts_ms + self.limit.windows[0].length_ms)
        if self.everywhere is not None and self.everywhere.spendings:
            moments_ms.append(self.everywhere.spendings[-1].counts_ms + self.window_ms)
        return max(moments_ms)

    def _affordable_at_ms(self, price_tenths: int, windows: tuple[Window, ...]) -> int | None:
        """Return when some windows alone leave ``price_tenths``; 0: they do now."""
        at_ms = self._first_ms(
            lambda at_ms: self._within(windows, at_ms) + self._granted_at(at_ms) >= price_tenths
        )
        return 0 if at_ms == self.now_ms else at_ms

    def _left_at(self, at_ms: int) -> int:
        here = self._here_at(at_ms)
        return here if self.everywhere is None else self.everywhere.left_of(here, at_ms - self.window_ms)

    def _here_at(self, at_ms: int) -> int:
        return self._allowance_at(at_ms) + self._granted_at(at_ms)

    def _granted_at(self, at_ms: int) -> int:
        return sum(grant.left_tenths for grant in self.grants if grant.expires_ms > at_ms)

    def _allowance_at(self, at_ms: int) -> int:
        return self._within(self.limit.windows, at_ms)

    def _within(self, windows: tuple[Window, ...], at_ms: int) -> int:
        return max(0, min(self._left_of(window, at_ms) for window in windows))

    def _left_of(self, window: Window, at_ms: int) -> int:
        return window.limit_tenths - self._spent.after(at_ms - window.length_ms)

    @cached_property
    def _spent(self) -> _Sums:
        return _Sums([each.counts_ms for each in self.spendings], [each.tenths for each in self.spendings])


async def balance(
    reader: Reader, member: MemberKey, rule: QuotaRule, now_ms: int, role_ids: frozenset[int] = NO_ROLES
) -> Balance:
    """Return ``member``'s present balance in their server, as its admins see it."""
    limit = await limit_of(reader, member, rule, role_ids)
    return Balance(
        limit,
        await ledger.spendings(reader, member, now_ms - limit.windows[0].length_ms),
        await grants.alive(reader, member, now_ms),
        rule.window_ms,
        now_ms,
    )


async def limit_of(
    reader: Reader, member: MemberKey, rule: QuotaRule, role_ids: frozenset[int] = NO_ROLES
) -> Limit:
    """Return the rule in force for a member with these roles."""
    rules = await role_quotas.of_server(reader, member.server_id) if role_ids else ()
    held = [each for each in rules if each.role_id in role_ids]
    return rule.limit_of(await members.standing(reader, member), held)


async def own_balance(
    reader: Reader, member: MemberKey, rule: QuotaRule, now_ms: int, role_ids: frozenset[int] = NO_ROLES
) -> Balance:
    """Return ``member``'s balance as the person sees it, bounded by their spending in other servers."""
    spendings = await ledger.spendings_everywhere(reader, member, now_ms - rule.window_ms)
    here = await balance(reader, member, rule, now_ms, role_ids)
    return replace(here, everywhere=Everywhere(rule.most_everywhere_tenths, spendings))


async def require(
    reader: Reader,
    member: MemberKey,
    rule: QuotaRule,
    price_tenths: int,
    now_ms: int,
    role_ids: frozenset[int] = NO_ROLES,
) -> Balance:
    """Return the person's balance before ``price_tenths`` is paid.

    Raises Refusal QUOTA_EXHAUSTED, which names the window of the rule, if it does not suffice, and
    QUOTA_EVERYWHERE, which names no server, if only the bound over all servers prevents it.
    """
    found = await own_balance(reader, member, rule, now_ms, role_ids)
    if found.left_tenths >= price_tenths:
        return found
    returns_ms = found.affordable_at_ms(price_tenths)
    returns_s = -(-returns_ms // MS_PER_S) if returns_ms is not None else 0
    if found.here_tenths >= price_tenths:
        raise Refusal(
            Code.QUOTA_EVERYWHERE,
            spent=pictures(found.spent_everywhere_tenths),
            most=pictures(rule.most_everywhere_tenths),
            hours=rule.window_ms // HOUR_MS,
            needed=pictures(price_tenths),
            returns_s=returns_s,
        )
    refusing = found.refusing(price_tenths)
    raise Refusal(
        Code.QUOTA_EXHAUSTED,
        left=pictures(refusing.left_tenths + found.granted_tenths),
        limit=pictures(refusing.window.limit_tenths + found.granted_tenths),
        needed=pictures(price_tenths),
        returns_s=returns_s,
        **explained(found, refusing.window),
    )


def explained(found: Balance, window: Window) -> dict[str, Parameter]:
    """Return the parameters of the sentence that explains one window of the rule in force."""
    minutes = window.length_ms // MINUTE_MS
    return {
        "source": found.source_of(window),
        "role": str(found.limit.role_id or 0),
        "roles": found.limit.role_rules,
        "gives": pictures(window.limit_tenths),
        "hours": 0 if minutes % 60 else minutes // 60,
        "minutes": minutes,
        "whose": "own",
    }


def pictures(tenths: int) -> int | float:
    """Return tenths as pictures; an int if it is a whole number."""
    return tenths // TENTHS if tenths % TENTHS == 0 else tenths / TENTHS
