"""The line: who waits, who runs, and whose turn it is.

Owned by one thread; holds nothing that could not be rebuilt from ``tags()`` and the rows of the images.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import chain

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job import Lane
from kleinbot.domain.work import ImageKey
from kleinbot.queueing.batches import start_batch
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.fair import FairLane
from kleinbot.queueing.floor import RelaxedFloor
from kleinbot.queueing.forecast import Expected, expect, fair_order, places
from kleinbot.queueing.tags import Charge
from kleinbot.queueing.waiting import BatchLimits, EqualWeights, Tag, WaitingImage, Weights


class Line:
    """Every image that waits or runs, in fair order."""

    def __init__(self, weights: Weights | None = None) -> None:
        self._weights = weights or EqualWeights()
        self._lanes = {lane: FairLane(lane, self._weights) for lane in Lane}
        self._waiting: dict[ImageKey, WaitingImage] = {}
        self._running: dict[ImageKey, Charge] = {}
        self._begun: Counter[str] = Counter()
        self._floor = RelaxedFloor()
        self._order: tuple[WaitingImage, ...] | None = None
        self._told: dict[str, Expected] | None = None
        self._places: dict[str, int] | None = None

    # What changes the line

    def submit(self, images: Iterable[WaitingImage]) -> None:
        """Put accepted images in line, each in its own ``lane``.

        Raises ValueError where an image is in line already.
        """
        for image in images:
            if image.key in self._waiting or image.key in self._running:
                raise ValueError(f"{image.key} is in line already")
            self._waiting[image.key] = image
            self._lanes[image.lane].add(image)
        self._changed()

    def withdraw(self, job_id: str) -> tuple[WaitingImage, ...]:
        """Take a job's waiting images out of line, uncharged, and return them; running ones run on."""
        withdrawn = tuple(sorted(self._waiting_of(job_id), key=lambda image: image.order))
        for image in withdrawn:
            del self._waiting[image.key]
            self._lanes[image.lane].remove(image)
        self._forget_if_ended(job_id)
        self._changed()
        return withdrawn

    def drop_deadline(self, job_id: str) -> None:
        """Keep a job's waiting images in their place and lane, but promise no time any more."""
        for image in self._waiting_of(job_id):
            relieved = replace(image, deadline_ms=None)
            self._waiting[image.key] = relieved
            self._lanes[image.lane].swap(image, relieved)
        self._changed()

    def weights_changed(self) -> None:
        """Foresee anew: ``weights`` say something else than before."""
        self._changed()

    def next_batch(self, limits: BatchLimits) -> tuple[WaitingImage, ...]:
        """Return the images that run next, all of one shape, and mark them running; empty when none waits.

        The first is the one whose turn it is; those that join it start earlier than they would alone.
        Handle what ``overdue`` names first: this starts an image however late it is.
        """
        charges = start_batch(self._lanes[self._lane_due()], limits)
        for charge in charges:
            self._note_started(charge)
        self._changed()
        return tuple(charge.image for charge in charges)

    def finished(self, key: ImageKey, measured_cost: float) -> None:
        """End a running image, done or failed: it is charged ``measured_cost`` pictures instead.

        ``CostModel.measured_cost`` makes it of the image's part of its batch's seconds.
        """
        charge = self._running.pop(key)
        self._lanes[charge.image.lane].correct(charge, measured_cost)
        if charge.image.lane is Lane.RELAXED:
            self._floor.note_relaxed(measured_cost)
        self._forget_if_ended(key.job_id)
        self._changed()

    def returned(self, key: ImageKey, *, alone: bool = False) -> None:
        """Put a running image back to its old place and refund its charge: a clean stop, a crash, a retry.

        ``alone``: it shall not share a batch any more.
        """
        charge = self._running.pop(key)
        image = replace(charge.image, alone=charge.image.alone or alone)
        self._waiting[key] = image
        self._lanes[image.lane].put_back(replace(charge, image=image))
        self._begun[key.job_id] -= 1
        self._changed()

    # What must survive a restart

    def tags(self) -> tuple[Tag, ...]:
        """Return what fairness must remember: a few rows, to replace those kept before.

        Kept with each claim and each submission, a restart changes nothing in the order of those in line; it
        forgets the corrections and refunds since, which are those of one batch.
        """
        return tuple(tag for lane in self._lanes.values() for tag in lane.tags())

    def tags_with(self, images: Sequence[WaitingImage]) -> tuple[Tag, ...]:
        """Return what ``tags`` will be after ``submit(images)``, leaving this line as it is."""
        return tuple(tag for lane in self._lanes_with(images) for tag in lane.tags())

    def restore(
        self, tags: Iterable[Tag], images: Iterable[WaitingImage], running: Collection[ImageKey] = ()
    ) -> None:
        """Rebuild an empty line from the tags that were kept and every image that had not ended.

        ``running``: those of ``images`` that were claimed when the process ended; ``tags`` hold their
        charge. They are running in this line too until ``returned`` puts them back or ``finished`` ends them.
        """
        for tag in tags:
            self._lanes[tag.lane].restore(tag)
        for image in images:
            if image.key in running:
                self._running[image.key] = self._lanes[image.lane].resume(image)
                self._begun[image.key.job_id] += 1
            else:
                self._waiting[image.key] = image
                self._lanes[image.lane].rejoin(image)
        self._changed()

    # What may be asked

    @property
    def waiting(self) -> tuple[WaitingImage, ...]:
        return tuple(self._waiting.values())

    @property
    def running(self) -> tuple[WaitingImage, ...]:
        return tuple(charge.image for charge in self._running.values())

    def holds(self, job_id: str) -> bool:
        """Say whether an image of a job waits or runs."""
        return any(image.key.job_id == job_id for image in chain(self._waiting.values(), self.running))

    def is_running(self, key: ImageKey) -> bool:
        return key in self._running

    def next_due(self) -> WaitingImage | None:
        """Return the image whose turn it is as things stand."""
        return self._lanes[self._lane_due()].next_image()

    def order(self) -> tuple[WaitingImage, ...]:
        """Return the waiting images as they start if nobody else comes, batches left aside."""
        if self._order is None:
            self._order = tuple(image for lane in self._lanes.values() for image in fair_order(lane))
        return self._order

    def expected_with(
        self, images: Sequence[WaitingImage], cost_model: CostModel, running_left_s: float = 0.0
    ) -> Expected:
        """Return what one job could be told after ``submit(images)``, leaving this line as it is."""
        job_id, left = images[0].key.job_id, len(images)
        order: list[WaitingImage] = []
        # What comes after the job is not looked at: with a long line this runs for every request.
        for image in chain.from_iterable(fair_order(lane) for lane in self._lanes_with(images)):
            order.append(image)
            left -= image.key.job_id == job_id
            if not left:
                break
        return expect(order, +self._begun, cost_model, running_left_s)[job_id]

    def place(self, job_id: str) -> int | None:
        """Return a job's place for people: "#3 in line" when two jobs will start before it.

        A job of which a picture has begun has left the line: it is at 0 and counts for nobody else. None
        where nothing of the job waits.
        """
        if self._places is None:
            self._places = places(self.order(), +self._begun)
        return self._places.get(job_id)

    def expected(self, cost_model: CostModel, running_left_s: float = 0.0) -> dict[str, Expected]:
        """Return what every waiting job can be told, by job id.

        ``running_left_s``: how long the batch on the card still takes. Nobody who comes later is foreseen.
        """
        return expect(self.order(), +self._begun, cost_model, running_left_s)

    def expected_start_s(
        self, job_id: str, cost_model: CostModel, running_left_s: float = 0.0
    ) -> float | None:
        """Return in how many seconds a job's first waiting picture starts, None where none waits.

        Computed for all jobs at once and kept until the line changes, which it does with every batch.
        """
        if self._told is None:
            self._told = self.expected(cost_model)
        told = self._told.get(job_id)
        return None if told is None else told.start_s + running_left_s

    def is_late(self, job_id: str) -> bool:
        """Say whether a job of the token lane waits without a promise any more (``drop_deadline``)."""
        return any(
            image.lane is Lane.TOKEN and image.deadline_ms is None for image in self._waiting_of(job_id)
        )

    def overdue(self, now_ms: int, cost_model: CostModel) -> tuple[WaitingImage, ...]:
        """Return the waiting images that would miss their deadline even if they started now."""
        return tuple(
            image
            for image in self._waiting.values()
            if image.deadline_ms is not None
            and now_ms + cost_model.expected_s(image.shape) * MS_PER_S > image.deadline_ms
        )

    def outstanding_cost(
        self, *, server_id: int | None = None, member_id: int | None = None, lane: Lane | None = None
    ) -> float:
        """Return the pictures' worth of waiting and running work, of everybody or of whom is named."""
        return sum(
            image.cost
            for image in chain(self._waiting.values(), self.running)
            if server_id in (None, image.server_id)
            and member_id in (None, image.member_id)
            and lane in (None, image.lane)
        )

    def overtaker(self, keys: Collection[ImageKey], fraction_done: float) -> WaitingImage | None:
        """Return the image whose turn it is, if it is due before what is left of the running ``keys``.

        Within a lane: if its tag is lower, by more than δ, than what each of them has used: its tag at the
        start and ``fraction_done`` of its charge. The token lane passes the relaxed lane unless that is owed.
        """
        image = self.next_due()
        if image is None:
            return None
        charges = [self._running[key] for key in keys]
        if image.lane is charges[0].image.lane:
            lane = self._lanes[image.lane]
            return image if all(lane.passes(image, charge, fraction_done) for charge in charges) else None
        left_cost = sum(charge.image.cost for charge in charges) * (1 - fraction_done)
        return image if image.lane is Lane.TOKEN and not self._floor.covers(left_cost) else None

    # Within

    def _lanes_with(self, images: Sequence[WaitingImage]) -> Iterable[FairLane]:
        """Return the lanes as they would be with ``images``; those that change are copies."""
        changing = {image.lane for image in images}
        lanes = {lane: each.copy() if lane in changing else each for lane, each in self._lanes.items()}
        for image in images:
            lanes[image.lane].add(image)
        return lanes.values()

    def _waiting_of(self, job_id: str) -> list[WaitingImage]:
        return [image for image in self._waiting.values() if image.key.job_id == job_id]

    def _forget_if_ended(self, job_id: str) -> None:
        if not self.holds(job_id):
            del self._begun[job_id]

    def _lane_due(self) -> Lane:
        if not self._lanes[Lane.TOKEN].waiting:
            return Lane.RELAXED
        first = self._lanes[Lane.RELAXED].next_image()
        if first is None:
            return Lane.TOKEN
        running_cost = sum(image.cost for image in self.running if image.lane is Lane.RELAXED)
        return Lane.RELAXED if self._floor.covers(running_cost + first.cost) else Lane.TOKEN

    def _note_started(self, charge: Charge) -> None:
        image = charge.image
        del self._waiting[image.key]
        self._running[image.key] = charge
        self._begun[image.key.job_id] += 1
        if image.lane is Lane.TOKEN and not self._lanes[Lane.RELAXED].is_idle:
            self._floor.note_token(image.cost)

    def _changed(self) -> None:
        if self._lanes[Lane.RELAXED].is_idle:
            self._floor.clear()
        self._order = None
        self._places = None
        self._told = None
