"""/queue and /cancel."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.jobs.handlers import JobHandlers


class QueueCog(commands.Cog):
    """A member's own jobs that are waiting or running."""

    def __init__(self, handlers: JobHandlers) -> None:
        self._handlers = handlers

    @app_commands.command(name=t("queue-name"), description=t("queue-description"))
    async def queue(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.queue(interaction)

    @app_commands.command(name=t("cancel-name"), description=t("cancel-description"))
    @app_commands.rename(job=t("cancel-job-name"))
    @app_commands.describe(job=t("cancel-job-description"))
    async def cancel(
        self, interaction: discord.Interaction[Any], job: app_commands.Range[str, 1, 100] | None = None
    ) -> None:
        await self._handlers.cancel(interaction, job)

    @cancel.autocomplete("job")
    async def _open_jobs(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._handlers.cancel_choices(interaction, typed)
