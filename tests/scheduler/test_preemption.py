from kleinbot.domain.job_spec import ImageKey
from kleinbot.scheduler.cost import PICTURE, CostModel
from kleinbot.scheduler.entries import UniformLimit, WaitingImage
from kleinbot.scheduler.preemption import should_yield
from kleinbot.scheduler.queue import ImageQueue
from tests.scheduler.builders import EDIT, Shares, job

ONE = UniformLimit(1)
CARD = CostModel(1.0)


def keys_of(batch: tuple[WaitingImage, ...]) -> tuple[ImageKey, ...]:
    return tuple(image.key for image in batch)


def yields(
    batch: tuple[WaitingImage, ...], done: int, queue: ImageQueue, now_ms: int = 0, passed_cost: float = 0.0
) -> bool:
    """Say whether ``batch`` yields with ``done`` of its four steps done, in the time that was expected."""
    keys = keys_of(batch)
    queue.worked(keys, done / 4, batch[0].cost * done / 4)
    queue.begun_with(keys[0]).passed_cost = passed_cost
    return should_yield(keys, queue, CARD, now_ms)


def test_a_long_edit_lets_a_newcomer_pass_once_it_had_its_turn() -> None:
    queue = ImageQueue()
    queue.submit(job("edit", 1, shape=EDIT))
    batch = queue.next_batch(ONE)
    queue.submit(job("one", 2))
    assert not yields(batch, 0, queue)
    assert yields(batch, 1, queue)


def test_it_resumes_when_the_newcomer_had_as_much() -> None:
    queue = ImageQueue()
    queue.submit(job("edit", 1, shape=EDIT))
    batch = queue.next_batch(ONE)
    queue.submit(job("many", 2, 9))
    passed = 0
    while yields(batch, 2, queue):
        queue.finished(queue.next_batch(ONE, keys_of(batch))[0].key, 1.0)
        passed += 1
    assert passed == 3  # half of an edit is 3.57 pictures, less δ


def test_nobody_passes_when_it_is_quicker_to_end() -> None:
    queue = ImageQueue()
    queue.submit(job("edit", 1, shape=EDIT))
    batch = queue.next_batch(ONE)
    queue.submit(job("long too", 2, shape=EDIT))
    assert not yields(batch, 2, queue)


def test_a_single_picture_never_yields_to_its_equal() -> None:
    queue = ImageQueue()
    queue.submit(job("a", 1))
    batch = queue.next_batch(ONE)
    queue.submit(job("b", 2))
    assert not any(yields(batch, done, queue) for done in range(4))


def test_a_member_does_not_pass_itself() -> None:
    queue = ImageQueue()
    queue.submit(job("edit", 1, shape=EDIT))
    batch = queue.next_batch(ONE)
    queue.submit(job("mine too", 1))
    assert not yields(batch, 3, queue)


def test_between_servers_their_shares_decide() -> None:
    queue = ImageQueue(Shares(shares={1: 8.0}))
    queue.submit(job("edit", 1, shape=EDIT, server_id=1))
    batch = queue.next_batch(ONE)
    queue.submit(job("one", 2, server_id=2))
    assert not yields(batch, 3, queue)


def test_several_pictures_of_one_member_yield_as_one_does() -> None:
    queue = ImageQueue()
    queue.submit(job("edits", 1, 4, shape=EDIT))
    batch = queue.next_batch(UniformLimit(4))
    assert len(batch) == 4
    queue.submit(job("one", 2))
    assert yields(batch, 1, queue)


def test_who_passes_is_the_first_that_is_short_enough() -> None:
    queue = ImageQueue()
    queue.submit(job("edit", 1, shape=EDIT))
    batch = queue.next_batch(ONE)
    queue.submit(job("long too", 2, shape=EDIT))
    queue.submit(job("short", 3))
    assert yields(batch, 2, queue)
    assert [image.key.job_id for image in queue.next_batch(ONE, keys_of(batch))] == ["short"]


def test_a_batch_that_passes_takes_no_longer_than_what_rests() -> None:
    queue = ImageQueue()
    queue.submit(job("edit", 1, shape=EDIT))
    batch = queue.next_batch(ONE)
    for member in range(2, 9):
        queue.submit(job(f"one {member}", member))
    assert yields(batch, 2, queue)
    assert len(queue.next_batch(UniformLimit(8), keys_of(batch))) == 3


def test_what_was_used_counts_and_not_what_was_expected() -> None:
    queue = ImageQueue()
    queue.submit(job("edit", 1, shape=EDIT))
    batch = queue.next_batch(ONE)
    queue.submit(job("one", 2))
    for used_cost, passes in ((0.9, False), (1.1, True)):
        queue.worked(keys_of(batch), 0.5, used_cost)
        assert should_yield(keys_of(batch), queue, CARD, 0) is passes


def test_an_endless_stream_of_newcomers_gets_twenty_times_what_is_left_and_no_more() -> None:
    """Each of them is due, for each comes with nothing charged."""
    queue = ImageQueue()
    queue.submit(job("edit", 1, shape=EDIT))
    batch = queue.next_batch(ONE)
    passed_cost = 0.0
    for newcomer in range(2, 1000):
        queue.submit(job(f"new {newcomer}", newcomer))
        if not yields(batch, 2, queue, passed_cost=passed_cost):
            break
        (image,) = queue.next_batch(ONE, keys_of(batch))
        passed_cost += image.cost
        queue.finished(image.key, image.cost)
    left_cost = batch[0].cost / 2
    assert 20 * left_cost - 1 < passed_cost <= 20 * left_cost


def test_a_promise_to_the_running_one_comes_before_another_ones_turn() -> None:
    queue = ImageQueue()
    queue.submit(job("edit", 1, shape=EDIT, deadline_ms=10_000))
    batch = queue.next_batch(ONE)
    queue.submit(job("one", 2))
    left_s = CARD.expected_s(EDIT) / 2
    in_time_ms = 10_000 - round(1000 * (left_s + CARD.expected_s(PICTURE)))
    assert yields(batch, 2, queue, in_time_ms - 1)
    assert not yields(batch, 2, queue, in_time_ms + 1)
