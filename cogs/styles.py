"""/admin style add, remove and list."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.habits.style_handlers import StyleHandlers
from kleinbot.usecases.setup.styles import NAME_CHARACTERS, WORDS_CHARACTERS

_Name = app_commands.Range[str, 1, NAME_CHARACTERS]
_Words = app_commands.Range[str, 1, WORDS_CHARACTERS]


class StylesGroup(app_commands.Group):
    """/admin style. The use cases check who asks."""

    def __init__(self, handlers: StyleHandlers) -> None:
        super().__init__(name=t("admin-style-name"), description=t("admin-style-description"))
        self._handlers = handlers

    @app_commands.command(name=t("admin-style-add-name"), description=t("admin-style-add-description"))
    @app_commands.rename(
        name=t("admin-style-called-name"),
        before=t("admin-style-before-name"),
        after=t("admin-style-after-name"),
    )
    @app_commands.describe(
        name=t("admin-style-called-description"),
        before=t("admin-style-before-description"),
        after=t("admin-style-after-description"),
    )
    async def add(
        self,
        interaction: discord.Interaction[Any],
        name: _Name,
        before: _Words | None = None,
        after: _Words | None = None,
    ) -> None:
        await self._handlers.add(interaction, name, before or "", after or "")

    @app_commands.command(name=t("admin-style-remove-name"), description=t("admin-style-remove-description"))
    @app_commands.rename(name=t("admin-style-called-name"))
    @app_commands.describe(name=t("admin-style-called-description"))
    async def remove(self, interaction: discord.Interaction[Any], name: _Name) -> None:
        await self._handlers.remove(interaction, name)

    @remove.autocomplete("name")
    async def _styles(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._handlers.suggested(interaction, typed)

    @app_commands.command(name=t("admin-style-list-name"), description=t("admin-style-list-description"))
    async def list(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.all(interaction)


class StylesCog(commands.Cog):
    """Adds its group to /admin, which another cog has."""

    def __init__(self, handlers: StyleHandlers, admin: app_commands.Group) -> None:
        admin.add_command(StylesGroup(handlers))
