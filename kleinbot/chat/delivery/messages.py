"""Composes a result's messages, each with as many of the job's images as Discord takes in one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from kleinbot.chat.core.views import MessageContent
from kleinbot.chat.delivery import splitting
from kleinbot.chat.results import result_view
from kleinbot.domain.job import Image, Job
from kleinbot.texts import Texts
from kleinbot.usecases.attachments import Attachments, UploadLimits


@dataclass(frozen=True)
class ResultMessage:
    """One message of a result. ``positions``: the images that it shows, or names as lost."""

    message: MessageContent
    positions: tuple[int, ...]


class ResultMessages:
    """Composes; sends nothing. Files are read and recompressed off the event loop."""

    def __init__(
        self,
        attachments: Attachments,
        texts: Texts,
        model_note: Callable[[Job], str | None],
        is_hidden: Callable[[str], Awaitable[bool]],
    ) -> None:
        """``is_hidden`` tells, by job id, whether a result's pictures and prompt are shown to nobody."""
        self._is_hidden = is_hidden
        self._attachments = attachments
        self._texts = texts
        self._model_note = model_note

    async def first(
        self, job: Job, limits: UploadLimits, *, late: bool = False, note: str | None = None
    ) -> ResultMessage:
        """Return the result's message with as many images as fit. ``note`` stands above it."""
        if await self._is_hidden(job.job_id):
            return self._hidden(job, job.done_images)
        found = await self._attachments.first(job.done_images, limits)
        model_note = self._model_note(job)
        view = result_view.result(self._texts, job, found, model_note, late=late, above=note)
        return ResultMessage(view, splitting.positions(found))

    async def whole(self, job: Job, limits: UploadLimits) -> ResultMessage:
        """Return the result in one message, recompressed as far as that needs."""
        if await self._is_hidden(job.job_id):
            return self._hidden(job, job.done_images)
        found = await self._attachments.together(job.done_images, limits)
        message = result_view.result(self._texts, job, found, self._model_note(job), late=False)
        return ResultMessage(message, splitting.positions(found))

    async def further(self, job: Job, images: Sequence[Image], limits: UploadLimits) -> ResultMessage:
        """Return a message with as many of ``images``, which earlier messages have left, as fit."""
        if await self._is_hidden(job.job_id):
            return self._hidden(job, images)
        found = await self._attachments.first(images, limits)
        return ResultMessage(result_view.further(self._texts, job, found), splitting.positions(found))

    async def again(self, job: Job, positions: Sequence[int], limits: UploadLimits) -> ResultMessage:
        """Return what a message that shows ``positions`` shows now: all of them, or that they are hidden."""
        images = [image for image in job.done_images if image.key.position in positions]
        if await self._is_hidden(job.job_id):
            return self._hidden(job, images)
        found = await self._attachments.together(images, limits)
        if job.done_images[:1] == tuple(images[:1]):
            note = self._model_note(job)
            message = result_view.result(self._texts, job, found, note, late=False)
        else:
            message = result_view.further(self._texts, job, found)
        return ResultMessage(message, splitting.positions(found))

    def _hidden(self, job: Job, images: Sequence[Image]) -> ResultMessage:
        view = result_view.hidden(self._texts, job)
        return ResultMessage(view, tuple(image.key.position for image in images))
