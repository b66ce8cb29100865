"""The file of a picture as it is archived, whatever a message shows of it."""

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import Actor
from kleinbot.usecases.history import History
from kleinbot.usecases.job_queries import JobQueries, StoredPicture

_BYTES_A_MB = 1_000_000


class OriginalFile:
    """Reads it for anybody who may see the picture: a message may hold it recompressed. Read-only."""

    def __init__(self, history: History, queries: JobQueries) -> None:
        self._history = history
        self._queries = queries

    async def read(self, actor: Actor, key: ImageKey, limit_bytes: int) -> tuple[Job, StoredPicture, bytes]:
        """Return the job, the picture and its bytes. ``limit_bytes``: what Discord takes in one file here.

        Raises Refusal ORIGINAL_GONE, ORIGINAL_UNREADABLE or ORIGINAL_TOO_LARGE, and as ``History.seen``.
        """
        job = await self._history.seen(actor, key.job_id)
        images = [image for image in job.done_images if image.key == key]
        found = await self._queries.pictures(images)
        if not found:
            raise Refusal(Code.RESULT_UNKNOWN, job=f"#{job.number}")
        (picture,) = found
        number = str(job.number)
        if picture.data is None:
            gone = Code.ORIGINAL_UNREADABLE if picture.is_unreadable else Code.ORIGINAL_GONE
            raise Refusal(gone, number=number)
        if len(picture.data) > limit_bytes:
            raise Refusal(
                Code.ORIGINAL_TOO_LARGE,
                number=number,
                megabytes=f"{len(picture.data) / _BYTES_A_MB:.1f}",
                most=f"{limit_bytes / _BYTES_A_MB:.1f}",
            )
        return job, picture, picture.data
