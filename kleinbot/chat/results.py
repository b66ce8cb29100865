"""Results as messages: each with as many of a job's pictures as Discord takes in one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kleinbot.chat import layouts, parts
from kleinbot.chat.layouts import Message
from kleinbot.domain.job import Image, Job
from kleinbot.studio.parcels import Parcels, UploadLimits
from kleinbot.texts import Texts


@dataclass(frozen=True)
class Part:
    """One message of a result. ``positions``: the pictures that it tells of."""

    message: Message
    positions: tuple[int, ...]


class Results:
    """Composes; sends nothing. Files are read and recompressed off the event loop."""

    def __init__(self, parcels: Parcels, texts: Texts, model_note: Callable[[str], str | None]) -> None:
        self._parcels = parcels
        self._texts = texts
        self._model_note = model_note

    async def first(
        self, job: Job, limits: UploadLimits, *, late: bool = False, note: str | None = None
    ) -> Part:
        """Return the result's message with as many pictures as fit. ``note`` stands above it."""
        found = await self._parcels.first(job.done_images, limits)
        model_note = self._model_note(job.locale)
        view = layouts.result(self._texts, job, found, model_note, late=late, above=note)
        return Part(view, parts.positions(found))

    async def whole(self, job: Job, limits: UploadLimits) -> Part:
        """Return the result in one message, recompressed as far as that needs."""
        found = await self._parcels.together(job.done_images, limits)
        message = layouts.result(self._texts, job, found, self._model_note(job.locale), late=False)
        return Part(message, parts.positions(found))

    async def further(self, job: Job, images: Sequence[Image], limits: UploadLimits) -> Part:
        """Return a message with as many of ``images``, which an earlier one has left, as fit."""
        found = await self._parcels.first(images, limits)
        return Part(layouts.further(self._texts, job, found), parts.positions(found))
