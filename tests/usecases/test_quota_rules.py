"""Which rule is in force: ties, the owner's bound as a window, long windows, bursts alone, zero."""

from kleinbot.domain.clock import DAY_MS, HOUR_MS
from kleinbot.domain.quota import LimitSource, QuotaTerms, RoleRule
from kleinbot.store.members.members import Standing
from kleinbot.usecases.quota.rules import (
    BURST_MS,
    Limit,
    Window,
    exceeds,
    has_idle_window,
    is_better,
    rule_in_force,
)
from tests.usecases.quota_campaign import campaign

HOST = Window(50, DAY_MS)
MOST = 500


def _limit(
    *roles: tuple[int, QuotaTerms], server: QuotaTerms | None = None, own: QuotaTerms | None = None
) -> Limit:
    standing = Standing(1.0, 1.0, own, server, None)
    return rule_in_force(standing, [RoleRule(*each) for each in roles], HOST, MOST)


def test_of_equal_rules_the_default_counts_and_then_the_older_role() -> None:
    assert _limit((7, QuotaTerms(50))).source is LimitSource.HOST
    assert _limit((7, QuotaTerms(60)), server=QuotaTerms(60)).source is LimitSource.SERVER
    assert _limit((9, QuotaTerms(60)), (7, QuotaTerms(60))).role_id == 7


def test_of_rules_that_give_as_much_a_day_the_freer_one_counts() -> None:
    assert _limit((7, QuotaTerms(60, burst_tenths=5)), (9, QuotaTerms(60))).role_id == 9
    assert _limit((7, QuotaTerms(60)), (9, QuotaTerms(120, hours=48))).role_id == 9


def test_the_owners_bound_is_a_window_where_the_rule_does_not_hold_it() -> None:
    week = QuotaTerms(3500, hours=168, hourly_tenths=100)
    assert _limit((7, week)).windows == (
        Window(3500, 168 * HOUR_MS), Window(MOST, DAY_MS, is_most=True), Window(100, HOUR_MS),
    )  # fmt: skip
    assert not exceeds(week, HOST, MOST)
    assert exceeds(QuotaTerms(3501, hours=168), HOST, MOST)
    # A rule from before the owner lowered the bound, which takes the place of the window of its length.
    assert _limit((7, QuotaTerms(600))).windows == (Window(MOST, DAY_MS, is_most=True),)
    assert _limit((7, QuotaTerms(400, hours=168))).windows == (Window(400, 168 * HOUR_MS),)


def test_a_burst_counts_as_what_it_gives_in_a_day() -> None:
    burst = QuotaTerms(400, burst_tenths=1)
    assert _limit((7, burst), (9, QuotaTerms(145))).role_id == 9
    assert _limit((7, burst), (9, QuotaTerms(143))).windows == (Window(400, DAY_MS), Window(1, BURST_MS))
    assert is_better(burst, None, HOST)
    assert not is_better(burst, QuotaTerms(145), HOST)


def test_a_rule_of_zero_never_wins_and_a_members_own_always_does() -> None:
    assert _limit((7, QuotaTerms(0))).source is LimitSource.HOST
    assert _limit((7, QuotaTerms(0)), server=QuotaTerms(0)).source is LimitSource.SERVER
    own = _limit((7, QuotaTerms(400)), own=QuotaTerms(0))
    assert (own.source, own.windows, own.role_id) == (LimitSource.MEMBER, (Window(0, DAY_MS),), None)


def test_a_window_that_could_never_refuse_is_idle() -> None:
    assert has_idle_window(QuotaTerms(10, hourly_tenths=10), HOST)
    assert has_idle_window(QuotaTerms(10, hours=1, hourly_tenths=5), HOST)
    assert has_idle_window(QuotaTerms(0, burst_tenths=1), HOST)
    assert not has_idle_window(QuotaTerms(10, hourly_tenths=5, burst_tenths=4), HOST)


def test_a_sample_of_the_campaign_over_rules_agrees_with_its_model() -> None:
    found = campaign(0, 12)
    assert min(found.accepted, found.refused, found.refused_everywhere) > 0
