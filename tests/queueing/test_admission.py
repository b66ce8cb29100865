import math

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Lane
from kleinbot.domain.work import Checkpoint
from kleinbot.queueing.admission import AdmissionLimits, Admitted, admit
from kleinbot.queueing.cost import PICTURE, CostModel
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import Shape, UniformLimit
from tests.queueing.making import Shares, job

LIMITS = AdmissionLimits(token_member_cost=4, member_cost=8, server_cost=12, line_cost=16)
NOW_MS = 1_000_000


def ask(
    line: Line, job_id: str, member_id: int, count: int, *, server_id: int = 1, s: float = 1.0
) -> Admitted | Refusal:
    answer = admit(job(job_id, member_id, count, server_id=server_id), line, LIMITS, CostModel(s), NOW_MS)
    if isinstance(answer, Admitted):
        line.submit(answer.images)
    return answer


def test_a_job_within_the_share_is_promised() -> None:
    answer = ask(Line(), "a", 1, 4)
    assert isinstance(answer, Admitted)
    assert answer.lane is Lane.TOKEN
    assert (answer.place, answer.start_s, answer.end_s) == (1, 0.0, 4.0)
    assert {image.deadline_ms for image in answer.images} == {NOW_MS + 13 * 60_000}


def test_what_is_over_the_share_is_not_promised() -> None:
    line = Line()
    ask(line, "a", 1, 4)
    answer = ask(line, "b", 1, 1)
    assert isinstance(answer, Admitted)
    assert answer.lane is Lane.RELAXED
    assert {image.deadline_ms for image in answer.images} == {None}


def test_what_is_expected_too_late_is_not_promised() -> None:
    answer = ask(Line(), "a", 1, 4, s=121.0)
    assert isinstance(answer, Admitted)
    assert answer.lane is Lane.RELAXED


def test_a_single_image_is_never_over_the_share() -> None:
    base = Shape(PICTURE.grid, steps=50, checkpoint=Checkpoint.BASE)
    answer = admit(job("a", 1, shape=base), Line(), LIMITS, CostModel(1.0), NOW_MS)
    assert isinstance(answer, Admitted)
    assert answer.lane is Lane.TOKEN


@pytest.mark.parametrize(
    ("jobs", "asked", "code", "limit"),
    [
        ([(1, 1, 4), (1, 1, 4)], (1, 1), Code.MEMBER_LINE_FULL, 8),
        ([(1, 1, 4), (1, 2, 4), (1, 3, 4)], (1, 3), Code.SERVER_LINE_FULL, 12),
        ([(1, 1, 6), (1, 2, 6)], (1, 2), Code.SERVER_LINE_FULL, 12),
        ([(1, 1, 4), (1, 2, 4), (2, 3, 4), (2, 4, 4)], (2, 4), Code.LINE_FULL, 16),
        ([(1, 1, 4), (1, 2, 4), (2, 3, 8)], (1, 4), Code.LINE_FULL, 16),
    ],
)
def test_a_full_line_refuses_with_the_reason(
    jobs: list[tuple[int, int, int]], asked: tuple[int, int], code: Code, limit: int
) -> None:
    line = Line()
    for number, (server, member, count) in enumerate(jobs):
        assert isinstance(ask(line, str(number), member, count, server_id=server), Admitted)
    answer = ask(line, "more", asked[1], 1, server_id=asked[0])
    assert isinstance(answer, Refusal)
    assert answer.code is code
    assert answer.parameters["limit"] == limit


def test_a_full_server_lets_in_whoever_has_less_than_their_part() -> None:
    line = Line()
    floods = [ask(line, f"{member}-{n}", member, 1) for n in range(20) for member in (1, 2)]
    assert isinstance(floods[-1], Refusal)
    assert floods[-1].code is Code.SERVER_LINE_FULL
    assert line.outstanding.cost(server_id=1) == 12
    # A third of 12.
    assert isinstance(ask(line, "third", 3, 4), Admitted)
    assert isinstance(ask(line, "third more", 3, 1), Refusal)


def test_a_full_line_lets_in_servers_that_have_less_than_their_part() -> None:
    line = Line(Shares(shares={3: 2.0}))
    for member in range(1, 5):
        assert isinstance(ask(line, f"{member}", member, 4, server_id=1 + member % 2), Admitted)
    assert isinstance(ask(line, "more", 9, 1, server_id=1), Refusal)
    # Half of 16, by its share.
    assert isinstance(ask(line, "third", 5, 8, server_id=3), Admitted)
    refused = ask(line, "third more", 6, 1, server_id=3)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.LINE_FULL


