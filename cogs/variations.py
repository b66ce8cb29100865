"""/variations."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.client import KleinbotClient
from kleinbot.chat.core.translator import translated
from kleinbot.chat.create.handlers import PICTURE_CHARACTERS, source_of
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.requests import VariationsRequest
from kleinbot.domain.variation import Strength
from kleinbot.texts import Texts

_TEXTS = Texts()


def _t(key: str) -> app_commands.locale_str:
    return translated(_TEXTS, key)


class VariationsCog(commands.Cog):
    """More pictures like one."""

    def __init__(self, client: KleinbotClient) -> None:
        self._client = client

    @app_commands.command(name=_t("variations-name"), description=_t("variations-description"))
    @app_commands.rename(
        picture=_t("edit-picture-name"),
        image=_t("edit-image-name"),
        which=_t("variations-which-name"),
        strength=_t("variations-strength-name"),
        count=_t("imagine-count-name"),
        private=_t("imagine-private-name"),
    )
    @app_commands.describe(
        picture=_t("variations-picture-description"),
        image=_t("variations-image-description"),
        which=_t("variations-which-description"),
        strength=_t("variations-strength-description"),
        count=_t("imagine-count-description"),
        private=_t("edit-private-description"),
    )
    @app_commands.choices(
        strength=[
            app_commands.Choice(name=_t("strength-subtle"), value="subtle"),
            app_commands.Choice(name=_t("strength-medium"), value="medium"),
            app_commands.Choice(name=_t("strength-strong"), value="strong"),
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
        await self._client.create_handlers.variations(interaction, request)

    @variations.autocomplete("picture")
    async def _own_pictures(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._client.create_handlers.picture_choices(interaction, typed)
