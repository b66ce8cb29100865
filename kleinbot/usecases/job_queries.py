"""What the rows and the line say about jobs, for whoever shows them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kleinbot.archive.archive import Archive, PictureGoneError
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.job import Image, Job, JobState, ReplyAddress, Told
from kleinbot.domain.people import Actor
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.queue import ImageQueue
from kleinbot.store.database import Database
from kleinbot.store.jobs import lookup

_log = logging.getLogger(__name__)


SOON_MS = 7 * MS_PER_S
"""A waiting message is looked at every five seconds, and an edit takes a moment."""


@dataclass(frozen=True)
class JobStatus:
    """A job and where it stands. ``starts_at_ms``, as ``told``; None: in a moment, or not known yet.

    ``is_drawn``: a picture of it is on the card or being stored; ``place`` 0: some are done, the rest wait.
    ``is_late``: what was promised cannot be kept any more; the result will arrive as a message of its own.
    """

    job: Job
    place: int | None
    starts_at_ms: int | None
    is_late: bool = False
    is_drawn: bool = False
    told: Told = Told.STARTS
    looked_ms: int | None = None
    """When this was looked up; None where nothing is said of a start."""

    @property
    def shown_start_ms(self) -> int | None:
        """The start as it may be told: not as a moment that passes before the message is edited again."""
        if self.starts_at_ms is None or self.looked_ms is None or self.told is Told.LATER:
            return self.starts_at_ms
        return None if self.starts_at_ms - self.looked_ms < SOON_MS else self.starts_at_ms


@dataclass(frozen=True)
class StoredPicture:
    """One finished picture; ``data`` None where its file is gone, or ``is_unreadable`` for now.

    ``suffix``: its file's, with the dot.
    """

    image: Image
    data: bytes | None
    suffix: str = ".png"
    is_unreadable: bool = False


@dataclass(frozen=True)
class QueueOverview:
    """A member's open jobs and how many jobs of others there are, whose prompts stay theirs."""

    mine: tuple[JobStatus, ...]
    others: int


class JobQueries:
    """Reads; changes nothing."""

    def __init__(
        self,
        database: Database,
        archive: Archive,
        queue: ImageQueue,
        cost_model: CostModel,
        engine_state: Callable[[], EngineState],
        is_on_gpu: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        """``is_on_card``: a job, by key."""
        self._is_on_gpu = is_on_gpu
        self._database = database
        self._archive = archive
        self._queue = queue
        self._cost_model = cost_model
        self._engine_state = engine_state
        self._clock = clock

    async def job(self, job_id: str) -> Job | None:
        return await lookup.by_id(self._database.read, job_id)

    async def status(self, job_id: str) -> JobStatus | None:
        job = await self.job(job_id)
        return None if job is None else self.status_of(job)

    def status_of(self, job: Job) -> JobStatus:
        """Add to ``job`` its place in the line and when it is expected to start."""
        if job.state.is_terminal:
            return JobStatus(job, None, None)
        is_late = self._queue.is_late(job.job_id)
        is_begun = job.state is JobState.RUNNING
        if is_begun and (self._is_on_gpu(job.job_id) or not self._queue.holds(job.job_id)):
            return JobStatus(job, None, None, is_late, is_drawn=True)
        # Of a job that has let others pass nothing may wait: it goes on by itself. One of which pictures are
        # done goes on too, also where it waits again since a restart.
        expected = self._queue.expected(job.job_id, self._cost_model)
        place = None if expected is None else expected.place
        if is_begun or job.done_images:
            place = 0
        if place is None or self._engine_state().phase is not EnginePhase.READY:
            return JobStatus(job, place, None, is_late)
        wait_s, told = (0.0, Told.STARTS) if expected is None else (expected.start_s, expected.told)
        now_ms = self._clock.now_ms()
        starts_at_ms = now_ms + round(wait_s * MS_PER_S)
        return JobStatus(job, place, starts_at_ms, is_late, told=told, looked_ms=now_ms)

    async def queue(self, actor: Actor) -> QueueOverview:
        owner = actor.member
        mine = await lookup.open_of_member(self._database.read, owner)
        everybody = await lookup.count_open(self._database.read)
        return QueueOverview(tuple(self.status_of(job) for job in mine), everybody - len(mine))

    async def open_jobs(self) -> list[Job]:
        return await lookup.all_open(self._database.read)

    async def reply_address(self, job_id: str) -> ReplyAddress | None:
        return await lookup.reply_address(self._database.read, job_id)

    async def pictures(self, images: Sequence[Image]) -> list[StoredPicture]:
        """Read finished images from the archive; those that cannot be read say so."""
        return [await self._read(image) for image in images]

    async def _read(self, image: Image) -> StoredPicture:
        if image.file is None:
            return StoredPicture(image, None)
        try:
            return StoredPicture(image, await self._archive.read(image.file))
        except PictureGoneError:
            return StoredPicture(image, None)
        except OSError as error:
            _log.error("picture %s cannot be read: %s", image.key, error)
            return StoredPicture(image, None, is_unreadable=True)
