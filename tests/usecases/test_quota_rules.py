"""Which rule is in force: ties, the owner's bound as a window, long windows, bursts alone, zero."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from kleinbot.domain.clock import DAY_MS, HOUR_MS
from kleinbot.domain.quota import EverywhereSpending, Grant, LimitSource, QuotaTerms, RoleRule, Spending
from kleinbot.store.members.members import Standing
from kleinbot.usecases.quota.quota import Balance, Everywhere
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


def _spent_often(times: int) -> Balance:
    """A member who spent a picture ``times`` times in a week, with three windows and two grants."""
    now_ms = 10**12
    moments_ms = [now_ms - 168 * HOUR_MS + 1 + index * (168 * HOUR_MS // times) for index in range(times)]
    windows = (Window(10 * times, 168 * HOUR_MS), Window(100, HOUR_MS), Window(30, BURST_MS))
    found = Balance(
        Limit(windows, LimitSource.MEMBER, 10**6),
        tuple(Spending(at_ms, 10) for at_ms in moments_ms),
        (Grant(1, 5, 5, now_ms + HOUR_MS, "", 1), Grant(2, 5, 5, now_ms + DAY_MS, "", 1)),
        DAY_MS,
        now_ms,
        Everywhere(10**6, tuple(EverywhereSpending(at_ms, 10, 5) for at_ms in moments_ms)),
    )
    assert found.left_tenths >= 0  # adds up once what was spent
    return found


def _lines_run(call: Callable[[], object]) -> int:
    ran = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal ran
        del arg
        ran += event == "line" and "quota" in frame.f_code.co_filename
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return ran


@pytest.mark.parametrize("price_tenths", [120, 10**6])
def test_when_a_price_can_be_paid_takes_as_long_after_a_hundred_times_as_many_spendings(
    price_tenths: int,
) -> None:
    few, many = _spent_often(50), _spent_often(5_000)
    asked: tuple[Callable[[Balance], object], ...] = (
        lambda balance: balance.affordable_at_ms(price_tenths),
        lambda balance: balance.refusing(price_tenths),
        lambda balance: balance.next_return(),
    )
    for ask in asked:
        assert 0 < _lines_run(lambda: ask(many)) <= 2 * _lines_run(lambda: ask(few)) + 200  # noqa: B023
