"""/queue and /cancel."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.client import KleinbotClient
from kleinbot.chat.core.translator import translated
from kleinbot.texts import Texts

_TEXTS = Texts()


def _t(key: str) -> app_commands.locale_str:
    return translated(_TEXTS, key)


class QueueCog(commands.Cog):
    """A member's own jobs that are waiting or running."""

    def __init__(self, client: KleinbotClient) -> None:
        self._client = client

    @app_commands.command(name=_t("queue-name"), description=_t("queue-description"))
    async def queue(self, interaction: discord.Interaction[Any]) -> None:
        await self._client.job_handlers.queue(interaction)

    @app_commands.command(name=_t("cancel-name"), description=_t("cancel-description"))
    @app_commands.rename(job=_t("cancel-job-name"))
    @app_commands.describe(job=_t("cancel-job-description"))
    async def cancel(
        self, interaction: discord.Interaction[Any], job: app_commands.Range[str, 1, 100] | None = None
    ) -> None:
        await self._client.job_handlers.cancel_named(interaction, job)

    @cancel.autocomplete("job")
    async def _open_jobs(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._client.job_handlers.cancel_choices(interaction, typed)
