"""/host, for the owner of the bot."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.owner.handlers import OwnerHandlers
from kleinbot.chat.owner.queue_handlers import OwnerQueueHandlers
from kleinbot.chat.owner.server_handlers import OwnerServerHandlers
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.usecases.owner.host_lines import LINE_CHARACTERS
from kleinbot.usecases.owner.server_bans import REASON_CHARACTERS

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

    def __init__(
        self,
        handlers: OwnerHandlers,
        queue_handlers: OwnerQueueHandlers,
        server_handlers: OwnerServerHandlers,
    ) -> None:
        self._handlers = handlers
        self._server_handlers = server_handlers
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

    @host.command(name=t("host-ban-name"), description=t("host-ban-description"))
    @app_commands.rename(server=t("host-share-server-name"), reason=t("host-ban-reason-name"))
    @app_commands.describe(server=t("host-share-server-description"), reason=t("host-ban-reason-description"))
    async def ban(
        self,
        interaction: discord.Interaction[Any],
        server: app_commands.Range[str, 1, 100],
        reason: app_commands.Range[str, 1, REASON_CHARACTERS] | None = None,
    ) -> None:
        await self._server_handlers.ban(interaction, server, reason)

    @host.command(name=t("host-unban-name"), description=t("host-unban-description"))
    @app_commands.rename(server=t("host-share-server-name"))
    @app_commands.describe(server=t("host-share-server-description"))
    async def unban(
        self, interaction: discord.Interaction[Any], server: app_commands.Range[str, 1, 100]
    ) -> None:
        await self._server_handlers.unban(interaction, server)

    @host.command(name=t("host-line-name"), description=t("host-line-description"))
    @app_commands.rename(text=t("host-line-text-name"), server=t("host-share-server-name"))
    @app_commands.describe(text=t("host-line-text-description"), server=t("host-line-server-description"))
    async def line(
        self,
        interaction: discord.Interaction[Any],
        text: app_commands.Range[str, 1, LINE_CHARACTERS] | None = None,
        server: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        await self._server_handlers.line(interaction, server, text)

    @ban.autocomplete("server")
    @unban.autocomplete("server")
    @line.autocomplete("server")
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
    @app_commands.rename(free=t("host-pause-free-name"))
    @app_commands.describe(free=t("host-pause-free-description"))
    async def pause(self, interaction: discord.Interaction[Any], free: bool = False) -> None:
        mode = ServiceMode.FREED if free else ServiceMode.PAUSED
        await self._queue_handlers.set_service_mode(interaction, mode)

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