def test_five_floods_of_the_default_size_do_not_close_a_server_to_a_sixth_member() -> None:
    line, limits = Line(), AdmissionLimits()
    for n in range(100):
        for member in range(1, 6):
            flood = admit(job(f"{member}-{n}", member, 4), line, limits, CostModel(1.0), NOW_MS)
            if isinstance(flood, Admitted):
                line.submit(flood.images)
    assert isinstance(admit(job("sixth", 6, 4), line, limits, CostModel(1.0), NOW_MS), Admitted)


def test_a_refusal_names_a_time_at_which_it_would_be_accepted() -> None:
    line = Line()
    for number in range(2):
        ask(line, str(number), 1, 4, s=10.0)
    answer = ask(line, "more", 1, 3, s=10.0)
    assert isinstance(answer, Refusal)
    # In 30 s, told a tenth and 5 s later: what is made then still has to be stored.
    assert answer.parameters["retry_at_s"] == NOW_MS // 1000 + 38
    for _ in range(3):
        line.finished(line.next_batch(UniformLimit(1))[0].key, 1.0)
    assert isinstance(ask(line, "more", 1, 3, s=10.0), Admitted)


def test_whoever_has_nothing_in_line_may_ask_for_anything_once() -> None:
    line = Line()
    assert isinstance(ask(line, "huge", 1, 20), Admitted)
    assert isinstance(ask(line, "more", 1, 1), Refusal)


def test_asking_leaves_the_line_as_it_is() -> None:
    line = Line()
    ask(line, "a", 1, 2)
    before = (line.order(), line.tags())
    admit(job("b", 2, 2), line, LIMITS, CostModel(1.0), NOW_MS)
    assert (line.order(), line.tags()) == before


def test_the_time_named_counts_the_work_of_the_scope_alone_and_what_runs() -> None:
    line = Line()
    for number in range(2):
        ask(line, f"mine-{number}", 1, 4, s=10.0)
    ask(line, "other", 2, 4, s=10.0)
    # At 20 s two of mine are made: I asked first, and all of it is within what I am allowed.
    before = admit(job("more", 1, 2), line, LIMITS, CostModel(10.0), NOW_MS)
    assert isinstance(before, Refusal)
    assert before.parameters["retry_at_s"] == NOW_MS // 1000 + 27
    line.next_batch(UniformLimit(1))
    # One of mine runs and takes 5 s more; another one follows.
    line.worked([image.key for image in line.running], 0.5, 0.5)
    one = admit(job("more", 1, 1), line, LIMITS, CostModel(10.0), NOW_MS)
    two = admit(job("more", 1, 2), line, LIMITS, CostModel(10.0), NOW_MS)
    assert isinstance(one, Refusal)
    assert isinstance(two, Refusal)
    told = [each.parameters["retry_at_s"] for each in (one, two)]
    assert told == [NOW_MS // 1000 + math.ceil(5.5 + 5), NOW_MS // 1000 + math.ceil(16.5 + 5)]


def test_what_is_held_takes_nobody_elses_room() -> None:
    """A server that filled the line and then removed the bot would else keep others out for an hour."""
    line = Line()
    for member in (1, 2, 3):
        assert isinstance(ask(line, f"a{member}", member, 4), Admitted)
    assert isinstance(ask(line, "b1", 4, 4, server_id=2), Admitted)
    assert isinstance(ask(line, "b2", 5, 5, server_id=2), Refusal), "of sixteen all are taken"
    line.hold(1)
    assert line.outstanding.cost() == 4
    assert line.outstanding.cost(1) == 12
    assert line.outstanding.part(2) == 1.0
    assert isinstance(ask(line, "b3", 5, 5, server_id=2), Admitted)
    line.release(1)
    assert line.outstanding.cost() == 21
    assert line.outstanding.part(2) == 0.5


def test_who_ends_while_held_leaves_nothing_behind() -> None:
    line = Line()
    line.submit(job("a", 1, 4, server_id=1))
    line.submit(job("b", 2, 4, server_id=2))
    line.hold(1)
    line.withdraw("a")
    line.release(1)
    line.submit(job("c", 3, 1, server_id=1))
    assert line.outstanding.cost() == 5
    assert line.outstanding.part(1) == 0.5
    assert line.outstanding.part(1, 3) == 1.0
    assert line.outstanding.part(1, 4) == 0.5
