"""/share."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.create.handlers import PICTURE_CHARACTERS, CreateHandlers
from kleinbot.chat.showcase.handlers import ShowcaseHandlers


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
