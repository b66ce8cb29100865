"""Handles /help."""

from typing import Any

import discord

from kleinbot.chat.core.interactions import Interactions
from kleinbot.texts import Texts
from kleinbot.usecases.privacy.editing import MemberChoices

PARTS = ("help-commands", "help-midjourney", "help-weak", "help-rights", "help-host")


class HelpHandlers:
    """One method for each command. Only whoever asked sees the answers."""

    def __init__(
        self, choices: MemberChoices, interactions: Interactions, texts: Texts, *, draws_small: bool
    ) -> None:
        """``draws_small``: the small model draws, which knows coloured shapes alone."""
        self._choices = choices
        self._interactions = interactions
        self._texts = texts
        self._model = "small" if draws_small else "full"

    async def help(self, interaction: discord.Interaction[Any]) -> None:
        """Say on one screen what the bot does, and what it cannot."""
        actor = self._interactions.actor_of(interaction)
        found = await self._choices.mine(actor)
        editing = "yes" if found.lets_edit else "no"
        parts = [self._texts.say(actor.locale, part, model=self._model, editing=editing) for part in PARTS]
        await self._interactions.answer(interaction, "\n".join(parts))
