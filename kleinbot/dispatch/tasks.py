"""From a claimed image to what the engine is told: its input pictures are read back from the archive."""

from kleinbot.archive.archive import Archive, PictureGone
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import Job
from kleinbot.domain.pixels import Pixels
from kleinbot.domain.reference import Reference, Role
from kleinbot.domain.work import ImageKey, RenderTask, Start
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.labelled import decode_own


class TaskMaker:
    """Reads what a job needs; keeps nothing."""

    def __init__(self, archive: Archive, pool: CpuPool) -> None:
        self._archive = archive
        self._pool = pool

    async def task(self, job: Job, key: ImageKey) -> RenderTask:
        """Return the task of one image.

        Raises RenderError INPUT_LOST where an input picture is no longer in the archive or is damaged.
        """
        pictures = [(each.role, await self._read(each)) for each in job.references]
        start = next((picture for role, picture in pictures if role is Role.START), None)
        image = job.images[key.position]
        return RenderTask(
            key=key,
            prompt=job.prompt,
            grid=image.grid,
            noise=image.noise,
            steps=job.steps,
            checkpoint=job.checkpoint,
            references=tuple(picture for role, picture in pictures if role is Role.REFERENCE),
            start=None if start is None else Start(start, job.first_sigma),
        )

    async def _read(self, reference: Reference) -> Pixels:
        try:
            return await self._pool.run(decode_own, await self._archive.read(reference.file))
        except (PictureGone, OSError) as error:
            raise RenderError(Code.INPUT_LOST, position=reference.position + 1) from error
