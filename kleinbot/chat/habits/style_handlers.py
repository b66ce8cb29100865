"""Handles /admin style, and suggests styles to members."""

from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core import choices
from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.habits.prompt_parameters import read
from kleinbot.texts import Texts
from kleinbot.usecases.setup.styles import MOST_STYLES, NAME_CHARACTERS, Styles

_SHOWN_CHARACTERS = 60


class StyleHandlers:
    """One method for each command, and one for what is suggested."""

    def __init__(self, styles: Styles, interactions: Interactions, texts: Texts) -> None:
        self._styles = styles
        self._interactions = interactions
        self._texts = texts

    async def add(self, interaction: discord.Interaction[Any], name: str, before: str, after: str) -> None:
        """Add or replace a style. Parameters in its words would only be read in a prompt."""
        actor = self._interactions.actor_of(interaction)
        replaced = await self._styles.put(actor, name, read(before).words, read(after).words)
        done = "admin-style-replaced" if replaced else "admin-style-added"
        await self._say(interaction, done, style=core_text.shown_prompt(name, NAME_CHARACTERS))

    async def remove(self, interaction: discord.Interaction[Any], name: str) -> None:
        await self._styles.remove(self._interactions.actor_of(interaction), name)
        await self._say(
            interaction, "admin-style-removed", style=core_text.shown_prompt(name, NAME_CHARACTERS)
        )

    async def all(self, interaction: discord.Interaction[Any]) -> None:
        found = await self._styles.listed(self._interactions.actor_of(interaction))
        if not found:
            await self._say(interaction, "admin-styles-none")
            return
        locale = str(interaction.locale)
        lines = [self._texts.say(locale, "admin-styles-listed", count=len(found), most=MOST_STYLES)]
        for style in found:
            around = f"{style.before} … {style.after}".strip()
            shown = core_text.shown_prompt(around, _SHOWN_CHARACTERS)
            lines.append(f"- **{core_text.shown_prompt(style.name, NAME_CHARACTERS)}**: {shown}")
        await self._interactions.answer(interaction, core_text.bounded(lines))

    async def suggested(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the server's styles whose name contains what was typed."""
        names = await self._styles.names(self._interactions.actor_of(interaction))
        return choices.matching(((name, name) for name in names), typed)

    async def _say(self, interaction: discord.Interaction[Any], message_id: str, **values: str | int) -> None:
        text = self._texts.say(str(interaction.locale), message_id, **values)
        await self._interactions.answer(interaction, text)
