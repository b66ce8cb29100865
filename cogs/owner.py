"""/host: for who runs the bot."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import translated
from kleinbot.chat.owner.handlers import OwnerHandlers
from kleinbot.chat.owner.queue_handlers import OwnerQueueHandlers
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.texts import Texts

_TEXTS = Texts()
_MOST_PICTURES = 100_000.0


def _t(key: str) -> app_commands.locale_str:
    return translated(_TEXTS, key)


class OwnerCog(commands.Cog):
    """Discord knows no "owner only": it hides /host from ordinary members, the use cases from all others."""

    host = app_commands.Group(
        name=_t("host-name"),
        description=_t("host-description"),
        default_permissions=discord.Permissions(manage_guild=True),
    )

    queue = app_commands.Group(
        name=_t("host-queue-name"), description=_t("host-queue-description"), parent=host
    )

    def __init__(self, handlers: OwnerHandlers, queue_handlers: OwnerQueueHandlers) -> None:
        self._handlers = handlers
        self._queue_handlers = queue_handlers

    @host.command(name=_t("host-servers-name"), description=_t("host-servers-description"))
    async def servers(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.servers(interaction)

    @host.command(name=_t("host-share-name"), description=_t("host-share-description"))
    @app_commands.rename(
        server=_t("host-share-server-name"),
        share=_t("host-share-share-name"),
        most=_t("host-share-most-name"),
    )
    @app_commands.describe(
        server=_t("host-share-server-description"),
        share=_t("host-share-share-description"),
        most=_t("host-share-most-description"),
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

    @host.command(name=_t("host-status-name"), description=_t("host-status-description"))
    async def status(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.status(interaction)

    @queue.command(name=_t("host-queue-list-name"), description=_t("host-queue-list-description"))
    async def listed(self, interaction: discord.Interaction[Any]) -> None:
        await self._queue_handlers.open(interaction)

    @queue.command(name=_t("host-pause-name"), description=_t("host-pause-description"))
    async def pause(self, interaction: discord.Interaction[Any]) -> None:
        await self._queue_handlers.set_service_mode(interaction, ServiceMode.PAUSED)

    @queue.command(name=_t("host-resume-name"), description=_t("host-resume-description"))
    async def resume(self, interaction: discord.Interaction[Any]) -> None:
        await self._queue_handlers.set_service_mode(interaction, ServiceMode.OPEN)

    @queue.command(name=_t("host-drain-name"), description=_t("host-drain-description"))
    async def drain(self, interaction: discord.Interaction[Any]) -> None:
        await self._queue_handlers.set_service_mode(interaction, ServiceMode.DRAINING)

    @queue.command(name=_t("host-queue-cancel-name"), description=_t("host-queue-cancel-description"))
    @app_commands.rename(job=_t("host-queue-cancel-job-name"))
    @app_commands.describe(job=_t("host-queue-cancel-job-description"))
    async def cancel(
        self, interaction: discord.Interaction[Any], job: app_commands.Range[str, 1, 100]
    ) -> None:
        await self._queue_handlers.cancel(interaction, job)

    @cancel.autocomplete("job")
    async def _open_jobs(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._queue_handlers.choices(interaction, typed)
