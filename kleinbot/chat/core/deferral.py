"""An answer in time: where what was asked for takes long, Discord is told that it is on its way."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.delivery.live_messages import LiveMessages, Opening
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import KleinbotError
from kleinbot.texts import Texts
from kleinbot.usecases.submit import Accepted

_log = logging.getLogger(__name__)

DEFER_AFTER_S = 1.5
"""Discord waits 3 s for the first response."""


class Deferral:
    """Waits for whatever accepts a job."""

    def __init__(self, live_messages: LiveMessages, texts: Texts, clock: Clock) -> None:
        self._live_messages = live_messages
        self._texts = texts
        self._clock = clock

    @asynccontextmanager
    async def outcome(
        self,
        interaction: discord.Interaction[Any],
        accepting: Awaitable[Accepted],
        *,
        private: bool,
    ) -> AsyncIterator[Opening | None]:
        """Yield the first response of what was accepted, once it is; after ``DEFER_AFTER_S`` it is deferred.

        None where it was refused after that, which is then said here. An earlier refusal is raised.
        """
        finishing = asyncio.ensure_future(self._begun(accepting))
        patience = asyncio.ensure_future(self._clock.sleep(DEFER_AFTER_S))
        try:
            await asyncio.wait({finishing, patience}, return_when=asyncio.FIRST_COMPLETED)
            if not finishing.done():
                await _defer(interaction, private)
            yield await self._accepted(interaction, finishing)
        finally:
            patience.cancel()
            if not finishing.cancel() and not finishing.cancelled() and finishing.exception() is None:
                finishing.result().close()

    async def _begun(self, accepting: Awaitable[Accepted]) -> Opening:
        """Begin the live message of what is accepted: it may be done while its answer is still deferred."""
        return self._live_messages.begin((await accepting).status)

    async def _accepted(
        self, interaction: discord.Interaction[Any], finishing: "asyncio.Future[Opening]"
    ) -> Opening | None:
        try:
            return await finishing
        except KleinbotError as error:
            if not interaction.response.is_done():
                raise
            # A deferred answer is as public as it was begun, so the refusal takes its place.
            text = self._texts.error(error, str(interaction.locale))
            await interaction.edit_original_response(view=core_views.plain(text))
            return None


async def _defer(interaction: discord.Interaction[Any], is_private: bool) -> None:
    try:
        await interaction.response.defer(ephemeral=is_private, thinking=True)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        # What was asked is done nevertheless; its result finds another way (see delivery).
        _log.warning("an answer could not be deferred: %s", error)
