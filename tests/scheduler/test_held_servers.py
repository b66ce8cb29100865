"""Servers are held and released at random moments, among everything else that happens to a queue."""

import random

import pytest

from kleinbot.scheduler.cost import PICTURE
from kleinbot.scheduler.entries import UniformLimit, WaitingImage
from kleinbot.scheduler.outstanding import Outstanding
from kleinbot.scheduler.queue import ImageQueue
from tests.scheduler.builders import EDIT, SMALL, Shares, job

SERVERS = range(1, 5)


class Happenings:
    """Random events of a queue."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.shares: dict[int, float] = {1: 0.5, 2: 2.0}
        self.queue = ImageQueue(Shares(self.shares))
        self.held: set[int] = set()
        self.running: list[WaitingImage] = []
        self.jobs: list[str] = []

    def happen(self) -> None:
        chance, queue = self.chance, self.queue
        server = chance.choice(SERVERS)
        acts = (self._submit, self._start, self._end, self._withdraw, self._share, self._hold, self._release)
        chance.choices(acts, (35, 25, 15, 5, 4, 8, 8))[0](server)
        assert queue.waiting_count == len(queue.waiting)

    def _submit(self, server: int) -> None:
        self.jobs.append(f"{len(self.jobs)}")
        member, shape = 10 * server + self.chance.randrange(3), self.chance.choice((SMALL, EDIT, PICTURE))
        count = self.chance.randrange(1, 5)
        self.queue.submit(job(self.jobs[-1], member, count, server_id=server, shape=shape))

    def _start(self, _: int) -> None:
        batch = self.queue.next_batch(UniformLimit(self.chance.choice((1, 4))))
        assert not {image.server_id for image in batch} & self.held
        if not batch:
            assert {image.server_id for image in self.queue.waiting} <= self.held
        self.running += batch

    def _end(self, _: int) -> None:
        if self.running:
            image = self.running.pop(self.chance.randrange(len(self.running)))
            if self.chance.random() < 0.3:
                self.queue.returned(image.key)
            else:
                self.queue.finished(image.key, 2 * self.chance.random())

    def _withdraw(self, _: int) -> None:
        if self.jobs:
            self.queue.withdraw(self.chance.choice(self.jobs))

    def _share(self, server: int) -> None:
        self.shares[server] = self.chance.choice((0.5, 1.0, 3.0))
        self.queue.weights_changed()

    def _hold(self, server: int) -> None:
        self.held.add(server)
        self.queue.hold(server)

    def _release(self, server: int) -> None:
        assert self.queue.release(server) == (server in self.held)
        self.held.discard(server)

    def counted_anew(self) -> Outstanding:
        anew = Outstanding(Shares(self.shares))
        for server in self.held:
            anew.hold(server)
        for image in (*self.queue.waiting, *self.queue.running):
            anew.add(image)
        return anew


@pytest.mark.parametrize("seed", range(40))
def test_nothing_held_is_started_and_all_the_rest_is(seed: int) -> None:
    happenings = Happenings(seed)
    queue = happenings.queue
    for _ in range(100):
        happenings.happen()
    anew = happenings.counted_anew()
    assert queue.outstanding.cost() == anew.cost()
    for server in SERVERS:
        assert queue.outstanding.part(server) == pytest.approx(anew.part(server))
        member = 10 * server
        assert queue.outstanding.part(server, member) == pytest.approx(anew.part(server, member))
    for server in SERVERS:
        queue.release(server)
    for image in happenings.running:
        queue.finished(image.key, 1.0)
    while batch := queue.next_batch(UniformLimit(4)):
        for image in batch:
            queue.finished(image.key, 1.0)
    assert queue.waiting_count == 0
    assert queue.outstanding.cost() == 0


def test_weights_change_while_only_what_is_held_waits() -> None:
    queue = ImageQueue()
    for server in (2, 3, 1):
        queue.submit(job(f"of {server}", server, 1, server_id=server))
    for _ in range(2):
        [image] = queue.next_batch(UniformLimit(1))
        queue.finished(image.key, 5.0)
    queue.hold(1)
    queue.weights_changed()
    assert queue.release(1)
    assert queue.next_due() is not None
