"""The first response to a request for a job: immediate, or deferred where accepting takes long."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.delivery.live_messages import LiveMessages, Opening
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import KleinbotError
from kleinbot.texts import Texts
from kleinbot.usecases.submit import Accepted

_log = logging.getLogger(__name__)

DEFER_AFTER_S = 1.5
"""Discord waits 3 s for the first response."""


class JobResponder:
    """Waits for whatever accepts a job, and opens the job's live message."""

    def __init__(self, live_messages: LiveMessages, texts: Texts, clock: Clock) -> None:
        self._live_messages = live_messages
        self._texts = texts
        self._clock = clock

    async def respond(
        self, interaction: discord.Interaction[Any], accepting: Awaitable[Accepted], *, private: bool
    ) -> bool:
        """Show where the job stands once it is accepted; defer if that takes too long.

        Returns whether it was accepted; a refusal after the deferral was answered here.
        """
        async with self._outcome(interaction, accepting, private=private) as opening:
            if opening is not None:
                await self._show_accepted(interaction, opening)
        return opening is not None

    @asynccontextmanager
    async def _outcome(
        self,
        interaction: discord.Interaction[Any],
        accepting: Awaitable[Accepted],
        *,
        private: bool,
    ) -> AsyncIterator[Opening | None]:
        """Yield the live message to open for what was accepted.

        Yields None after a refusal that came after the deferral and was answered here. An earlier refusal is
        raised.
        """
        finishing = asyncio.ensure_future(self._opening(accepting))
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

    async def _opening(self, accepting: Awaitable[Accepted]) -> Opening:
        """Begin the live message at acceptance: the job may be done before Discord has taken the deferral."""
        return self._live_messages.begin((await accepting).status)

    async def _accepted(
        self, interaction: discord.Interaction[Any], finishing: "asyncio.Future[Opening]"
    ) -> Opening | None:
        try:
            return await finishing
        except KleinbotError as error:
            if not interaction.response.is_done():
                raise
            # The deferral has fixed who sees the answer, so the refusal replaces it.
            text = self._texts.error(error, str(interaction.locale))
            await interaction.edit_original_response(view=core_views.plain(text))
            return None

    async def _show_accepted(self, interaction: discord.Interaction[Any], opening: Opening) -> None:
        """Show where an accepted job stands and what it costs; the live message keeps that up to date."""
        job = opening.status.job
        try:
            if not interaction.response.is_done():
                view = self._live_messages.open_view(opening.status)
                await interaction.response.send_message(view=view, ephemeral=job.private)
            elif not opening.is_overtaken:  # it was deferred; a result that waits is delivered next
                view = self._live_messages.open_view(opening.status)
                await interaction.edit_original_response(view=view)
        except UNREACHED as error:
            # The job stands; delivery finds another route for its result.
            _log.warning("job %s: the first response failed: %s", job.job_id, error)


async def _defer(interaction: discord.Interaction[Any], is_private: bool) -> None:
    try:
        await interaction.response.defer(ephemeral=is_private, thinking=True)
    except UNREACHED as error:
        # The request goes on; delivery finds another route for its result.
        _log.warning("an answer could not be deferred: %s", error)
