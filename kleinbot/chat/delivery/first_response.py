"""Edits first responses: by their stored address, or as channel messages once its token has expired."""

import logging
from collections.abc import Callable
from typing import cast

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.buttons import custom_ids
from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.core.views import MessageContent
from kleinbot.chat.delivery import channel_history
from kleinbot.chat.jobs.buttons import CancelButton
from kleinbot.chat.results import result_view
from kleinbot.domain.job import DiscordReply, Job
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

# Discord's name for the first response to an interaction in place of a message id.
_ORIGINAL = cast("int", "@original")


class FirstResponses:
    """Edits first responses from any process while their token lives."""

    def __init__(self, client: Callable[[], discord.Client]) -> None:
        self._client = client

    async def edit(self, address: DiscordReply, message: MessageContent) -> int:
        """Replace the first response; return its message id.

        Raises discord.HTTPException: 10008 where the message is gone, 50027 or 10015 where the token is.
        """
        webhook = discord.Webhook.partial(address.application_id, address.token, client=self._client())
        webhook.proxy = self._client().http.proxy  # which discord.py 2.7 forgets here
        try:
            edited = await webhook.edit_message(_ORIGINAL, view=message.view, attachments=list(message.files))
        except (KeyError, TypeError, ValueError) as error:
            # What stands between us and Discord answered with a page: discord.py 2.7 takes it for JSON.
            raise ConnectionError(f"the answer is not Discord's: {error!r}") from error
        return edited.id


class ExpiredResponses:
    """Edits a waiting message whose interaction token has expired: in a channel the bot can still edit it.

    What cannot be found or edited stays as it is. A private message is out of reach: only its member sees it.
    """

    def __init__(self, client: Callable[[], discord.Client], texts: Texts) -> None:
        self._client = client
        self._texts = texts

    async def point_to(self, job: Job, message_id: int, asked_id: int) -> None:
        """Replace the waiting message by a link to the channel message that has the result of ``job``.

        It does not repeat the prompt: only the result's own messages lose that when it is hidden.
        """
        link = f"https://discord.com/channels/{job.server_id}/{job.channel_id}/{message_id}"
        title = f"**#{job.number}** — {core_text.mention(job.member_id)}"
        moved = self._texts.say(job.locale, "moved", link=link)
        await self._replace(job, core_views.plain(f"{title}\n{moved}"), asked_id)

    async def end(self, job: Job, asked_id: int) -> None:
        """Replace the waiting message by how ``job`` ended without an image."""
        await self._replace(job, result_view.result(self._texts, job, (), None, late=False).view, asked_id)

    async def remove(self, job: Job, asked_id: int) -> None:
        """Remove the waiting message of ``job``, which was deleted before its result was delivered."""
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
                await message.edit(view=view, attachments=[])
        except UNREACHED as error:
            _log.info("job %s: its old message could not be edited: %s", job.job_id, error)

    async def _find(self, job: Job, asked_id: int) -> discord.Message | None:
        """Return the message that still offers to cancel ``job``; it came in answer to ``asked_id``."""
        channel = self._client().get_partial_messageable(job.channel_id, guild_id=job.server_id)
        wanted = CancelButton(job.job_id).custom_id
        async for message in channel_history.first_moment(channel, asked_id):
            if message.author == self._client().user and wanted in custom_ids(message):
                return message
        return None
