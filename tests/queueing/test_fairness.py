"""What a member can rely on, whatever the others do (``kleinbot/docs/invariants.md``, properties 2 to 4)."""

from itertools import combinations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kleinbot.queueing.cost import PICTURE, cost
from kleinbot.queueing.line import Line
from kleinbot.queueing.tags import ALLOWANCE, UNITS_PER_PICTURE
from kleinbot.queueing.waiting import Shape, UniformLimit, WaitingImage
from tests.queueing.making import EDIT, SMALL, Shares, job

shapes = st.sampled_from([PICTURE, SMALL, EDIT])
largest_batches = st.integers(1, 4)
LARGEST = cost(EDIT)
TOLERANCE = 1.0
ALLOWED = ALLOWANCE / UNITS_PER_PICTURE


def run_batch(line: Line, largest: int) -> tuple[WaitingImage, ...]:
    batch = line.next_batch(UniformLimit(largest))
    for image in batch:
        line.finished(image.key, image.cost)
    return batch


def is_mine(batch: tuple[WaitingImage, ...]) -> bool:
    assert batch
    return any(image.member_id == 0 for image in batch)


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.sampled_from([0.3, 1.0, 3.0]), min_size=2, max_size=5),
    data=st.data(),
    largest=largest_batches,
)
def test_members_with_work_are_served_by_their_weights(
    weights: list[float], data: st.DataObject, largest: int
) -> None:
    line = Line(Shares(weights=dict(enumerate(weights))))
    for number in range(60):
        member = number % len(weights)
        shape = data.draw(shapes) if number < 20 else (PICTURE, SMALL, EDIT)[number % 3]
        line.submit(job(f"job-{number:03}", member, 4, shape=shape))
    served = dict.fromkeys(range(len(weights)), 0.0)
    gaps: dict[tuple[int, int], list[float]] = {pair: [0.0] for pair in combinations(served, 2)}
    while {image.member_id for image in line.waiting} == set(served):
        for image in run_batch(line, largest):
            served[image.member_id] += image.cost / weights[image.member_id]
        for one, other in gaps:
            gaps[one, other].append(served[one] - served[other])
    bound = 2 * (LARGEST / min(weights) + TOLERANCE + ALLOWED)
    assert all(max(gap[:-1]) - min(gap[:-1]) <= bound for gap in gaps.values() if len(gap) > 1)


@settings(max_examples=60, deadline=None)
@given(
    others=st.lists(st.tuples(st.integers(1, 30), shapes), min_size=1, max_size=8),
    before=st.integers(0, 25),
    largest=largest_batches,
    mine=shapes,
)
def test_a_newcomer_starts_after_everybodys_allowance_and_one_turn_at_most(
    others: list[tuple[int, Shape]], before: int, largest: int, mine: Shape
) -> None:
    line = Line()
    for member, (count, shape) in enumerate(others, start=1):
        line.submit(job(f"other-{member}", member, count, shape=shape))
    for _ in range(before):
        run_batch(line, largest)
    line.submit(job("mine", 0, shape=mine))
    waited = 0.0
    while not is_mine(batch := run_batch(line, largest)):
        waited += sum(image.cost for image in batch)
    assert waited <= len(others) * (ALLOWED + LARGEST + TOLERANCE) + largest * LARGEST


@settings(max_examples=60, deadline=None)
@given(
    flood=st.integers(1, 30),
    more=st.integers(1, 100),
    others=st.lists(st.tuples(st.integers(1, 6), shapes), min_size=1, max_size=5),
    before=st.integers(0, 10),
    largest=largest_batches,
    flooded_shape=shapes,
)
def test_a_longer_queue_of_somebody_else_changes_nothing_for_me(
    flood: int,
    more: int,
    others: list[tuple[int, Shape]],
    before: int,
    largest: int,
    flooded_shape: Shape,
) -> None:
    def started_before_me(flood_count: int) -> tuple[list[WaitingImage], bool]:
        line = Line()
        line.submit(job("flood", 99, flood_count, shape=flooded_shape))
        for member, (count, shape) in enumerate(others, start=1):
            line.submit(job(f"other-{member}", member, count, shape=shape))
        started = [image for _ in range(before) for image in run_batch(line, largest)]
        line.submit(job("mine", 0))
        while not is_mine(batch := run_batch(line, largest)):
            started += batch
        return started, any(image.member_id == 99 for image in line.waiting)

    started, still_flooding = started_before_me(flood)
    assume(still_flooding)
    assert started_before_me(flood + more)[0] == started
