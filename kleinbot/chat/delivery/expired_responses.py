"""First responses whose token has died: as messages of the bot in a channel they can still be edited."""

import logging
from collections.abc import Callable

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.job_heading import heading
from kleinbot.chat.core.routing import CancelButton
from kleinbot.chat.delivery import channel_history
from kleinbot.chat.delivery.first_response import UNREACHED
from kleinbot.domain.job import Job
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)


class ExpiredResponses:
    """Says the last word in a waiting message that nothing else reaches any more.

    It only tidies up: what cannot be found or edited is left as it is. A private one is seen by its member
    alone, and nobody can reach it.
    """

    def __init__(self, client: Callable[[], discord.Client], texts: Texts) -> None:
        self._client = client
        self._texts = texts

    async def point_to(self, job: Job, message_id: int, asked_id: int) -> None:
        """Say that the result of ``job`` came as another message of its channel."""
        link = f"https://discord.com/channels/{job.server_id}/{job.channel_id}/{message_id}"
        moved = self._texts.say(job.locale, "moved", link=link)
        await self._replace(job, core_views.plain(f"{heading(self._texts, job)}\n{moved}"), asked_id)

    async def end(self, job: Job, asked_id: int) -> None:
        """Say how ``job`` has ended without a picture."""
        await self._replace(job, core_views.result(self._texts, job, (), None, late=False).view, asked_id)

    async def remove(self, job: Job, asked_id: int) -> None:
        """Remove the waiting message of ``job``, which was deleted before its result was told."""
        if job.private:
            return
        try:
            message = await self._find(job, asked_id)
            if message is not None:
                await message.delete()
        except UNREACHED as error:
            _log.info("job %s: its old message could not be removed: %s", job.job_id, error)

    async def _replace(self, job: Job, view: discord.ui.LayoutView, asked_id: int) -> None:
        if job.private:
            return
        try:
            message = await self._find(job, asked_id)
            if message is not None:
                await message.edit(view=view)
        except UNREACHED as error:
            _log.info("job %s: its old message could not be edited: %s", job.job_id, error)

    async def _find(self, job: Job, asked_id: int) -> discord.Message | None:
        """Return the message that still offers to cancel ``job``; it came in answer to ``asked_id``."""
        channel = self._client().get_partial_messageable(job.channel_id, guild_id=job.server_id)
        wanted = CancelButton(job.job_id, "").custom_id
        async for message in channel_history.first_moment(channel, asked_id):
            if message.author == self._client().user and wanted in _custom_ids(message):
                return message
        return None


def _custom_ids(message: discord.Message) -> set[str]:
    children = [child for row in message.components for child in getattr(row, "children", ())]
    return {getattr(child, "custom_id", None) or "" for child in children}
