"""Prepares a result's files for Discord, within its limits per file and per message."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kleinbot.domain.job import Image
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.labelled import without_recipe
from kleinbot.images.upload import MAX_REQUEST_BYTES, fit_for_upload, largest_file_bytes, plan_messages
from kleinbot.usecases.job_queries import JobQueries, StoredPicture

_log = logging.getLogger(__name__)
_SMALLEST_REQUEST_BYTES = 256 * 1024


@dataclass(frozen=True)
class UploadLimits:
    """The most bytes of one file and of one whole request."""

    file_bytes: int
    request_bytes: int = MAX_REQUEST_BYTES

    @property
    def largest_file_bytes(self) -> int:
        return largest_file_bytes(self.file_bytes, self.request_bytes)

    def halved(self) -> "UploadLimits | None":
        """Return limits for a retry after Discord refused the size; None below a sensible minimum."""
        if self.request_bytes // 2 < _SMALLEST_REQUEST_BYTES:
            return None
        return UploadLimits(self.file_bytes, self.request_bytes // 2)


class Attachments:
    """Reads finished pictures and shrinks them to fit; keeps no state."""

    def __init__(self, queries: JobQueries, pool: CpuPool) -> None:
        self._queries = queries
        self._pool = pool

    async def first(self, images: Sequence[Image], limits: UploadLimits) -> tuple[StoredPicture, ...]:
        """Return the first message's share of ``images``. Recompresses only files that are too large.

        Call again with the rest for each further message. No image is left out: unless ``images`` is empty,
        the result holds at least one.
        """
        found = await self._fitted(images, limits.largest_file_bytes)
        sizes = [0 if picture.data is None else len(picture.data) for picture in found]
        messages = plan_messages(sizes, limits.file_bytes, limits.request_bytes)
        return tuple(found[index] for index in messages[0]) if messages else ()

    async def together(self, images: Sequence[Image], limits: UploadLimits) -> tuple[StoredPicture, ...]:
        """Return all of ``images`` for one message, recompressed as far as necessary."""
        if not images:
            return ()
        whole = await self.first(images, limits)
        if len(whole) == len(images):
            return whole
        return tuple(await self._fitted(images, limits.largest_file_bytes // len(images)))

    async def one(self, image: Image, limits: UploadLimits, *, keeps_recipe: bool) -> StoredPicture:
        """Return a single picture; without ``keeps_recipe`` its file does not say how it was made."""
        limit_bytes = limits.largest_file_bytes
        if keeps_recipe:
            return (await self._fitted([image], limit_bytes))[0]
        picture = (await self._queries.pictures([image]))[0]
        if picture.data is None:
            return picture
        try:
            bare = await self._pool.run(without_recipe, picture.data)
        except OSError as error:
            _log.error("picture %s cannot be sent: %s", picture.image.key, error)
            return replace(picture, data=None, is_unreadable=True)
        return await self._fit(replace(picture, data=bare), limit_bytes)

    async def _fitted(self, images: Sequence[Image], limit_bytes: int) -> list[StoredPicture]:
        return [await self._fit(picture, limit_bytes) for picture in await self._queries.pictures(images)]

    async def _fit(self, picture: StoredPicture, limit_bytes: int) -> StoredPicture:
        if picture.data is None or len(picture.data) <= limit_bytes:
            return picture
        try:
            file = await self._pool.run(fit_for_upload, picture.data, limit_bytes)
        except (OSError, ValueError) as error:
            _log.error("picture %s cannot be sent: %s", picture.image.key, error)
            return replace(picture, data=None, is_unreadable=True)
        return replace(picture, data=file.data, suffix=file.suffix)
