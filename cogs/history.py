"""/history, /show and /info."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from cogs.imagine import Shape
from kleinbot.chat.core.translator import t
from kleinbot.chat.create.handlers import PICTURE_CHARACTERS, CreateHandlers
from kleinbot.chat.results.buttons import SEARCH_CHARACTERS
from kleinbot.chat.results.history_handlers import HistoryHandlers
from kleinbot.chat.results.info_handlers import InfoHandlers
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job_spec import JobKind
from kleinbot.usecases.history import Search, Since


class HistoryCog(commands.Cog):
    """A member's own results, found again."""

    def __init__(self, handlers: HistoryHandlers, info: InfoHandlers, create: CreateHandlers) -> None:
        """``create`` suggests pictures, as for /edit."""
        self._handlers = handlers
        self._info = info
        self._create = create

    @app_commands.command(name=t("history-name"), description=t("history-description"))
    @app_commands.rename(
        text=t("history-text-name"),
        favourites=t("history-favourites-name"),
        kind=t("history-kind-name"),
        aspect=t("imagine-aspect-name"),
        since=t("history-since-name"),
        made_from=t("history-from-name"),
    )
    @app_commands.describe(
        text=t("history-text-description"),
        favourites=t("history-favourites-description"),
        kind=t("history-kind-description"),
        aspect=t("history-aspect-description"),
        since=t("history-since-description"),
        made_from=t("history-from-description"),
    )
    @app_commands.choices(
        kind=[app_commands.Choice(name=t(f"history-kind-{each}"), value=each.value) for each in JobKind],
        since=[app_commands.Choice(name=t(f"history-since-{each}"), value=each.value) for each in Since],
    )
    async def history(
        self,
        interaction: discord.Interaction[Any],
        text: app_commands.Range[str, 1, SEARCH_CHARACTERS] = "",
        favourites: bool = False,
        kind: str | None = None,
        aspect: Shape | None = None,
        since: str | None = None,
        made_from: bool = False,
    ) -> None:
        search = Search(
            " ".join(text.split()),
            favourites,
            None if kind is None else JobKind(kind),
            None if aspect is None else Aspect(aspect),
            None if since is None else Since(since),
            made_from,
        )
        await self._handlers.open(interaction, search)

    @app_commands.command(name=t("show-name"), description=t("show-description"))
    @app_commands.rename(job=t("show-job-name"))
    @app_commands.describe(job=t("show-job-description"))
    async def show(self, interaction: discord.Interaction[Any], job: app_commands.Range[str, 1, 100]) -> None:
        await self._handlers.show(interaction, job)

    @show.autocomplete("job")
    async def _own_results(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._handlers.choices(interaction, typed)

    @app_commands.command(name=t("info-name"), description=t("info-description"))
    @app_commands.rename(picture=t("edit-picture-name"), image=t("edit-image-name"))
    @app_commands.describe(picture=t("info-picture-description"), image=t("info-image-description"))
    async def info(
        self,
        interaction: discord.Interaction[Any],
        picture: app_commands.Range[str, 1, PICTURE_CHARACTERS] | None = None,
        image: discord.Attachment | None = None,
    ) -> None:
        await self._info.info(interaction, picture, image)

    @info.autocomplete("picture")
    async def _own_pictures(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._create.picture_choices(interaction, typed)
