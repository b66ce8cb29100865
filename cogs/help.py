"""/help."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.habits.help_handlers import HelpHandlers


class HelpCog(commands.Cog):
    """What the bot does, on one screen."""

    def __init__(self, handlers: HelpHandlers) -> None:
        self._handlers = handlers

    @app_commands.command(name=t("help-name"), description=t("help-description"))
    async def help(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.help(interaction)
