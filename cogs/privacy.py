"""/privacy, /settings, and the menu by which an author takes a picture back."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.privacy.handlers import PrivacyHandlers
from kleinbot.chat.privacy.picture_handlers import OwnPictureHandlers

_MOST_SKIPPED = 10_000_000


class PrivacyCog(commands.Cog):
    """What the bot holds about a person, for that person alone."""

    privacy = app_commands.Group(name=t("privacy-name"), description=t("privacy-description"))

    def __init__(
        self,
        tree: app_commands.CommandTree[Any],
        handlers: PrivacyHandlers,
        pictures: OwnPictureHandlers,
    ) -> None:
        self._pictures = pictures
        self._tree = tree
        self._handlers = handlers
        self._menu = app_commands.ContextMenu(name=t("menu-take-back"), callback=self._take_back)
        tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self._tree.remove_command(self._menu.name, type=self._menu.type)

    async def _take_back(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await self._pictures.ask_of_message(interaction, message)

    @app_commands.command(name=t("settings-name"), description=t("settings-description"))
    async def settings(self, interaction: discord.Interaction[Any]) -> None:
        await self._pictures.settings(interaction)

    @privacy.command(name=t("privacy-policy-name"), description=t("privacy-policy-description"))
    async def policy(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.policy(interaction)

    @privacy.command(name=t("privacy-export-name"), description=t("privacy-export-description"))
    @app_commands.rename(skip=t("privacy-skip-name"))
    @app_commands.describe(skip=t("privacy-skip-description"))
    async def export(
        self,
        interaction: discord.Interaction[Any],
        skip: app_commands.Range[int, 0, _MOST_SKIPPED] = 0,
    ) -> None:
        await self._handlers.export(interaction, skip)

    @privacy.command(name=t("privacy-delete-name"), description=t("privacy-delete-description"))
    async def delete(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.ask_erase(interaction)
