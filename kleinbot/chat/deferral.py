"""An answer in time: where what was asked for takes long, Discord is told that it is on its way."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

import aiohttp
import discord

from kleinbot.chat import layouts
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import KleinbotError
from kleinbot.studio.submit import Accepted
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

DEFER_AFTER_S = 1.5
"""Discord waits 3 s for the first response."""


class Deferral:
    """Waits for whatever accepts a job."""

    def __init__(self, texts: Texts, clock: Clock) -> None:
        self._texts = texts
        self._clock = clock

    async def outcome(
        self,
        interaction: discord.Interaction[Any],
        accepting: Awaitable[Accepted],
        *,
        private: bool,
    ) -> Accepted | None:
        """Return what was accepted, once it is; after ``DEFER_AFTER_S`` the answer is deferred until then.

        None where it was refused after that, which is then said here. An earlier refusal is raised.
        """
        finishing = asyncio.ensure_future(accepting)
        patience = asyncio.ensure_future(self._clock.sleep(DEFER_AFTER_S))
        try:
            await asyncio.wait({finishing, patience}, return_when=asyncio.FIRST_COMPLETED)
            if not finishing.done():
                await _defer(interaction, private)
            return await finishing
        except KleinbotError as error:
            if not interaction.response.is_done():
                raise
            # A deferred answer is as public as it was begun, so the refusal takes its place.
            text = self._texts.error(error, str(interaction.locale))
            await interaction.edit_original_response(view=layouts.plain(text))
            return None
        finally:
            patience.cancel()
            finishing.cancel()


async def _defer(interaction: discord.Interaction[Any], is_private: bool) -> None:
    try:
        await interaction.response.defer(ephemeral=is_private, thinking=True)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        # What was asked is done nevertheless; its result finds another way (see delivery).
        _log.warning("an answer could not be deferred: %s", error)
