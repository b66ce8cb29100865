"""/share and /gallery."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.create.handlers import PICTURE_CHARACTERS, CreateHandlers
from kleinbot.chat.showcase.buttons import SEARCH_CHARACTERS
from kleinbot.chat.showcase.handlers import ShowcaseHandlers
from kleinbot.domain.showcase.gallery import GalleryOrder, GalleryQuery


class ShowcaseCog(commands.Cog):
    """What members share with their server."""

    def __init__(self, handlers: ShowcaseHandlers, create: CreateHandlers) -> None:
        self._handlers = handlers
        self._create = create

    @app_commands.command(name=t("share-name"), description=t("share-description"))
    @app_commands.rename(picture=t("share-picture-name"))
    @app_commands.describe(picture=t("share-picture-description"))
    async def share(
        self,
        interaction: discord.Interaction[Any],
        picture: app_commands.Range[str, 1, PICTURE_CHARACTERS] | None = None,
    ) -> None:
        await self._handlers.share(interaction, picture)

    @share.autocomplete("picture")
    async def _own_pictures(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._create.picture_choices(interaction, typed)

    @app_commands.command(name=t("gallery-name"), description=t("gallery-description"))
    @app_commands.rename(
        sort=t("gallery-sort-name"), member=t("gallery-member-name"), text=t("gallery-text-name")
    )
    @app_commands.describe(
        sort=t("gallery-sort-description"),
        member=t("gallery-member-description"),
        text=t("gallery-text-description"),
    )
    @app_commands.choices(
        sort=[
            app_commands.Choice(name=t("gallery-sort-new"), value="new"),
            app_commands.Choice(name=t("gallery-sort-week"), value="week"),
            app_commands.Choice(name=t("gallery-sort-month"), value="month"),
            app_commands.Choice(name=t("gallery-sort-ever"), value="ever"),
        ]
    )
    async def gallery(
        self,
        interaction: discord.Interaction[Any],
        sort: str = "new",
        member: discord.User | None = None,
        text: app_commands.Range[str, 1, SEARCH_CHARACTERS] = "",
    ) -> None:
        member_id = None if member is None else member.id
        wanted = GalleryQuery(GalleryOrder(sort), member_id, " ".join(text.split()))
        await self._handlers.gallery(interaction, wanted)
