"""/privacy."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.privacy.handlers import PrivacyHandlers

_MOST_SKIPPED = 10_000_000


class PrivacyCog(commands.Cog):
    """What the bot holds about a person, for that person alone."""

    privacy = app_commands.Group(name=t("privacy-name"), description=t("privacy-description"))

    def __init__(self, handlers: PrivacyHandlers) -> None:
        self._handlers = handlers

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
