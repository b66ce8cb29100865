"""Which quota rule is in force for a member, as a pure function: what decides is also what is explained.

A member's own rule counts. Without one, the best counts of the rules of their roles and the default: the
server's, or the owner's where the server has none. The best is the rule that gives most pictures a day when
all of its windows are kept, and all of them hold: a role never lowers what somebody gets in a day, though it
may bring a burst that another rule does not have. Whatever the rule, the owner's bound for the server holds
too, in the owner's window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from kleinbot.domain.clock import DAY_MS, HOUR_MS, MS_PER_S
from kleinbot.domain.quota import LimitSource, QuotaTerms, RoleRule
from kleinbot.store.members.members import Standing

BURST_MS = 10 * 60 * MS_PER_S
"""The window of a burst. A command makes up to four pictures, so a much shorter one would bound commands."""


@dataclass(frozen=True)
class Window:
    """At most ``limit_tenths`` in any ``length_ms``. ``is_most``: the owner's bound, not the rule itself."""

    limit_tenths: int
    length_ms: int
    is_most: bool = False


@dataclass(frozen=True)
class Limit:
    """The rule in force: its windows, the longest first, all of which hold, and whose rule it is.

    ``role_id``: the role that gives it. ``role_rules``: how many of the member's roles have a rule.
    ``most_tenths``: the owner's bound.
    """

    windows: tuple[Window, ...]
    source: LimitSource
    most_tenths: int
    role_id: int | None = None
    role_rules: int = 0


def rule_in_force(standing: Standing, held: Sequence[RoleRule], host: Window, most_tenths: int) -> Limit:
    """Return the rule that applies to a member.

    ``held``: the rules of the roles that they have. ``host``: the owner's default.
    """
    if standing.member_terms is not None:
        windows = _windows_of(standing.member_terms, host)
        return Limit(_bounded(windows, host, most_tenths), LimitSource.MEMBER, most_tenths)
    source = LimitSource.HOST if standing.server_terms is None else LimitSource.SERVER
    windows = (host,) if standing.server_terms is None else _windows_of(standing.server_terms, host)
    role_id = None
    for rule in sorted(held, key=lambda rule: rule.role_id):
        given = _windows_of(rule.terms, host)
        if _worth(given) > _worth(windows):
            windows, source, role_id = given, LimitSource.ROLE, rule.role_id
    return Limit(_bounded(windows, host, most_tenths), source, most_tenths, role_id, len(held))


def is_better(terms: QuotaTerms, default: QuotaTerms | None, host: Window) -> bool:
    """Tell whether a rule gives more than the server's default; None: than the owner's."""
    than = (host,) if default is None else _windows_of(default, host)
    return _worth(_windows_of(terms, host)) > _worth(than)


def exceeds(terms: QuotaTerms, host: Window, most_tenths: int) -> bool:
    """Tell whether a rule gives more than the owner allows; a longer window may hold that much more."""
    main = _windows_of(terms, host)[0]
    return main.limit_tenths * host.length_ms > most_tenths * max(main.length_ms, host.length_ms)


def has_idle_window(terms: QuotaTerms, host: Window) -> bool:
    """Tell whether a shorter window of a rule can never refuse anything, since a longer one refuses first."""
    windows = _windows_of(terms, host)
    asked = 1 + (terms.hourly_tenths is not None) + (terms.burst_tenths is not None)
    lengths = {window.length_ms for window in windows}
    return len(lengths) < asked or any(
        shorter.limit_tenths >= longer.limit_tenths for longer, shorter in pairwise(windows)
    )


def _windows_of(terms: QuotaTerms, host: Window) -> tuple[Window, ...]:
    windows = [Window(terms.tenths, host.length_ms if terms.hours is None else terms.hours * HOUR_MS)]
    if terms.hourly_tenths is not None:
        windows.append(Window(terms.hourly_tenths, HOUR_MS))
    if terms.burst_tenths is not None:
        windows.append(Window(terms.burst_tenths, BURST_MS))
    return tuple(windows)


def _worth(windows: Sequence[Window]) -> tuple[Fraction, int, int, tuple[int, ...]]:
    """Return what a rule gives a day, and what tells equal ones apart: how freely it can be spent."""
    a_day = min(Fraction(window.limit_tenths * DAY_MS, window.length_ms) for window in windows)
    limits = tuple(window.limit_tenths for window in windows)
    return a_day, limits[0], -len(windows), limits


def _bounded(windows: tuple[Window, ...], host: Window, most_tenths: int) -> tuple[Window, ...]:
    """Add the owner's bound, unless a window of the rule holds it anyway."""
    if any(each.length_ms >= host.length_ms and each.limit_tenths <= most_tenths for each in windows):
        return windows
    kept = [each for each in windows if each.length_ms != host.length_ms]
    bound = Window(most_tenths, host.length_ms, is_most=True)
    return tuple(sorted([*kept, bound], key=lambda each: -each.length_ms))
