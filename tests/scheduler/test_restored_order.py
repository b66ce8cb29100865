"""After every change of the queue, a restart leaves the order as it is.

The tags are stored as the product stores them: before a change that its transaction makes once committed,
and after one made within the transaction.
"""

import copy
import random

import pytest

from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import MemberKey
from kleinbot.scheduler.cost import PICTURE
from kleinbot.scheduler.entries import Shape, Tag, UniformLimit, WaitingImage
from kleinbot.scheduler.fair import Owner
from kleinbot.scheduler.queue import ImageQueue
from kleinbot.scheduler.tag_changes import TagChanges
from kleinbot.usecases.owner.server_shares import ServerShares
from tests.scheduler.builders import EDIT, SMALL, job

SERVERS = (1, 2, 3)
MEMBERS = (1, 2)
STEPS = 40
MEASURED = (0.0, 0.5, 0.999, 1.0, 1.001, 1.4)
"""What an image took, as a part of its charge. From the small errors a member owes something for a while."""


class StoredQueue:
    """A queue to which something happens by chance, and the tags that are stored meanwhile."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.weights = ServerShares()
        self.queue = ImageQueue(self.weights)
        self.stored: dict[Owner, Tag] = {}
        self.stopped: set[ImageKey] = set()
        self.held: set[int] = set()
        self.jobs: list[str] = []
        self._leave_the_allowance()

    def _leave_the_allowance(self) -> None:
        """Within it, members are served in the order of asking, whatever their tags."""
        for server in SERVERS:
            for member in MEMBERS:
                self._submit_for(server, member, 2, EDIT)
        while self.queue.waiting:
            self._start(1)
            self._end_running(1.0)

    def happen(self) -> str:
        """Make one change; return its name."""
        acts = {
            self._submit: 30,
            self._draw: 25,
            self._start: 8,
            self._finish_one: 6,
            self._withdraw: 10,
            self._put_back: 4,
            self._hold: 6,
            self._release: 8,
            self._set_share: 4,
            self._set_weight: 4,
        }
        act = self.chance.choices(list(acts), list(acts.values()))[0]
        act()
        return act.__name__

    def _submit(self) -> None:
        server, member = self.chance.choice(SERVERS), self.chance.choice(MEMBERS)
        self._submit_for(
            server, member, self.chance.randint(1, 4), self.chance.choice((PICTURE, SMALL, EDIT))
        )

    def _submit_for(self, server: int, member: int, count: int, shape: Shape) -> None:
        self.jobs.append(f"job-{len(self.jobs):03}")
        images = job(self.jobs[-1], member, count, server_id=server, shape=shape)
        self.queue.kept(self._store(self.queue.unkept(images)))
        self.queue.submit(images)

    def _withdraw(self) -> None:
        job_id = self.chance.choice(self.jobs)
        self._store(self.queue.unkept(withdrawn=job_id))
        self.queue.withdraw(job_id)
        self.stopped |= {image.key for image in self.queue.running if image.key.job_id == job_id}

    def _draw(self) -> None:
        self._start()
        self._end_running(self.chance.choice(MEASURED))

    def _start(self, largest: int | None = None) -> None:
        if not self.queue.running:
            self.queue.next_batch(UniformLimit(largest or self.chance.randint(1, 4)))
            self._keep()

    def _end_running(self, factor: float) -> None:
        for image in self.queue.running:
            self._finish(image, factor)

    def _finish_one(self) -> None:
        if self.queue.running:
            self._finish(self.chance.choice(self.queue.running), self.chance.choice(MEASURED))

    def _finish(self, image: WaitingImage, factor: float) -> None:
        self.queue.finished(image.key, image.cost * factor)
        self._keep()

    def _put_back(self) -> None:
        put_back(self.queue, self.stopped, alone=self.chance.random() < 0.5)
        self._keep()

    def _hold(self) -> None:
        server = self.chance.choice(SERVERS)
        self.held.add(server)
        self.queue.hold(server)

    def _release(self) -> None:
        server = self.chance.choice(SERVERS)
        self._store(self.queue.unkept(released=server))
        self.queue.release(server)
        self.held.discard(server)

    def _set_share(self) -> None:
        server, share = self.chance.choice(SERVERS), self.chance.choice((0.3, 1.0, 3.0))
        changed = self.weights.copied()
        changed.set_share(server, share)
        self._store(self.queue.unkept(weights=changed))
        self.weights.set_share(server, share)
        self.queue.weights_changed()

    def _set_weight(self) -> None:
        member = MemberKey(self.chance.choice(SERVERS), self.chance.choice(MEMBERS))
        weight, changed = self.chance.choice((0.3, 1.0, 3.0)), self.weights.copied()
        changed.set_weight(member, weight)
        self._store(self.queue.unkept(weights=changed))
        self.weights.set_weight(member, weight)
        self.queue.weights_changed()

    def _keep(self) -> None:
        self.queue.kept(self._store(self.queue.unkept()))

    def _store(self, changes: TagChanges) -> TagChanges:
        for owner, tag in changes.tags.items():
            if tag is None:
                self.stored.pop(owner, None)
            else:
                self.stored[owner] = tag
        return changes

    def restored(self) -> ImageQueue:
        """Return the queue as a restart builds it, with what ran back in its place."""
        every = sorted((*self.queue.waiting, *self.queue.running), key=lambda image: image.order)
        images = [image for image in every if image.key not in self.stopped]
        running = {image.key for image in self.queue.running} - self.stopped
        restored = ImageQueue(self.weights)
        restored.restore(self.stored.values(), images, running)
        for server in self.held:
            restored.hold(server)
        put_back(restored, set())
        return restored

    def lived(self) -> ImageQueue:
        """Return the queue as it is where what runs goes back to its place."""
        lived = copy.deepcopy(self.queue)
        put_back(lived, self.stopped)
        return lived


def put_back(queue: ImageQueue, stopped: set[ImageKey], *, alone: bool = False) -> None:
    """Return what runs to its place; what is ``stopped`` ends instead and keeps its charge."""
    for image in queue.running:
        if image.key in stopped:
            queue.finished(image.key, None)
        else:
            queue.returned(image.key, alone=alone)


def order(queue: ImageQueue) -> list[ImageKey]:
    return [image.key for image in queue.order()]


@pytest.mark.parametrize("seed", range(60))
def test_a_restart_changes_no_order_and_gives_newcomers_the_same_turn(seed: int) -> None:
    stored = StoredQueue(seed)
    happened = []
    for _ in range(STEPS):
        happened.append(stored.happen())
        lived, restored = stored.lived(), stored.restored()
        assert order(restored) == order(lived), happened
        assert set(restored.tags()) == set(lived.tags()), happened
        for queue in (lived, restored):
            for server in (*SERVERS, 4):
                queue.submit(job(f"new {server}", 9, 1, server_id=server))
        assert order(restored) == order(lived), happened
