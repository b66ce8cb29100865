"""/history and /show."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.client import KleinbotClient
from kleinbot.chat.core.translator import translated
from kleinbot.chat.results.buttons import SEARCH_CHARACTERS
from kleinbot.texts import Texts
from kleinbot.usecases.history import Search

_TEXTS = Texts()


def _t(key: str) -> app_commands.locale_str:
    return translated(_TEXTS, key)


class HistoryCog(commands.Cog):
    """A member's own results, found again."""

    def __init__(self, client: KleinbotClient) -> None:
        self._client = client

    @app_commands.command(name=_t("history-name"), description=_t("history-description"))
    @app_commands.rename(text=_t("history-text-name"), favourites=_t("history-favourites-name"))
    @app_commands.describe(
        text=_t("history-text-description"), favourites=_t("history-favourites-description")
    )
    async def history(
        self,
        interaction: discord.Interaction[Any],
        text: app_commands.Range[str, 1, SEARCH_CHARACTERS] = "",
        favourites: bool = False,
    ) -> None:
        await self._client.history_handlers.open(interaction, Search(" ".join(text.split()), favourites))

    @app_commands.command(name=_t("show-name"), description=_t("show-description"))
    @app_commands.rename(job=_t("show-job-name"))
    @app_commands.describe(job=_t("show-job-description"))
    async def show(self, interaction: discord.Interaction[Any], job: app_commands.Range[str, 1, 100]) -> None:
        await self._client.history_handlers.show(interaction, job)

    @show.autocomplete("job")
    async def _own_results(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._client.history_handlers.choices(interaction, typed)
