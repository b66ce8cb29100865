"""/variations."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.create.handlers import PICTURE_CHARACTERS, CreateHandlers, source_of
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.noise import Strength
from kleinbot.domain.requests import VariationsRequest


class VariationsCog(commands.Cog):
    """More pictures like one."""

    def __init__(self, handlers: CreateHandlers) -> None:
        self._handlers = handlers

    @app_commands.command(name=t("variations-name"), description=t("variations-description"))
    @app_commands.rename(
        picture=t("edit-picture-name"),
        image=t("edit-image-name"),
        which=t("variations-which-name"),
        strength=t("variations-strength-name"),
        count=t("imagine-count-name"),
        private=t("imagine-private-name"),
    )
    @app_commands.describe(
        picture=t("variations-picture-description"),
        image=t("variations-image-description"),
        which=t("variations-which-description"),
        strength=t("variations-strength-description"),
        count=t("imagine-count-description"),
        private=t("edit-private-description"),
    )
    @app_commands.choices(
        strength=[
            app_commands.Choice(name=t("strength-subtle"), value="subtle"),
            app_commands.Choice(name=t("strength-medium"), value="medium"),
            app_commands.Choice(name=t("strength-strong"), value="strong"),
        ]
    )
    async def variations(
        self,
        interaction: discord.Interaction[Any],
        picture: app_commands.Range[str, 1, PICTURE_CHARACTERS] | None = None,
        image: discord.Attachment | None = None,
        which: app_commands.Range[int, 1, MAX_COUNT] | None = None,
        strength: str = "medium",
        count: app_commands.Range[int, 1, MAX_COUNT] = 1,
        private: bool | None = None,
    ) -> None:
        source = source_of(image, picture, which)
        request = VariationsRequest(source, Strength(strength), count, private)
        await self._handlers.variations(interaction, request)

    @variations.autocomplete("picture")
    async def _own_pictures(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._handlers.picture_choices(interaction, typed)
