"""Makes a claimed image the engine's task, with its input pictures read back from the archive."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from kleinbot.archive.archive import Archive, PictureGoneError
from kleinbot.dispatch.previews import PreviewChoices
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.reference import Reference, Role
from kleinbot.domain.work import RenderTask, StartingPicture
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.labelled import decode_own

_JOBS_KEPT = 4
"""The decoded input pictures of this many jobs are kept: at most four of 3 MB each."""


class RenderTasks:
    """Reads what jobs need, once for all images of a job, and ahead of their turn where asked to."""

    def __init__(self, archive: Archive, pool: CpuPool, previews: PreviewChoices) -> None:
        self._archive = archive
        self._previews = previews
        self._pool = pool
        self._reading: OrderedDict[str, asyncio.Task[tuple[Pixels, ...]]] = OrderedDict()

    async def task(self, job: Job, key: ImageKey) -> RenderTask:
        """Return the task of one image.

        Raises RenderError INPUT_LOST where an input picture is no longer in the archive or is damaged.
        """
        pictures = await self._pictures_of(job)
        by_role = [(each.role, picture) for each, picture in zip(job.spec.references, pictures, strict=True)]
        start = next((picture for role, picture in by_role if role is Role.START), None)
        image = job.images[key.position]
        return RenderTask(
            key=key,
            spec=job.spec,
            noise=image.noise,
            pictures=tuple(picture for role, picture in by_role if role is Role.REFERENCE),
            start=None if start is None else StartingPicture(start, job.spec.first_sigma),
            previews=await self._previews.wanted(job),
        )

    def read_ahead(self, job_id: str, job: Callable[[], Awaitable[Job | None]]) -> None:
        """Begin to read a job's input pictures; a lost one is reported when its turn comes."""

        async def read() -> tuple[Pixels, ...]:
            found = await job()
            return () if found is None else await self._read_all(found)

        if job_id not in self._reading:
            self._keep(job_id, asyncio.create_task(read()))

    def close(self) -> None:
        """Forget what was read."""
        while self._reading:
            self._reading.popitem()[1].cancel()

    async def _pictures_of(self, job: Job) -> tuple[Pixels, ...]:
        if not job.spec.references:
            return ()
        reading = self._reading.get(job.job_id)
        if reading is None:
            reading = asyncio.create_task(self._read_all(job))
            self._keep(job.job_id, reading)
        self._reading.move_to_end(job.job_id)
        try:
            return await asyncio.shield(reading)
        finally:
            if reading.cancelled() or (reading.done() and reading.exception() is not None):
                self._reading.pop(job.job_id, None)

    def _keep(self, job_id: str, reading: "asyncio.Task[tuple[Pixels, ...]]") -> None:
        self._reading[job_id] = reading
        # An engine may wait for each of those that are not done.
        done = [other for other, each in self._reading.items() if each.done()]
        for other in done[: max(0, len(self._reading) - _JOBS_KEPT)]:
            del self._reading[other]

    async def _read_all(self, job: Job) -> tuple[Pixels, ...]:
        return tuple([await self._read(each) for each in job.spec.references])

    async def _read(self, reference: Reference) -> Pixels:
        try:
            return await self._pool.run(decode_own, await self._archive.read(reference.file))
        except (PictureGoneError, OSError) as error:
            raise RenderError(Code.INPUT_LOST, position=reference.position + 1) from error
