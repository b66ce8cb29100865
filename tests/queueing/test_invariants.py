"""The properties of ``kleinbot/docs/invariants.md`` that the policy alone can keep, after every step."""

from collections import defaultdict
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kleinbot.domain.job import Lane, Told
from kleinbot.domain.work import ImageKey
from kleinbot.queueing.cost import PICTURE, CostModel, cost
from kleinbot.queueing.fair import Owner
from kleinbot.queueing.line import Line
from kleinbot.queueing.tags import ALLOWANCE, LONG_COST, TOLERANCE, units
from kleinbot.queueing.waiting import Shape, Tag, UniformLimit, WaitingImage
from tests.queueing.making import EDIT, SMALL, Shares, job

WEIGHTS = Shares(shares={1: 1.0, 2: 0.5}, weights={1: 3.0, 2: 1.0, 3: 0.3})
LARGEST_BATCH = 4
LARGEST_MEASURED = 1.5
MODEL = CostModel(1.0)

servers = st.sampled_from([1, 2])
members = st.sampled_from([1, 2, 3])
measured = st.floats(0.5, LARGEST_MEASURED)


class LineMachine(RuleBasedStateMachine):
    """One card: a batch ends, image by image, before the next one starts."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(WEIGHTS)
        self.waiting: dict[ImageKey, WaitingImage] = {}
        self.running: dict[ImageKey, WaitingImage] = {}
        self.ended: set[ImageKey] = set()
        self.kept: dict[Owner, Tag] = {}
        self.now_ms = 0
        self.jobs = 0

    @rule(
        server=servers,
        member=members,
        count=st.integers(1, 4),
        shape=st.sampled_from([PICTURE, SMALL, EDIT]),
        lane=st.sampled_from([Lane.TOKEN, Lane.TOKEN, Lane.RELAXED]),
        promised_s=st.none() | st.integers(1, 60),
    )
    def submit(
        self, server: int, member: int, count: int, shape: Shape, lane: Lane, promised_s: int | None
    ) -> None:
        deadline_ms = None if promised_s is None or lane is Lane.RELAXED else self.now_ms + promised_s * 1000
        self.jobs += 1
        images = job(
            f"job-{self.jobs:04}",
            member,
            count,
            server_id=server,
            shape=shape,
            deadline_ms=deadline_ms,
            lane=lane,
        )
        self._keep(images)
        self.line.submit(images)
        self.waiting |= {image.key: image for image in self.line.waiting if image.key not in self.waiting}

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(sorted({key.job_id for key in self.waiting})))
        before = {tag.owner: tag.finish for tag in self.line.tags() if tag.member_id is not None}
        withdrawn = self.line.withdraw(job_id)
        assert {image.key for image in withdrawn} == {key for key in self.waiting if key.job_id == job_id}
        # No more than what ended pictures had taken beyond their charge.
        for tag in self.line.tags():
            if tag.member_id is not None:
                assert abs(tag.finish - before[tag.owner]) <= TOLERANCE // 100 * len(self.waiting)
        self._keep()
        for image in withdrawn:
            del self.waiting[image.key]
            self.ended.add(image.key)

    @precondition(lambda self: not self.running)
    @rule(largest=st.integers(1, LARGEST_BATCH))
    def start(self, largest: int) -> None:
        self._relieve_the_overdue()
        batch = self.line.next_batch(UniformLimit(largest))
        self._keep()
        assert bool(batch) == bool(self.waiting), "work is conserved"
        assert len(batch) <= (1 if any(image.alone for image in batch) else largest)
        assert len({image.shape for image in batch}) <= 1
        for image in batch:
            self._assert_oldest_of_its_member(image)
            deadline_ms = self.line.deadline_ms(image.key.job_id)
            assert deadline_ms is None or self.now_ms + image.cost * 1000 <= deadline_ms
            self.running[image.key] = self.waiting.pop(image.key)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), factor=measured)
    def finish(self, data: st.DataObject, factor: float) -> None:
        key = data.draw(st.sampled_from(sorted(self.running)))
        image = self.running.pop(key)
        self.now_ms += round(image.cost * factor * 1000)
        self.line.finished(key, image.cost * factor)
        self._keep()
        self.ended.add(key)

    @precondition(lambda self: self.running)
    @rule(alone=st.booleans())
    def give_back(self, alone: bool) -> None:
        for key, image in self.running.items():
            self.line.returned(key, alone=alone)
            self.waiting[key] = replace(image, alone=image.alone or alone)
        self.running.clear()
        self._keep()

    @rule()
    def restart(self) -> None:
        """What survives: the tags as of the last change, and the rows of the jobs as they were admitted."""
        images = sorted([*self.waiting.values(), *self.running.values()], key=lambda image: image.order)
        before = [image.key for image in self.line.order()]
        self.line = Line(WEIGHTS)
        self.line.restore(self.kept.values(), images, set(self.running))
        assert [image.key for image in self.line.order()] == before
        self.waiting = {image.key: image for image in self.line.waiting}
        self.running = {image.key: image for image in self.line.running}

    @invariant()
    def every_image_is_in_one_state(self) -> None:
        assert {image.key: image for image in self.line.waiting} == self.waiting
        assert {image.key: image for image in self.line.running} == self.running
        assert not self.ended & (self.waiting.keys() | self.running.keys())

    @invariant()
    def the_order_told_is_complete(self) -> None:
        order = self.line.order()
        assert sorted(image.key for image in order) == sorted(self.waiting)
        unbegun = {key.job_id for key in self.waiting} - {key.job_id for key in self.running}
        placed = sorted(self.line.place(job_id) or 0 for job_id in unbegun)
        assert [place for place in placed if place] == list(range(1, sum(map(bool, placed)) + 1))

    @invariant()
    def what_is_kept_is_every_tag(self) -> None:
        self._keep()
        assert set(self.kept.values()) == set(self.line.tags())

    @invariant()
    def what_is_told_is_the_order(self) -> None:
        """Of a line of which nothing runs: what starts before a picture is what stands before it.

        Unless that is long work, which lets others pass, or whoever comes later is foreseen.
        """
        before, is_long = 0.0, False
        told: set[str] = set()
        for image in self.line.order():
            job_id = image.key.job_id
            if not self.running and job_id not in told:
                expected = self.line.expected(job_id, MODEL)
                assert expected is not None
                assert expected.start_s >= 0
                if expected.told is Told.STARTS and not is_long:
                    assert abs(expected.start_s - before) < 1e-3
            told.add(job_id)
            before += image.cost
            is_long = is_long or image.cost >= LONG_COST

    @invariant()
    def nobody_with_work_gets_far_ahead_of_anybody_with_work(self) -> None:
        """Started tags exceed the lowest by δ at most, so tags lie within one charge, the allowance and δ of

        each other; a batch in hand may be corrected by half of what it was charged.
        """
        finish: dict[object, list[int]] = defaultdict(list)
        backlogged = {(image.server_id, image.member_id) for image in self.waiting.values()}
        for tag in self.line.tags():
            if (tag.server_id, tag.member_id) in backlogged:
                finish[tag.server_id].append(tag.finish)
            if tag.member_id is None and any(tag.server_id == server_id for server_id, _ in backlogged):
                finish[None].append(tag.finish)
        largest = units(cost(EDIT), 0.3)
        bound = ALLOWANCE + TOLERANCE + largest * (1 + LARGEST_BATCH * (LARGEST_MEASURED - 1))
        assert all(max(tags) - min(tags) <= bound for tags in finish.values())

    def _relieve_the_overdue(self) -> None:
        for job_id in self.line.overdue(self.now_ms, MODEL):
            self.line.drop_deadline(job_id)

    def _keep(self, images: tuple[WaitingImage, ...] = ()) -> None:
        """Write what has changed, as the database does."""
        changes = self.line.unkept(images)
        for owner, tag in changes.tags.items():
            if tag is None:
                self.kept.pop(owner, None)
            else:
                self.kept[owner] = tag
        self.line.kept(changes)

    def _assert_oldest_of_its_member(self, image: WaitingImage) -> None:
        whose = (image.server_id, image.member_id)
        mine = [
            waiting for waiting in self.waiting.values() if (waiting.server_id, waiting.member_id) == whose
        ]
        assert image.order == min(waiting.order for waiting in mine)


LineMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLine = LineMachine.TestCase
