"""/edit."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.client import KleinbotClient
from kleinbot.chat.core.translator import translated
from kleinbot.chat.create.handlers import PICTURE_CHARACTERS, attached_all, source_of
from kleinbot.chat.results.recipe_text import unquoted
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.noise import SEED_COUNT
from kleinbot.domain.requests import EditRequest
from kleinbot.texts import Texts

_TEXTS = Texts()
_INSTRUCTION_CHARACTERS = 3000


def _t(key: str) -> app_commands.locale_str:
    return translated(_TEXTS, key)


class EditCog(commands.Cog):
    """Pictures from a picture and an instruction."""

    def __init__(self, client: KleinbotClient) -> None:
        self._client = client

    @app_commands.command(name=_t("edit-name"), description=_t("edit-description"))
    @app_commands.rename(
        instruction=_t("edit-instruction-name"),
        image=_t("edit-image-name"),
        picture=_t("edit-picture-name"),
        reference_1=_t("edit-reference-1-name"),
        reference_2=_t("edit-reference-2-name"),
        reference_3=_t("edit-reference-3-name"),
        count=_t("imagine-count-name"),
        seed=_t("imagine-seed-name"),
        private=_t("imagine-private-name"),
    )
    @app_commands.describe(
        instruction=_t("edit-instruction-description"),
        image=_t("edit-image-description"),
        picture=_t("edit-picture-description"),
        reference_1=_t("edit-reference-description"),
        reference_2=_t("edit-reference-description"),
        reference_3=_t("edit-reference-description"),
        count=_t("imagine-count-description"),
        seed=_t("edit-seed-description"),
        private=_t("edit-private-description"),
    )
    async def edit(
        self,
        interaction: discord.Interaction[Any],
        instruction: app_commands.Range[str, 1, _INSTRUCTION_CHARACTERS],
        image: discord.Attachment | None = None,
        picture: app_commands.Range[str, 1, PICTURE_CHARACTERS] | None = None,
        reference_1: discord.Attachment | None = None,
        reference_2: discord.Attachment | None = None,
        reference_3: discord.Attachment | None = None,
        count: app_commands.Range[int, 1, MAX_COUNT] = 1,
        seed: app_commands.Range[int, 0, SEED_COUNT - 1] | None = None,
        private: bool | None = None,
    ) -> None:
        request = EditRequest(
            unquoted(instruction),
            source_of(image, picture),
            attached_all((reference_1, reference_2, reference_3)),
            count,
            seed,
            private,
        )
        await self._client.create_handlers.edit(interaction, request)

    @edit.autocomplete("picture")
    async def _own_pictures(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._client.create_handlers.picture_choices(interaction, typed)
