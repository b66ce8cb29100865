"""The queue: which images wait, which run, and whose turn it is.

One thread owns it. It holds nothing that cannot be rebuilt from ``tags()`` and the rows of the images.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job import Lane
from kleinbot.domain.job_spec import ImageKey
from kleinbot.scheduler import tag_changes
from kleinbot.scheduler.accounts import Charge
from kleinbot.scheduler.batches import start_batch
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.deadlines import Deadlines
from kleinbot.scheduler.entries import BatchLimits, EqualWeights, Tag, WaitingImage, Weights
from kleinbot.scheduler.fair import FairOrder
from kleinbot.scheduler.forecast import ONE_ENGINE, Expected, Forecast, Overtaking, RunningBatch
from kleinbot.scheduler.outstanding import Outstanding
from kleinbot.scheduler.start_tag_order import Turn
from kleinbot.scheduler.tag_changes import TagChanges

_MOST_LOOKED_AT = 200
"""The search for an image that may pass a running batch ends here: each of the batch's steps repeats it."""


@dataclass(eq=False)
class _Job:
    """A job's images that wait and run. ``deadline_ms`` None: nothing is promised, or no longer."""

    server_id: int
    member_id: int
    lane: Lane
    deadline_ms: int | None
    waiting: dict[ImageKey, WaitingImage] = field(default_factory=dict)
    running: int = 0


