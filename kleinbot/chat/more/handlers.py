"""Handles *More …*: the list, and the press of an entry."""

from collections.abc import Sequence
from typing import Any

import discord

from kleinbot.chat.core.buttons import custom_ids
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.more.actions import ChosenPicture, MoreAction
from kleinbot.chat.more.buttons import MoreActionButton, MoreButton
from kleinbot.chat.more.views import MOST_ACTIONS, more
from kleinbot.domain.errors import Code, Refusal
from kleinbot.texts import Texts
from kleinbot.usecases.history import History


class MoreHandlers:
    """Everything is read anew at each press: what a list offered may have changed since."""

    def __init__(
        self, history: History, interactions: Interactions, texts: Texts, actions: Sequence[MoreAction]
    ) -> None:
        """Raise ValueError if two actions have the same name, or if there are more than a list holds."""
        self._history = history
        self._interactions = interactions
        self._texts = texts
        self._actions = {action.name: action for action in actions}
        if not len(self._actions) == len(actions) <= MOST_ACTIONS:
            raise ValueError(f"{len(actions)} actions; names differ, and a list holds {MOST_ACTIONS}")

    async def open_pressed(self, interaction: discord.Interaction[Any], button: MoreButton) -> None:
        """Open the list, or show it for another picture of the same job in place of itself."""
        picture = await self._picture(interaction, button.job_id, button.position)
        offered = [action for action in self._actions.values() if await action.offered(picture)]
        view = more(self._texts, picture, offered)
        source = interaction.message
        if button.position is not None and source is not None and source.flags.ephemeral:
            await interaction.response.edit_message(view=view)
            return
        await self._interactions.answer(interaction, view)
        if source is not None and not source.flags.ephemeral and button.custom_id in custom_ids(source):
            # Discord itself says that this message of ours shows the result: a deletion has to find it.
            await self._history.note_seen(picture.job, source.channel.id, source.id)

    async def action_pressed(self, interaction: discord.Interaction[Any], button: MoreActionButton) -> None:
        """Do what an entry says, if the reader may still do it with this picture."""
        action = self._actions.get(button.action)
        if action is None:
            raise Refusal(Code.BUTTON_UNKNOWN)
        picture = await self._picture(interaction, button.job_id, button.position)
        if not await action.offered(picture):
            raise Refusal(Code.ACTION_NOT_OFFERED, number=str(picture.job.number))
        await action.handle(interaction, picture)

    async def _picture(
        self, interaction: discord.Interaction[Any], job_id: str, position: int | None
    ) -> ChosenPicture:
        """Return what the reader sees now. Raises as ``History.seen``."""
        actor = self._interactions.actor_of(interaction)
        job = await self._history.seen(actor, job_id)
        positions = [image.key.position for image in job.done_images]
        if position is not None and position not in positions:
            raise Refusal(Code.RESULT_UNKNOWN, job=f"#{job.number}")
        return ChosenPicture(actor, job, positions[0] if position is None else position)
