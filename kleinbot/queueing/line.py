"""The line: who waits, who runs, and whose turn it is.

Owned by one thread; holds nothing that could not be rebuilt from ``tags()`` and the rows of the images.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from math import inf

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job import Lane
from kleinbot.domain.work import ImageKey
from kleinbot.queueing.batches import start_batch
from kleinbot.queueing.cost import CostModel
from kleinbot.queueing.fair import FairOrder, Owner
from kleinbot.queueing.forecast import Begun, Expected, Forecast, Overtaking
from kleinbot.queueing.outstanding import Outstanding
from kleinbot.queueing.tags import Charge
from kleinbot.queueing.turns import Turn
from kleinbot.queueing.waiting import BatchLimits, EqualWeights, Tag, WaitingImage, Weights

_MOST_LOOKED_AT = 200
"""Among so many turns one is looked for that may pass a running batch: this is done at each of its steps."""

_LOOK_AHEAD_MS = 60_000
"""So long before its latest start a promise is looked at every time: until then the card may slow down."""


@dataclass(eq=False)
class _Job:
    """What of a job waits and runs. ``deadline_ms`` None: nothing is promised, or not any more."""

    server_id: int
    member_id: int
    lane: Lane
    deadline_ms: int | None
    waiting: dict[ImageKey, WaitingImage] = field(default_factory=dict)
    running: int = 0


@dataclass(frozen=True)
class TagChanges:
    """The tags that were not kept yet, None where one is to be forgotten."""

    tags: dict[Owner, Tag | None]
    versions: dict[Owner, int]


class Line:
    """Every image that waits or runs, in fair order."""

    def __init__(self, weights: Weights | None = None) -> None:
        self._weights = weights or EqualWeights()
        self._order = FairOrder(self._weights)
        self._outstanding = Outstanding(self._weights)
        self._numbers = count(1)
        self._waiting: OrderedDict[ImageKey, WaitingImage] = OrderedDict()
        self._charges: dict[ImageKey, Charge] = {}
        self._begun: dict[ImageKey, Begun] = {}
        self._jobs: dict[str, _Job] = {}
        self._deadlines: list[tuple[float, str]] = []
        self._overtaking = Overtaking()

    # What changes the line

    def submit(self, images: Iterable[WaitingImage]) -> None:
        """Put accepted images in line. Raises ValueError where one is there already."""
        numbers: dict[str, int] = {}
        for image in images:
            if image.key in self._waiting or image.key in self._charges:
                raise ValueError(f"{image.key} is in line already")
            job_id = image.key.job_id
            numbers[job_id] = numbers.get(job_id) or next(self._numbers)
            numbered = replace(image, number=numbers[job_id])
            self._wait(numbered)
            self._order.add(numbered)

    def withdraw(self, job_id: str) -> tuple[WaitingImage, ...]:
        """Take a job's waiting images out of line, uncharged, and return them; running ones run on."""
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
        """Keep a job's images in their places, but promise no time any more."""
        self._jobs[job_id].deadline_ms = None

    def hold(self, server_id: int) -> None:
        """Start nothing of a server until it is released; its jobs keep their places."""
        self._order.hold(server_id)
        self._outstanding.hold(server_id)

    def release(self, server_id: int) -> bool:
        """Let a server's jobs have their turns again; say whether it was held."""
        self._outstanding.release(server_id)
        return self._order.release(server_id)

    def weights_changed(self) -> None:
        """Charge and foresee anew: ``weights`` say something else than before."""
        self._outstanding.weights_changed()
        self._order.weights_changed()

    def next_batch(self, limits: BatchLimits, passing: Sequence[ImageKey] = ()) -> tuple[WaitingImage, ...]:
        """Return the images that run next, all of one shape, and mark them running; empty when none may.

        The first is the one whose turn it is; those that join it start earlier than they would alone.
        ``passing``: a begun batch rests meanwhile, so only what ``passes`` it. Handle what ``overdue`` names
        first: this starts an image however late it is.
        """
        first = self._passing(passing) if passing else self._order.first
        if first is None:
            return ()
        most_cost = self._begun[passing[0]].left_cost if passing else inf
        charges = start_batch(self._order, first, limits, most_cost)
        oldest = next(each for each in self._waiting.values() if not self._order.is_held(each.server_id))
        self._overtaking.note(oldest.number, [charge.image for charge in charges])
        begun = Begun(charges)
        for charge in charges:
            del self._waiting[charge.image.key]
            del self._jobs[charge.image.key.job_id].waiting[charge.image.key]
            self._run(charge, begun)
        return tuple(charge.image for charge in charges)

    def worked(self, keys: Collection[ImageKey], fraction_done: float, used_cost: float) -> None:
        """Note how far a batch is: ``fraction_done`` of its steps, ``used_cost`` pictures for each image.

        ``CostModel.measured_cost`` makes it of the image's part of the seconds on the card.
        """
        for key in keys:
            if (begun := self._begun.get(key)) is not None:
                begun.fraction_done, begun.used_cost = fraction_done, used_cost
                return

    def finished(self, key: ImageKey, measured_cost: float) -> None:
        """End a running image, done or failed: it is charged ``measured_cost`` pictures instead.

        ``CostModel.measured_cost`` makes it of the image's part of its batch's seconds.
        """
        charge = self._stop_running(key)
        self._outstanding.remove(charge.image)
        self._order.correct(charge, measured_cost)
        self._forget_if_ended(key.job_id)

    def returned(self, key: ImageKey, *, alone: bool = False) -> None:
        """Put a running image back to its old place and refund its charge: a clean stop, a crash, a retry.

        ``alone``: it shall not share a batch any more.
        """
        charge = self._stop_running(key)
        image = replace(charge.image, alone=charge.image.alone or alone)
        self._waiting[key] = image
        self._jobs[key.job_id].waiting[key] = image
        heappush(self._deadlines, (0.0, key.job_id))
        self._order.put_back(charge, image)

    # What must survive a restart

    def tags(self) -> tuple[Tag, ...]:
        """Return what fairness must remember.

        Kept with each claim and each submission, a restart changes nothing in the order of those in line; it
        forgets the corrections and refunds since, which are those of one batch.
        """
        return tuple(self._order.tags())

    def unkept(self, images: Sequence[WaitingImage] = ()) -> TagChanges:
        """Return which tags were not kept yet, as they will be after ``submit(images)``.

        Once they are kept, ``kept`` must be told.
        """
        versions = dict(self._order.changed)
        tags = {owner: self._order.tag(owner) for owner in versions}
        for image in images[:1]:
            finish, member_finish = self._order.lifted(image)
            server = self._order.servers.get(image.server_id)
            virtual = 0 if server is None else server.virtual
            tags[image.server_id, None] = Tag(image.server_id, None, finish, virtual)
            tags[image.server_id, image.member_id] = Tag(image.server_id, image.member_id, member_finish, 0)
        return TagChanges(tags, versions)

    def kept(self, changes: TagChanges) -> None:
        """Note that ``changes`` were kept; what has changed again since is still to be."""
        for owner, version in changes.versions.items():
            if self._order.changed[owner] == version:
                del self._order.changed[owner]

    def restore(
        self, tags: Iterable[Tag], images: Iterable[WaitingImage], running: Collection[ImageKey] = ()
    ) -> None:
        """Rebuild an empty line from the tags that were kept and every image that had not ended.

        ``images`` come in the order in which they were admitted. ``running``: those of them that were claimed
        when the process ended; ``tags`` hold their charge. They are running in this line too until
        ``returned`` puts them back or ``finished`` ends them.
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
                self._run(charge, Begun([charge]))
            else:
                waiting.append(numbered)
        for image in sorted(waiting, key=lambda each: each.order):
            self._wait(image)
            self._order.rejoin(image)
        self._order.restored()

    # What may be asked

    @property
    def waiting(self) -> tuple[WaitingImage, ...]:
        return tuple(self._waiting.values())

    @property
    def waiting_count(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> tuple[WaitingImage, ...]:
        return tuple(charge.image for charge in self._charges.values())

    def holds(self, job_id: str) -> bool:
        """Say whether an image of a job waits or runs."""
        return job_id in self._jobs

    def runs(self, job_id: str) -> bool:
        """Say whether an image of a job runs."""
        job = self._jobs.get(job_id)
        return job is not None and job.running > 0

    def is_running(self, key: ImageKey) -> bool:
        return key in self._charges

    def next_due(self) -> WaitingImage | None:
        """Return the image whose turn it is as things stand, None where nothing may start."""
        first = self._order.first
        return None if first is None else first.image

    def order(self) -> tuple[WaitingImage, ...]:
        """Return the waiting images as they start if nobody else comes, batches left aside.

        What is held has no turn.
        """
        return tuple(self._order)

    def expected_with(self, images: Sequence[WaitingImage], cost_model: CostModel) -> Expected:
        """Return what one job could be told after ``submit(images)``, leaving this line as it is."""
        latest = [replace(image, number=2**62) for image in images]
        return self.forecast.of_new(latest, cost_model.s_per_picture)

    def expected(self, job_id: str, cost_model: CostModel) -> Expected | None:
        """Return what a job can be told if nobody else comes, None where nothing of it waits."""
        turns = self._turns_of(job_id)
        return self.forecast.of_job(turns, cost_model.s_per_picture) if turns else None

    def place(self, job_id: str) -> int | None:
        """Return a job's place for people: "#3 in line" when two jobs will start before it.

        A job of which a picture has begun has left the line: it is at 0 and counts for nobody else. None
        where nothing of the job waits.
        """
        turns = self._turns_of(job_id)
        return self.forecast.of_job(turns[:1], 0.0).place if turns else None

    @property
    def forecast(self) -> Forecast:
        begun = dict.fromkeys(self._begun.values())
        return Forecast(self._order, tuple(begun), self._overtaking.part)

    def deadline_ms(self, job_id: str) -> int | None:
        """Return by when a job's pictures are promised to be made, None where nothing is promised."""
        job = self._jobs.get(job_id)
        return None if job is None else job.deadline_ms

    def is_late(self, job_id: str) -> bool:
        """Say whether a job waits whose promise was taken back (``drop_deadline``)."""
        job = self._jobs.get(job_id)
        return job is not None and bool(job.waiting) and job.lane is Lane.TOKEN and job.deadline_ms is None

    def overdue(self, now_ms: int, cost_model: CostModel) -> tuple[str, ...]:
        """Return the jobs of which a waiting image would miss its deadline even if it started now."""
        found: list[str] = []
        looked_at: dict[str, float] = {}
        while self._deadlines and self._deadlines[0][0] <= now_ms + _LOOK_AHEAD_MS:
            _, job_id = heappop(self._deadlines)
            job = self._jobs.get(job_id)
            if job is None or not job.waiting or job.deadline_ms is None:
                continue
            shape = next(iter(job.waiting.values())).shape
            latest_ms = job.deadline_ms - cost_model.expected_s(shape) * MS_PER_S
            if latest_ms < now_ms and job_id not in looked_at:
                found.append(job_id)
            looked_at[job_id] = latest_ms
        for job_id, latest_ms in looked_at.items():
            heappush(self._deadlines, (latest_ms, job_id))
        return tuple(found)

    @property
    def outstanding(self) -> Outstanding:
        return self._outstanding

    def running_cost(self, server_id: int, member_id: int | None = None) -> float:
        """Return the pictures' worth of what runs of a server, or of one of its members."""
        return sum(
            image.cost
            for image in self.running
            if image.server_id == server_id and member_id in (None, image.member_id)
        )

    def begun_with(self, key: ImageKey) -> Begun:
        """Return the batch in which ``key`` was started."""
        return self._begun[key]

    def passes(self, keys: Sequence[ImageKey]) -> WaitingImage | None:
        """Return the first image that is due before what the running ``keys`` have used, and is short enough.

        Its tag must be lower, by more than δ, than what each member among them has used of the card, and it
        must take no longer than what is left of them: else it is better to end first.
        """
        turn = self._passing(keys)
        return None if turn is None else turn.image

    # Within

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
            heappush(self._deadlines, (0.0, image.key.job_id))
        self._waiting[image.key] = image
        job.waiting[image.key] = image
        self._outstanding.add(image)

    def _run(self, charge: Charge, begun: Begun) -> None:
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