class ImageQueue:
    """Every image that waits or runs, in fair order."""

    def __init__(self, weights: Weights | None = None) -> None:
        self._weights = weights or EqualWeights()
        self._order = FairOrder(self._weights)
        self._outstanding = Outstanding(self._weights)
        self._numbers = count(1)
        self._waiting: OrderedDict[ImageKey, WaitingImage] = OrderedDict()
        self._charges: dict[ImageKey, Charge] = {}
        self._begun: dict[ImageKey, RunningBatch] = {}
        self._jobs: dict[str, _Job] = {}
        self._deadlines = Deadlines()
        self._overtaking = Overtaking()

    # Changes

    def submit(self, images: Iterable[WaitingImage]) -> None:
        """Add accepted images. Raises ValueError where one is in the queue already."""
        numbers: dict[str, int] = {}
        for image in images:
            if image.key in self._waiting or image.key in self._charges:
                raise ValueError(f"{image.key} is in the queue already")
            job_id = image.key.job_id
            numbers[job_id] = numbers.get(job_id) or next(self._numbers)
            numbered = replace(image, number=numbers[job_id])
            self._wait(numbered)
            self._order.add(numbered)

    def withdraw(self, job_id: str) -> tuple[WaitingImage, ...]:
        """Remove a job's waiting images, uncharged, and return them; running ones go on."""
        job = self._jobs.get(job_id)
        if job is None:
            return ()
        withdrawn = tuple(sorted(job.waiting.values(), key=lambda image: image.order))
        for image in withdrawn:
            del self._waiting[image.key]
            self._outstanding.remove(image)
        job.waiting.clear()
        self._order.remove(withdrawn)
        self._forget_if_ended(job_id)
        return withdrawn

    def drop_deadline(self, job_id: str) -> None:
        """Take back the promise to a job; its images keep their places."""
        self._jobs[job_id].deadline_ms = None

    def hold(self, server_id: int) -> None:
        """Start nothing of a server until it is released; its jobs keep their order."""
        self._order.hold(server_id)
        self._outstanding.hold(server_id)

    def release(self, server_id: int) -> bool:
        """Let a server's jobs have their turns again; say whether it was held."""
        self._outstanding.release(server_id)
        return self._order.release(server_id)

    def weights_changed(self) -> None:
        """Charge the waiting and the running images by the new ``weights``."""
        self._outstanding.weights_changed()
        before = self._charges
        self._charges = {key: tag_changes.recharged(each, self._weights) for key, each in before.items()}
        self._order.weights_changed(tag_changes.reweighed(self._order, before.values(), self._weights))
        for begun in self._begun.values():
            begun.charges = [self._charges[charge.image.key] for charge in begun.charges]

    def next_batch(
        self, limits: BatchLimits, passing: Sequence[ImageKey] = (), engine: int = 0
    ) -> tuple[WaitingImage, ...]:
        """Return the images that ``engine`` runs next, all of one shape; empty where none may.

        The images count as running from now on. The first one is the one whose turn it is; those that join it
        start earlier than they would alone. ``passing``: the batch that rests beside the engine meanwhile, so
        only what ``passes`` it is returned. Handle what ``overdue`` names first: an image is started here
        however late it is.
        """
        first = self._passing(passing) if passing else self._order.first
        if first is None:
            return ()
        most_cost = self._begun[passing[0]].left_cost if passing else inf
        charges = start_batch(self._order, first, limits, most_cost)
        oldest = next(each for each in self._waiting.values() if not self._order.is_held(each.server_id))
        self._overtaking.note(oldest.number, [charge.image for charge in charges])
        begun = RunningBatch(charges, engine)
        for charge in charges:
            del self._waiting[charge.image.key]
            del self._jobs[charge.image.key.job_id].waiting[charge.image.key]
            self._run(charge, begun)
        return tuple(charge.image for charge in charges)

    def worked(self, keys: Collection[ImageKey], fraction_done: float, used_cost: float) -> None:
        """Note how far a batch is: ``fraction_done`` of its steps, ``used_cost`` pictures for each image.

        ``CostModel.measured_cost`` computes the cost from the image's part of the seconds on the GPU.
        """
        for key in keys:
            if (begun := self._begun.get(key)) is not None:
                begun.fraction_done, begun.used_cost = fraction_done, used_cost
                return

    def passed(self, keys: Sequence[ImageKey], cost: float) -> None:
        """Note that ``cost`` pictures of work have been let past the batch of ``keys``."""
        self._begun[keys[0]].passed_cost += cost

    def finished(self, key: ImageKey, measured_cost: float | None) -> None:
        """End a running image, done or failed, and charge ``measured_cost`` pictures (None: no change).

        ``CostModel.measured_cost`` computes the cost from the image's part of its batch's seconds.
        """
        charge = self._stop_running(key)
        self._outstanding.remove(charge.image)
        self._order.correct(charge, charge.image.cost if measured_cost is None else measured_cost)
        self._forget_if_ended(key.job_id)

    def returned(self, key: ImageKey, *, alone: bool = False) -> None:
        """Return a running image to its old place and refund its charge, after a stop, a crash or a failure.

        ``alone``: it shares no batch from now on.
        """
        charge = self._stop_running(key)
        image = replace(charge.image, alone=charge.image.alone or alone)
        self._waiting[key] = image
        self._jobs[key.job_id].waiting[key] = image
        self._deadlines.note(key.job_id)
        self._order.put_back(charge, image)

    # Tags that survive a restart

    def tags(self) -> tuple[Tag, ...]:
        """Return the tags of which the order of the queue can be rebuilt after a restart."""
        return tuple(self._order.tags())

    def unkept(
        self,
        images: Sequence[WaitingImage] = (),
        *,
        withdrawn: str | None = None,
        released: int | None = None,
        weights: Weights | None = None,
    ) -> TagChanges:
        """Return the tags that have not been stored yet, as they are after a change that is made on commit.

        That is ``submit(images)``, ``withdraw(withdrawn)``, ``release(released)`` or ``weights_changed()``
        with ``weights``. Call ``kept`` once they are stored.
        """
        job = self._jobs.get(withdrawn or "")
        member = None if job is None or not job.waiting else (job.server_id, job.member_id)
        after = tag_changes.added(self._order, images) | tag_changes.removed(self._order, member)
        after |= tag_changes.released(self._order, released)
        after |= tag_changes.reweighed(self._order, self._charges.values(), weights)
        return tag_changes.unstored(self._order, after)

    def kept(self, changes: TagChanges) -> None:
        """Note that ``changes`` were stored; tags that have changed again since stay unkept."""
        self._order.stored(changes.versions)

    def restore(
        self, tags: Iterable[Tag], images: Iterable[WaitingImage], running: Collection[ImageKey] = ()
    ) -> None:
        """Rebuild an empty queue from the stored tags and every image that had not ended.

        ``images`` come in the order of their admission. ``running``: those of them that were claimed when the
        process ended; ``tags`` include their charge. They count as running until ``returned`` puts them back
        or ``finished`` ends them.
        """
        for tag in tags:
            self._order.restore(tag)
        numbers: dict[str, int] = {}
        waiting: list[WaitingImage] = []
        for image in images:
            if image.key.job_id not in numbers:
                numbers[image.key.job_id] = next(self._numbers)
            numbered = replace(image, number=numbers[image.key.job_id])
            if image.key in running:
                self._job_of(numbered)
                self._outstanding.add(numbered)
                charge = self._order.resume(numbered)
                self._run(charge, RunningBatch([charge]))
            else:
                waiting.append(numbered)
        for image in sorted(waiting, key=lambda each: each.order):
            self._wait(image)
            self._order.rejoin(image)
        self._order.restored()

    # Queries

    @property
    def waiting(self) -> tuple[WaitingImage, ...]:
        return tuple(self._waiting.values())

    @property
    def waiting_count(self) -> int:
        """How many images wait, including those of held servers."""
        return len(self._waiting)

    @property
    def running(self) -> tuple[WaitingImage, ...]:
        return tuple(charge.image for charge in self._charges.values())

    def holds(self, job_id: str) -> bool:
        """Whether an image of a job waits or runs."""
        return job_id in self._jobs

    def runs(self, job_id: str) -> bool:
        """Whether an image of a job runs."""
        job = self._jobs.get(job_id)
        return job is not None and job.running > 0

    def is_held(self, server_id: int) -> bool:
        """Whether nothing of a server is started."""
        return self._order.is_held(server_id)

    def is_running(self, key: ImageKey) -> bool:
        return key in self._charges

    def runs_alone(self, key: ImageKey) -> bool:
        """Whether an image runs that shares no batch, since it may have ended the process."""
        charge = self._charges.get(key)
        return charge is not None and charge.image.alone

    def next_due(self) -> WaitingImage | None:
        """Return the image whose turn it is, None where nothing may start."""
        first = self._order.first
        return None if first is None else first.image

    def order(self) -> tuple[WaitingImage, ...]:
        """Return the waiting images that have a turn, in their order, without batches and newcomers."""
        return tuple(self._order)

    def expected_with(
        self, images: Sequence[WaitingImage], cost_model: CostModel, engines: Sequence[int] = ONE_ENGINE
    ) -> Expected:
        """Return what could be told about one job after ``submit(images)``, without adding it."""
        latest = [replace(image, number=2**62) for image in images]
        return self.forecast(engines).of_new(latest, cost_model.s_per_picture)

    def expected(
        self, job_id: str, cost_model: CostModel, engines: Sequence[int] = ONE_ENGINE
    ) -> Expected | None:
        """Return what can be told about a job if nobody else asks, None where no image of it waits."""
        turns = self._turns_of(job_id)
        return self.forecast(engines).of_job(turns, cost_model.s_per_picture) if turns else None

    def place(self, job_id: str) -> int | None:
        """Return a job's place as people count: 3 when two jobs will start before it.

        A job of which an image has begun has the place 0 and counts for no other job. None where no image of
        the job waits.
        """
        turns = self._turns_of(job_id)
        return self.forecast().of_job(turns[:1], 0.0).place if turns else None

    def forecast(self, engines: Sequence[int] = ONE_ENGINE) -> Forecast:
        """Return the forecast for the engines that share the work, by their numbers."""
        begun = dict.fromkeys(self._begun.values())
        return Forecast(self._order, tuple(begun), self._overtaking.part, engines)

    def deadline_ms(self, job_id: str) -> int | None:
        """Return until when a job's pictures are promised, None where nothing is promised."""
        job = self._jobs.get(job_id)
        return None if job is None else job.deadline_ms

    def is_late(self, job_id: str) -> bool:
        """Whether a job waits whose promise was taken back (``drop_deadline``)."""
        job = self._jobs.get(job_id)
        return job is not None and bool(job.waiting) and job.lane is Lane.TOKEN and job.deadline_ms is None

    def overdue(self, now_ms: int, cost_model: CostModel) -> tuple[str, ...]:
        """Return the jobs that have a waiting image which misses its deadline even if it starts now."""

        def latest_start_ms(job_id: str) -> float | None:
            job = self._jobs.get(job_id)
            if job is None or not job.waiting or job.deadline_ms is None:
                return None
            shape = next(iter(job.waiting.values())).shape
            return job.deadline_ms - cost_model.expected_s(shape) * MS_PER_S

        return self._deadlines.overdue(now_ms, latest_start_ms)

    @property
    def outstanding(self) -> Outstanding:
        return self._outstanding

    def running_cost(self, server_id: int, member_id: int | None = None) -> float:
        """Return the cost of the running images of a server, or of one of its members, in pictures."""
        return sum(
            image.cost
            for image in self.running
            if image.server_id == server_id and member_id in (None, image.member_id)
        )

    def begun_with(self, key: ImageKey) -> RunningBatch:
        """Return the batch in which ``key`` was started."""
        return self._begun[key]

    def passes(self, keys: Sequence[ImageKey]) -> WaitingImage | None:
        """Return the first image that may pass the running batch ``keys``, None where none may.

        Its tag is lower, by more than δ, than what each member of the batch has used of the GPU. It takes no
        longer than the rest of the batch; otherwise the batch had better end first.
        """
        turn = self._passing(keys)
        return None if turn is None else turn.image

    # Internals

    def _passing(self, keys: Sequence[ImageKey]) -> Turn | None:
        begun = self._begun[keys[0]]
        left_cost = begun.left_cost
        for finish, turn in self._order.firsts(_MOST_LOOKED_AT):
            used = begun.used_when_due(turn, finish)
            if used == inf:
                continue
            if begun.used <= used:
                return None
            if turn.image.cost <= left_cost:
                return turn
        return None

    def _job_of(self, image: WaitingImage) -> _Job:
        job_id = image.key.job_id
        if job_id not in self._jobs:
            self._jobs[job_id] = _Job(image.server_id, image.member_id, image.lane, image.deadline_ms)
        return self._jobs[job_id]

    def _wait(self, image: WaitingImage) -> None:
        job = self._job_of(image)
        if not job.waiting and job.deadline_ms is not None:
            self._deadlines.note(image.key.job_id)
        self._waiting[image.key] = image
        job.waiting[image.key] = image
        self._outstanding.add(image)

    def _run(self, charge: Charge, begun: RunningBatch) -> None:
        self._charges[charge.image.key] = charge
        self._begun[charge.image.key] = begun
        self._jobs[charge.image.key.job_id].running += 1

    def _stop_running(self, key: ImageKey) -> Charge:
        charge = self._charges.pop(key)
        begun = self._begun.pop(key)
        begun.charges.remove(charge)
        self._jobs[key.job_id].running -= 1
        return charge

    def _turns_of(self, job_id: str) -> list[Turn]:
        job = self._jobs.get(job_id)
        if job is None or not job.waiting:
            return []
        queue = self._order.queue(job.server_id, job.member_id)
        return [turn for turn in queue if turn.image.key.job_id == job_id]

    def _forget_if_ended(self, job_id: str) -> None:
        job = self._jobs.get(job_id)
        if job is not None and not job.waiting and not job.running:
            del self._jobs[job_id]
            del self._order.begun[job_id]
