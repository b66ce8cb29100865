"""Makes the scheduler's values from jobs."""

from collections.abc import Collection

from kleinbot.domain.job import ImageState, Job, NewJob
from kleinbot.domain.job_spec import ImageKey
from kleinbot.scheduler.cost import cost
from kleinbot.scheduler.entries import WaitingImage, shape_of


def images_of_new(job: NewJob) -> tuple[WaitingImage, ...]:
    """Return the images of a job that is about to be accepted."""
    keys = [ImageKey(job.job_id, image.position) for image in job.images]
    return _images(job, keys, None, ())


def open_images(
    job: Job, deadline_ms: int | None = None, suspects: Collection[ImageKey] = ()
) -> tuple[WaitingImage, ...]:
    """Return the images of ``job`` that have not ended, waiting and running alike.

    ``deadline_ms``: the promise to its member. ``suspects``: the keys of images that run alone.
    """
    unended = (ImageState.WAITING, ImageState.RUNNING)
    keys = [image.key for image in job.images if image.state in unended]
    return _images(job, keys, deadline_ms, suspects)


def _images(
    job: Job | NewJob, keys: list[ImageKey], deadline_ms: int | None, suspects: Collection[ImageKey]
) -> tuple[WaitingImage, ...]:
    shape = shape_of(job.spec)
    return tuple(
        WaitingImage(
            key=key,
            server_id=job.server_id,
            member_id=job.member_id,
            shape=shape,
            cost=cost(shape) if job.cost is None else job.cost,
            deadline_ms=deadline_ms,
            lane=job.lane,
            alone=key in suspects,
        )
        for key in keys
    )
