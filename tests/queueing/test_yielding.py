from kleinbot.domain.work import ImageKey
from kleinbot.queueing.cost import PICTURE, CostModel
from kleinbot.queueing.line import Line
from kleinbot.queueing.waiting import UniformLimit, WaitingImage
from kleinbot.queueing.yielding import should_yield
from tests.queueing.making import EDIT, Shares, job

ONE = UniformLimit(1)
CARD = CostModel(1.0)


def keys_of(batch: tuple[WaitingImage, ...]) -> tuple[ImageKey, ...]:
    return tuple(image.key for image in batch)


def yields(
    batch: tuple[WaitingImage, ...], done: int, line: Line, now_ms: int = 0, passed_cost: float = 0.0
) -> bool:
    """Say whether ``batch`` yields with ``done`` of its four steps done, in the time that was expected."""
    keys = keys_of(batch)
    line.worked(keys, done / 4, batch[0].cost * done / 4)
    return should_yield(keys, line, CARD, now_ms, passed_cost)


def test_a_long_edit_lets_a_newcomer_pass_once_it_had_its_turn() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    line.submit(job("one", 2))
    assert not yields(batch, 0, line)
    assert yields(batch, 1, line)


def test_it_resumes_when_the_newcomer_had_as_much() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    line.submit(job("many", 2, 9))
    passed = 0
    while yields(batch, 2, line):
        line.finished(line.next_batch(ONE, keys_of(batch))[0].key, 1.0)
        passed += 1
    assert passed == 3  # half of an edit is 3.57 pictures, less δ


def test_nobody_passes_when_it_is_quicker_to_end() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    line.submit(job("long too", 2, shape=EDIT))
    assert not yields(batch, 2, line)


def test_a_single_picture_never_yields_to_its_equal() -> None:
    line = Line()
    line.submit(job("a", 1))
    batch = line.next_batch(ONE)
    line.submit(job("b", 2))
    assert not any(yields(batch, done, line) for done in range(4))


def test_a_member_does_not_pass_itself() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    line.submit(job("mine too", 1))
    assert not yields(batch, 3, line)


def test_between_servers_their_shares_decide() -> None:
    line = Line(Shares(shares={1: 8.0}))
    line.submit(job("edit", 1, shape=EDIT, server_id=1))
    batch = line.next_batch(ONE)
    line.submit(job("one", 2, server_id=2))
    assert not yields(batch, 3, line)


def test_several_pictures_of_one_member_yield_as_one_does() -> None:
    line = Line()
    line.submit(job("edits", 1, 4, shape=EDIT))
    batch = line.next_batch(UniformLimit(4))
    assert len(batch) == 4
    line.submit(job("one", 2))
    assert yields(batch, 1, line)


def test_who_passes_is_the_first_that_is_short_enough() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    line.submit(job("long too", 2, shape=EDIT))
    line.submit(job("short", 3))
    assert yields(batch, 2, line)
    assert [image.key.job_id for image in line.next_batch(ONE, keys_of(batch))] == ["short"]


def test_a_batch_that_passes_takes_no_longer_than_what_rests() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    for member in range(2, 9):
        line.submit(job(f"one {member}", member))
    assert yields(batch, 2, line)
    assert len(line.next_batch(UniformLimit(8), keys_of(batch))) == 3


def test_what_was_used_counts_and_not_what_was_expected() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    line.submit(job("one", 2))
    for used_cost, passes in ((0.9, False), (1.1, True)):
        line.worked(keys_of(batch), 0.5, used_cost)
        assert should_yield(keys_of(batch), line, CARD, 0) is passes


def test_an_endless_stream_of_newcomers_gets_twenty_times_what_is_left_and_no_more() -> None:
    """Each of them is due, for each comes with nothing charged."""
    line = Line()
    line.submit(job("edit", 1, shape=EDIT))
    batch = line.next_batch(ONE)
    passed_cost = 0.0
    for newcomer in range(2, 1000):
        line.submit(job(f"new {newcomer}", newcomer))
        if not yields(batch, 2, line, passed_cost=passed_cost):
            break
        (image,) = line.next_batch(ONE, keys_of(batch))
        passed_cost += image.cost
        line.finished(image.key, image.cost)
    left_cost = batch[0].cost / 2
    assert 20 * left_cost - 1 < passed_cost <= 20 * left_cost


def test_a_promise_to_the_running_one_comes_before_another_ones_turn() -> None:
    line = Line()
    line.submit(job("edit", 1, shape=EDIT, deadline_ms=10_000))
    batch = line.next_batch(ONE)
    line.submit(job("one", 2))
    left_s = CARD.expected_s(EDIT) / 2
    in_time_ms = 10_000 - round(1000 * (left_s + CARD.expected_s(PICTURE)))
    assert yields(batch, 2, line, in_time_ms - 1)
    assert not yields(batch, 2, line, in_time_ms + 1)
