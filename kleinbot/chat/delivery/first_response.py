"""Edits of a first response by its stored address: works from any process while the token lives."""

from collections.abc import Callable
from typing import cast

import aiohttp
import discord

from kleinbot.chat.core.views import MessageContent
from kleinbot.domain.job import ReplyAddress

UNREACHED = (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError)
"""Whatever a request to Discord can end in that is not our mistake: refused, cut off, or too slow."""

GONE = {10008, 10015, 10062, 50027}
"""Unknown message, webhook or interaction, invalid token: there is nothing left to edit."""

# Discord's name for the first response to an interaction in place of a message id.
_ORIGINAL = cast("int", "@original")


class FirstResponses:
    """Speaks for the bot; ``client`` is asked for lazily, since it logs in later."""

    def __init__(self, client: Callable[[], discord.Client]) -> None:
        self._client = client

    async def edit(self, address: ReplyAddress, message: MessageContent) -> int:
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
