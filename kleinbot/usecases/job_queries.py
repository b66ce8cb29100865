"""Queries of jobs, combining rows and scheduler state for display."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.archive.archive import Archive, PictureGoneError
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job import DiscordReply, Image, Job, JobState, StartCertainty
from kleinbot.domain.people import Actor
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import Database
from kleinbot.store.jobs import lookup

_log = logging.getLogger(__name__)


SOON_MS = 7 * MS_PER_S
"""A waiting message is edited at most every five seconds, and an edit takes a moment."""


@dataclass(frozen=True)
class JobStatus:
    """A job's status.

    ``starts_at_ms``: its expected start, as certain as ``certainty`` says; None: in a moment, or unknown.
    ``is_drawn``: one of its images is on a GPU or being stored. ``place`` 0: some images are done, the rest
    waits. ``is_late``: the promise can no longer be kept, and the result will arrive as a new message.
    """

    job: Job
    place: int | None
    starts_at_ms: int | None
    is_late: bool = False
    is_drawn: bool = False
    certainty: StartCertainty = StartCertainty.STARTS
    looked_ms: int | None = None
    """The moment of this status; None without an estimated start."""
    told_s: float | None = None
    """How long the whole job takes from its acceptance, as told then; None: untold, or it is over."""

    @property
    def shown_start_ms(self) -> int | None:
        """The start to show; None if it passes before the message is edited again."""
        if self.starts_at_ms is None or self.looked_ms is None or self.certainty is StartCertainty.LATER:
            return self.starts_at_ms
        return None if self.starts_at_ms - self.looked_ms < SOON_MS else self.starts_at_ms


@dataclass(frozen=True)
class StoredPicture:
    """One finished picture. ``data`` is None if its file is gone or ``is_unreadable`` for now.

    ``suffix``: of the file, with the dot.
    """

    image: Image
    data: bytes | None
    suffix: str = ".png"
    is_unreadable: bool = False


@dataclass(frozen=True)
class QueueOverview:
    """A member's open jobs, and the number of other members' jobs, whose prompts are private."""

    mine: tuple[JobStatus, ...]
    others: int


class JobQueries:
    """Read-only queries."""

    def __init__(
        self,
        database: Database,
        archive: Archive,
        scheduler: Scheduler,
    ) -> None:
        self._database = database
        self._archive = archive
        self._scheduler = scheduler

    async def job(self, job_id: str) -> Job | None:
        return await lookup.by_id(self._database.read, job_id)

    async def status(self, job_id: str) -> JobStatus | None:
        job = await self.job(job_id)
        return None if job is None else self.status_of(job)

    def status_of(self, job: Job) -> JobStatus:
        """Add to ``job`` its place in the queue and when it is expected to start."""
        if job.state.is_terminal:
            return JobStatus(job, None, None)
        outlook = self._scheduler.outlook(
            job.job_id, is_running=job.state is JobState.RUNNING, has_done=bool(job.done_images)
        )
        return JobStatus(
            job,
            outlook.place,
            outlook.starts_at_ms,
            outlook.is_late,
            outlook.is_drawn,
            outlook.certainty,
            outlook.looked_ms,
            None if outlook.is_late else self._told_s(job),
        )

    def _told_s(self, job: Job) -> float | None:
        if job.told.end_ms is None or job.told.end_ms < self._scheduler.now_ms:
            return None
        return (job.told.end_ms - job.created_ms) / MS_PER_S

    async def queue(self, actor: Actor) -> QueueOverview:
        mine = await lookup.open_of_member(self._database.read, actor.member)
        total = await lookup.count_open(self._database.read)
        return QueueOverview(tuple(self.status_of(job) for job in mine), total - len(mine))

    async def open_jobs(self) -> list[Job]:
        return await lookup.all_open(self._database.read)

    async def reply_address(self, job_id: str) -> DiscordReply | None:
        return await lookup.reply_address(self._database.read, job_id)

    async def pictures(self, images: Sequence[Image]) -> list[StoredPicture]:
        """Read finished images from the archive; an unreadable one is marked as such."""
        found = []
        for image in images:
            data, is_unreadable = None, False
            try:
                data = None if image.file is None else await self._archive.read(image.file)
            except PictureGoneError:
                pass
            except OSError as error:
                _log.error("picture %s cannot be read: %s", image.key, error)
                is_unreadable = True
            found.append(StoredPicture(image, data, is_unreadable=is_unreadable))
        return found
