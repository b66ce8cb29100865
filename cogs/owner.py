"""/host, for the owner of the bot."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.owner.handlers import OwnerHandlers
from kleinbot.chat.owner.queue_handlers import OwnerQueueHandlers
from kleinbot.domain.service_mode import ServiceMode

_MOST_PICTURES = 100_000.0


class OwnerCog(commands.Cog):
    """Discord cannot restrict a command to the owner. It hides /host from members; the use cases check it."""

    host = app_commands.Group(
        name=t("host-name"),
        description=t("host-description"),
        default_permissions=discord.Permissions(manage_guild=True),
    )

    queue = app_commands.Group(
        name=t("host-queue-name"), description=t("host-queue-description"), parent=host
    )

    def __init__(self, handlers: OwnerHandlers, queue_handlers: OwnerQueueHandlers) -> None:
        self._handlers = handlers
        self._queue_handlers = queue_handlers

    @host.command(name=t("host-servers-name"), description=t("host-servers-description"))
    async def servers(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.servers(interaction)

    @host.command(name=t("host-share-name"), description=t("host-share-description"))
    @app_commands.rename(
        server=t("host-share-server-name"),
        share=t("host-share-share-name"),
        most=t("host-share-most-name"),
    )
    @app_commands.describe(
        server=t("host-share-server-description"),
        share=t("host-share-share-description"),
        most=t("host-share-most-description"),
    )
    async def share(
        self,
        interaction: discord.Interaction[Any],
        server: app_commands.Range[str, 1, 100],
        share: app_commands.Range[float, 0.01, 100.0] | None = None,
        most: app_commands.Range[float, 0.0, _MOST_PICTURES] | None = None,
    ) -> None:
        await self._handlers.share(interaction, server, share, most)

    @share.autocomplete("server")
    async def _servers(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._handlers.server_choices(interaction, typed)

    @host.command(name=t("host-status-name"), description=t("host-status-description"))
    async def status(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.status(interaction)

    @queue.command(name=t("host-queue-list-name"), description=t("host-queue-list-description"))
    async def listed(self, interaction: discord.Interaction[Any]) -> None:
        await self._queue_handlers.open(interaction)

    @queue.command(name=t("host-pause-name"), description=t("host-pause-description"))
    async def pause(self, interaction: discord.Interaction[Any]) -> None:
        await self._queue_handlers.set_service_mode(interaction, ServiceMode.PAUSED)

    @queue.command(name=t("host-resume-name"), description=t("host-resume-description"))
    async def resume(self, interaction: discord.Interaction[Any]) -> None:
        await self._queue_handlers.set_service_mode(interaction, ServiceMode.OPEN)

    @queue.command(name=t("host-drain-name"), description=t("host-drain-description"))
    async def drain(self, interaction: discord.Interaction[Any]) -> None:
        await self._queue_handlers.set_service_mode(interaction, ServiceMode.DRAINING)

    @queue.command(name=t("host-queue-cancel-name"), description=t("host-queue-cancel-description"))
    @app_commands.rename(job=t("host-queue-cancel-job-name"))
    @app_commands.describe(job=t("host-queue-cancel-job-description"))
    async def cancel(
        self, interaction: discord.Interaction[Any], job: app_commands.Range[str, 1, 100]
    ) -> None:
        await self._queue_handlers.cancel(interaction, job)

    @cancel.autocomplete("job")
    async def _open_jobs(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._queue_handlers.choices(interaction, typed)
