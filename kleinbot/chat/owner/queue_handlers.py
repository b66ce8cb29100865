"""Handles /host queue and its buttons. Only the owner gets an answer."""

from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core import choices
from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.typed_names import typed_job_id, typed_number
from kleinbot.chat.owner import views as owner_views
from kleinbot.chat.owner.buttons import OwnerCancelButton, OwnerPageButton, ServiceModeButton
from kleinbot.chat.owner.server_names import ServerNames
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.texts import Texts
from kleinbot.usecases.cancel import Cancel, Cancelled
from kleinbot.usecases.owner.bot_control import BotControl
from kleinbot.usecases.owner.owner_queue import OwnerQueue, OwnerQueuePage

_LOOKED_THROUGH = 100
_DONE = {
    ServiceMode.OPEN: "host-resumed",
    ServiceMode.PAUSED: "host-paused",
    ServiceMode.FREED: "host-freed",
    ServiceMode.DRAINING: "host-draining",
}


class OwnerQueueHandlers:
    """One method for each command and button."""

    def __init__(
        self,
        control: BotControl,
        queue: OwnerQueue,
        cancel: Cancel,
        servers: ServerNames,
        interactions: Interactions,
        texts: Texts,
    ) -> None:
        self._control = control
        self._queue = queue
        self._cancel = cancel
        self._servers = servers
        self._interactions = interactions
        self._texts = texts

    async def open(self, interaction: discord.Interaction[Any]) -> None:
        """Show the first page, to the owner alone."""
        actor = self._interactions.actor_of(interaction)
        view = self._view(actor, await self._queue.page(actor, 0), None)
        await self._interactions.answer(interaction, view)

    async def page_pressed(self, interaction: discord.Interaction[Any], button: OwnerPageButton) -> None:
        """Replace what is shown by a page as it is now."""
        await self._show(interaction, button.page, None)

    async def set_service_mode(
        self, interaction: discord.Interaction[Any], service_mode: ServiceMode
    ) -> None:
        """Pause, resume or drain by command."""
        text = await self._set_service_mode(self._interactions.actor_of(interaction), service_mode)
        await self._interactions.answer(interaction, text)

    async def service_mode_pressed(
        self, interaction: discord.Interaction[Any], button: ServiceModeButton
    ) -> None:
        """Pause, resume or drain by button."""
        actor = self._interactions.actor_of(interaction)
        text = await self._set_service_mode(actor, button.service_mode)
        await self._show(interaction, button.page, text)

    async def cancel(self, interaction: discord.Interaction[Any], job: str) -> None:
        """Cancel the job that was chosen, or typed by its number in this server."""
        actor = self._interactions.actor_of(interaction)
        text = core_text.cancelled(self._texts, actor.locale, await self._cancel_named(actor, job))
        await self._interactions.answer(interaction, text)

    async def cancel_pressed(self, interaction: discord.Interaction[Any], button: OwnerCancelButton) -> None:
        """Cancel by button. For a job that has ended meanwhile, say so above the page."""
        actor = self._interactions.actor_of(interaction)
        try:
            outcome = await self._cancel.by_owner(actor, button.job_id)
            text = core_text.cancelled(self._texts, actor.locale, outcome)
        except Refusal as refusal:
            if refusal.code is not Code.JOB_ALREADY_ENDED:
                raise
            text = self._texts.error(refusal, str(interaction.locale))
        await self._show(interaction, button.page, text)

    async def choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the jobs that run first and match what was typed; nothing to anybody but the owner."""
        actor = self._interactions.actor_of(interaction)
        if not actor.is_owner:
            return []
        labels = {
            row.job_id: self._texts.say(
                actor.locale,
                "host-queue-choice",
                number=str(row.number),
                server=self._servers.of(row.server_id),
                kind=owner_views.kind(self._texts, actor.locale, row),
                lane=owner_views.lane(self._texts, actor.locale, row),
            )
            for row in await self._queue.first(actor, _LOOKED_THROUGH)
        }
        return choices.matching(((label, job_id) for job_id, label in labels.items()), typed)

    async def _set_service_mode(self, actor: Actor, service_mode: ServiceMode) -> str:
        match service_mode:
            case ServiceMode.OPEN:
                await self._control.resume(actor)
            case ServiceMode.PAUSED:
                await self._control.pause(actor)
            case ServiceMode.FREED:
                await self._control.pause(actor, frees=True)
            case ServiceMode.DRAINING:
                await self._control.drain(actor)
        return self._texts.say(actor.locale, _DONE[service_mode])

    async def _cancel_named(self, actor: Actor, job: str) -> Cancelled:
        if (job_id := typed_job_id(job)) is not None:
            return await self._cancel.by_owner(actor, job_id)
        if (name := typed_number(job)) is not None:
            return await self._cancel.by_owner_and_number(actor, name.number)
        raise Refusal(Code.JOB_NOT_HERE)

    async def _show(self, interaction: discord.Interaction[Any], page: int, note: str | None) -> None:
        actor = self._interactions.actor_of(interaction)
        view = self._view(actor, await self._queue.page(actor, page), note)
        await self._interactions.replace(interaction, view)

    def _view(self, actor: Actor, page: OwnerQueuePage, note: str | None) -> discord.ui.LayoutView:
        return owner_views.host_queue(self._texts, actor.locale, page, self._servers.of, note)
