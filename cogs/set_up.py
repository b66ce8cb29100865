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
        for name, callback in (("admin-setup", self._set_up), ("admin-doctor", self._doctor)):
            admin.add_command(
                app_commands.Command(
                    name=t(f"{name}-name"), description=t(f"{name}-description"), callback=callback
                )
            )

    async def _set_up(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.open(interaction)

    async def _doctor(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.doctor(interaction)
