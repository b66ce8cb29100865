from kleinbot.domain.job import Lane
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import UniformLimit, WaitingImage
from kleinbot.queueing.yielding import RunningBatch, should_yield
from tests.queueing.making import EDIT, Shares, job

ONE = UniformLimit(1)
CARD = CostModel(1.0)


def yields(running: RunningBatch, line: Line, now_ms: int = 0) -> bool:
    return should_yield(running, line, CARD, now_ms)


def at_step(batch: tuple[WaitingImage, ...], done: int) -> RunningBatch:
    return RunningBatch(tuple(image.key for image in batch), done, 4)


def test_a_long_edit_lets_a_newcomer_pass_once_it_had_its_turn() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    line.submit(job("one", 2, submitted_ms=1))
    assert not yields(at_step(batch, 0), line)
    assert yields(at_step(batch, 1), line)


def test_it_resumes_when_the_newcomer_had_as_much() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    line.submit(job("many", 2, 9, submitted_ms=1))
    passed = 0
    while yields(at_step(batch, 2), line):
        line.finished(line.next_batch(ONE)[0].key, 1.0)
        passed += 1
    assert passed == 3  # half of an edit is 3.57 pictures, less δ


def test_nobody_passes_when_it_is_quicker_to_end() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    line.submit(job("long too", 2, shape=EDIT, submitted_ms=1))
    assert not yields(at_step(batch, 2), line)


def test_a_single_picture_never_yields_to_its_equal() -> None:
    line = Line()
    line.submit(job("a", 1))
    batch = line.next_batch(ONE)
    line.submit(job("b", 2, submitted_ms=1))
    assert not any(yields(at_step(batch, done), line) for done in range(4))


def test_a_member_does_not_pass_itself() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    line.submit(job("mine too", 1, submitted_ms=1))
    assert not yields(at_step(batch, 3), line)


def test_between_servers_their_shares_decide() -> None:
    line = Line(Shares(shares={1: 8.0}))
    line.submit(job("edit", 1, shape=EDIT, server_id=1))
    batch = line.next_batch(ONE)
    line.submit(job("one", 2, server_id=2, submitted_ms=1))
    assert not yields(at_step(batch, 3), line)


def test_the_relaxed_lane_yields_to_the_token_lane_but_not_the_other_way() -> None:
    line = Line()
    line.submit(job("relaxed", 1, shape=EDIT, lane=Lane.RELAXED))
    relaxed = line.next_batch(ONE)
    line.submit(job("token", 2, submitted_ms=1))
    assert yields(at_step(relaxed, 1), line)
    token = line.next_batch(ONE)
    line.submit(job("relaxed too", 3, lane=Lane.RELAXED, submitted_ms=2))
    assert not yields(at_step(token, 3), line)


def test_paused_relaxed_work_is_not_paused_for_ever() -> None:
    line = Line()
    line.submit(job("relaxed", 1, shape=EDIT, lane=Lane.RELAXED))
    relaxed = line.next_batch(ONE)
    line.submit(job("token", 2, 500, submitted_ms=1))
    passed = 0
    while yields(at_step(relaxed, 1), line):
        line.finished(line.next_batch(ONE)[0].key, 1.0)
        passed += 1
    assert 100 < passed < 120  # three quarters of an edit, twentyfold
