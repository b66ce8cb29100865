"""Servers are held and released at any moment, among all else that happens to a line."""

import random

import pytest

from kleinbot.queueing.cost import PICTURE
from kleinbot.queueing.line import Line
from kleinbot.queueing.outstanding import Outstanding
from kleinbot.queueing.waiting import UniformLimit, WaitingImage
from tests.queueing.making import EDIT, SMALL, Shares, job

SERVERS = range(1, 5)


class Happenings:
    """What happens to a line, by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.shares: dict[int, float] = {1: 0.5, 2: 2.0}
        self.line = Line(Shares(self.shares))
        self.held: set[int] = set()
        self.running: list[WaitingImage] = []
        self.jobs: list[str] = []

    def happen(self) -> None:
        chance, line = self.chance, self.line
        server = chance.choice(SERVERS)
        acts = (self._submit, self._start, self._end, self._withdraw, self._share, self._hold, self._release)
        chance.choices(acts, (35, 25, 15, 5, 4, 8, 8))[0](server)
        assert line.waiting_count == len(line.waiting)

    def _submit(self, server: int) -> None:
        self.jobs.append(f"{len(self.jobs)}")
        member, shape = 10 * server + self.chance.randrange(3), self.chance.choice((SMALL, EDIT, PICTURE))
        count = self.chance.randrange(1, 5)
        self.line.submit(job(self.jobs[-1], member, count, server_id=server, shape=shape))

    def _start(self, _: int) -> None:
        batch = self.line.next_batch(UniformLimit(self.chance.choice((1, 4))))
        assert not {image.server_id for image in batch} & self.held
        if not batch:
            assert {image.server_id for image in self.line.waiting} <= self.held
        self.running += batch

    def _end(self, _: int) -> None:
        if self.running:
            image = self.running.pop(self.chance.randrange(len(self.running)))
            if self.chance.random() < 0.3:
                self.line.returned(image.key)
            else:
                self.line.finished(image.key, 2 * self.chance.random())

    def _withdraw(self, _: int) -> None:
        if self.jobs:
            self.line.withdraw(self.chance.choice(self.jobs))

    def _share(self, server: int) -> None:
        self.shares[server] = self.chance.choice((0.5, 1.0, 3.0))
        self.line.weights_changed()

    def _hold(self, server: int) -> None:
        self.held.add(server)
        self.line.hold(server)

    def _release(self, server: int) -> None:
        assert self.line.release(server) == (server in self.held)
        self.held.discard(server)

    def counted_anew(self) -> Outstanding:
        anew = Outstanding(Shares(self.shares))
        for server in self.held:
            anew.hold(server)
        for image in (*self.line.waiting, *self.line.running):
            anew.add(image)
        return anew


@pytest.mark.parametrize("seed", range(40))
def test_nothing_held_is_started_and_all_the_rest_is(seed: int) -> None:
    happenings = Happenings(seed)
    line = happenings.line
    for _ in range(100):
        happenings.happen()
    anew = happenings.counted_anew()
    assert line.outstanding.cost() == anew.cost()
    for server in SERVERS:
        assert line.outstanding.part(server) == pytest.approx(anew.part(server))
        member = 10 * server
        assert line.outstanding.part(server, member) == pytest.approx(anew.part(server, member))
    for server in SERVERS:
        line.release(server)
    for image in happenings.running:
        line.finished(image.key, 1.0)
    while batch := line.next_batch(UniformLimit(4)):
        for image in batch:
            line.finished(image.key, 1.0)
    assert line.waiting_count == 0
    assert line.outstanding.cost() == 0


def test_weights_change_while_only_what_is_held_waits() -> None:
    line = Line()
    for server in (2, 3, 1):
        line.submit(job(f"of {server}", server, 1, server_id=server))
    for _ in range(2):
        [image] = line.next_batch(UniformLimit(1))
        line.finished(image.key, 5.0)
    line.hold(1)
    line.weights_changed()
    assert line.release(1)
    assert line.next_due() is not None
