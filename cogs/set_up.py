"""/admin setup and /admin doctor."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.setup.handlers import SetUpHandlers


class SetUpCog(commands.Cog):
    """Adds its commands to the group /admin, which another cog has. The use cases check who asks."""

    def __init__(self, handlers: SetUpHandlers, admin: app_commands.Group) -> None:
        self._handlers = handlers
        admin.add_command(
            app_commands.Command(
                name=t("admin-setup-name"), description=t("admin-setup-description"), callback=self._set_up
            )
        )
        admin.add_command(
            app_commands.Command(
                name=t("admin-doctor-name"), description=t("admin-doctor-description"), callback=self._doctor
            )
        )

    async def _set_up(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.open(interaction)

    async def _doctor(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.doctor(interaction)
