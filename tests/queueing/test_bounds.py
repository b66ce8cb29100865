"""The bounds of ``kleinbot/docs/invariants.md`` under attack; by hand with more: ``attacks``, ``search``."""

import sys
from collections import Counter
from functools import cache
from types import FrameType
from typing import Any

import pytest

from kleinbot.domain.errors import Refusal
from kleinbot.queueing.admission import AdmissionLimits, admit
from kleinbot.queueing.cost import PICTURE, CostModel
from kleinbot.queueing.line import Line
from tests.queueing import attacks
from tests.queueing.attacks import BEST, TWO_REFERENCES, jain
from tests.queueing.host import Host
from tests.queueing.making import EDIT, SMALL, Shares, job
from tests.queueing.search import WAIT_TIMES, longest_waited, most_gained
from tests.queueing.speed import ACTIONS, Crowd, Spread

pytestmark = pytest.mark.slow

MOST_GAINED = 1.1


@pytest.mark.parametrize(("largest_batch", "engines"), [(1, 1), (4, 1), (4, 2), (1, 4)])
def test_equal_members_get_equal_parts_whatever_they_ask_for(largest_batch: int, engines: int) -> None:
    host = Host(largest_batch=largest_batch, engines=engines)
    shapes = (PICTURE, EDIT, SMALL, BEST, TWO_REFERENCES)
    for member in range(10):
        host.keeps((1, member), shapes[member % 5], 1 + member % 4, depth=2)
    host.run(3600.0)
    assert jain(host.served_s.values()) >= 0.99


def test_servers_get_their_shares_whatever_their_members_ask_for() -> None:
    shares = {1: 4.0, 2: 1.0, 3: 0.5}
    host = Host(weights=Shares(shares))
    for server, members, shape in ((1, 1, PICTURE), (2, 5, EDIT), (3, 20, PICTURE)):
        for member in range(members):
            host.keeps((server, member), shape, 2, depth=3)
    host.run(3600.0)
    got: Counter[int] = Counter()
    for (server, _), seconds in host.served_s.items():
        got[server] += round(seconds)
    assert jain(got[server] / share for server, share in shares.items()) >= 0.99


def test_a_flood_gets_no_more_than_its_part() -> None:
    assert attacks.flooding(10, hours=0.5) <= MOST_GAINED
    assert attacks.flooding(10, BEST, hours=1.0) <= MOST_GAINED


def test_neither_splitting_a_job_nor_asking_again_pays() -> None:
    at_once, one_at_a_time = attacks.splitting(hours=1.5)
    assert 0.9 <= at_once <= MOST_GAINED
    assert 0.9 <= one_at_a_time <= MOST_GAINED
    wait_s, equal, again = attacks.late(hours=12.0)
    assert wait_s <= 21 * 60 * WAIT_TIMES
    assert equal >= 0.99
    assert again <= MOST_GAINED


def test_the_best_of_one_member_stops_nobody() -> None:
    assert attacks.newcomer(TWO_REFERENCES) <= 3.0
    assert attacks.newcomer(BEST) <= 1.0
    gap_s, late = attacks.one_best_of_four(7.0, hours=0.6)
    assert gap_s <= 20 * 7.0
    assert late == 0


def test_floods_of_servers_refuse_nobody_elses_and_are_shared_with() -> None:
    refused, first_s, _ = attacks.servers(small=10, hours=0.2)
    assert refused == 0
    assert first_s <= 120.0


def test_no_server_below_its_part_is_refused() -> None:
    limits = AdmissionLimits(member_cost=1e9, server_cost=1e9, line_cost=100.0)
    line, model = Line(Shares({7: 2.0})), CostModel(1.0)
    for n in range(400):
        server = 1 + n % 6
        flood = admit(job(f"{n}", n, 1, server_id=server), line, limits, model, 0)
        if not isinstance(flood, Refusal):
            line.submit(flood.images)
    for n in range(25):
        asked = admit(job(f"seventh {n}", n, 1, server_id=7), line, limits, model, 0)
        assert not isinstance(asked, Refusal), "below two eighths of a hundred"
        line.submit(asked.images)
    assert isinstance(admit(job("more", 99, 1, server_id=7), line, limits, model, 0), Refusal)


def test_told_starts_hold() -> None:
    real_to_told, late = attacks.told(hours=1.0)
    assert 0.8 <= real_to_told <= 1.25
    assert late <= 0.05


def test_one_odd_measurement_widens_no_limit() -> None:
    assert attacks.poisoned() == pytest.approx(1.0, abs=0.05)


def test_a_search_finds_nothing_that_pays_and_no_wait_beyond_the_bound() -> None:
    gain, strategy = most_gained(seed=3, tries=4, hours=0.5)
    assert 0 < gain <= MOST_GAINED, strategy
    assert 0 < longest_waited(seed=3, tries=4, hours=0.2) <= WAIT_TIMES


@cache
def crowd(waiting: int) -> Crowd:
    return Crowd(waiting, Spread(4, 50))


def lines_run(line_with: Crowd, name: str) -> int:
    """Count the lines of the policy that one decision runs."""
    ran = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal ran
        del arg
        if "queueing" not in frame.f_code.co_filename:
            return None
        ran += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        ACTIONS[name](line_with)
    finally:
        sys.settrace(before)
    return ran


@pytest.mark.parametrize("name", list(ACTIONS))
def test_a_decision_about_a_line_of_twenty_times_the_length_takes_little_more(name: str) -> None:
    short, long = crowd(500), crowd(10_000)
    few = max(lines_run(short, name) for _ in range(5))
    many = max(lines_run(long, name) for _ in range(5))
    assert 0 < many <= 4 * few + 500
