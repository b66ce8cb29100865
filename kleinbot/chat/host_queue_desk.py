"""Answers /host queue and its buttons: to the host alone."""

import re
from typing import Any

import discord
from discord import app_commands

from kleinbot.chat import host_queue_layouts, layouts
from kleinbot.chat.front_desk import actor_of
from kleinbot.chat.server_names import ServerNames
from kleinbot.domain.door import Door
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.studio.cancel import Cancel, Cancelled
from kleinbot.studio.host_queue import HostPage, HostQueue
from kleinbot.studio.operate import Operate
from kleinbot.texts import Texts

_KEY = re.compile(r"[0-9a-f]{24}")
_NUMBER = re.compile(r"#?(\d{1,9})(?:\s.*)?", re.DOTALL)
_CHOICES = 25
_CHOICE_CHARACTERS = 100
_LOOKED_THROUGH = 100
_SAID = {
    Door.OPEN: "host-resumed",
    Door.PAUSED: "host-paused",
    Door.DRAINING: "host-draining",
}


class HostQueueDesk:
    """One method for each command and button."""

    def __init__(
        self,
        operate: Operate,
        queue: HostQueue,
        cancel: Cancel,
        servers: ServerNames,
        texts: Texts,
    ) -> None:
        self._operate = operate
        self._queue = queue
        self._cancel = cancel
        self._servers = servers
        self._texts = texts

    async def open(self, interaction: discord.Interaction[Any]) -> None:
        """Show the first page, to the host alone."""
        actor = actor_of(interaction)
        view = self._view(actor, await self._queue.page(actor, 0), None)
        await interaction.response.send_message(view=view, ephemeral=True)

    async def turn(self, interaction: discord.Interaction[Any], page: int) -> None:
        """Replace what is shown by a page as it is now."""
        await self._show(interaction, page, None)

    async def set_door(self, interaction: discord.Interaction[Any], door: Door) -> None:
        """Pause, resume or drain by command."""
        said = await self._move(actor_of(interaction), door)
        await interaction.response.send_message(view=layouts.plain(said), ephemeral=True)

    async def move_door(self, interaction: discord.Interaction[Any], door: Door, page: int) -> None:
        """Pause, resume or drain by button."""
        said = await self._move(actor_of(interaction), door)
        await self._show(interaction, page, said)

    async def cancel(self, interaction: discord.Interaction[Any], job: str) -> None:
        """Cancel the job that was chosen, or typed by its number in this server."""
        said = await self._cancelled(actor_of(interaction), job)
        await interaction.response.send_message(view=layouts.plain(said), ephemeral=True)

    async def cancel_pressed(self, interaction: discord.Interaction[Any], job_id: str, page: int) -> None:
        """Cancel by button. A job that has ended meanwhile is only said to have."""
        try:
            said = await self._cancelled(actor_of(interaction), job_id)
        except Refusal as refusal:
            if refusal.code is not Code.JOB_ALREADY_ENDED:
                raise
            said = self._texts.error(refusal, str(interaction.locale))
        await self._show(interaction, page, said)

    async def choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the jobs that run first and fit what was typed; nothing to anybody but the host."""
        actor = actor_of(interaction)
        if not actor.is_host:
            return []
        labels = {
            row.job_id: self._texts.say(
                actor.locale,
                "host-queue-choice",
                number=str(row.number),
                server=self._servers.of(row.server_id),
                kind=host_queue_layouts.kind(self._texts, actor.locale, row),
                lane=host_queue_layouts.lane(self._texts, actor.locale, row),
            )
            for row in await self._queue.first(actor, _LOOKED_THROUGH)
        }
        return [
            app_commands.Choice(name=label[:_CHOICE_CHARACTERS], value=job_id)
            for job_id, label in labels.items()
            if typed.casefold() in label.casefold()
        ][:_CHOICES]

    async def _move(self, actor: Actor, door: Door) -> str:
        match door:
            case Door.OPEN:
                await self._operate.resume(actor)
            case Door.PAUSED:
                await self._operate.pause(actor)
            case Door.DRAINING:
                await self._operate.drain(actor)
        return self._texts.say(actor.locale, _SAID[door])

    async def _cancelled(self, actor: Actor, job: str) -> str:
        outcome = await self._ended(actor, job)
        return layouts.cancelled(self._texts, actor.locale, outcome)

    async def _ended(self, actor: Actor, job: str) -> Cancelled:
        typed = job.strip()
        if _KEY.fullmatch(typed):
            return await self._cancel.by_host(actor, typed)
        if match := _NUMBER.fullmatch(typed):
            return await self._cancel.by_host_and_number(actor, int(match[1]))
        raise Refusal(Code.JOB_NOT_HERE)

    async def _show(self, interaction: discord.Interaction[Any], page: int, note: str | None) -> None:
        actor = actor_of(interaction)
        view = self._view(actor, await self._queue.page(actor, page), note)
        await interaction.response.edit_message(view=view)

    def _view(self, actor: Actor, page: HostPage, note: str | None) -> discord.ui.LayoutView:
        return host_queue_layouts.host_queue(self._texts, actor.locale, page, self._servers.of, note)
