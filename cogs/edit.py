"""/edit."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.create.handlers import PICTURE_CHARACTERS, CreateHandlers, attached_all, source_of
from kleinbot.chat.results.recipe_text import unquoted
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.noise import SEED_COUNT
from kleinbot.domain.requests import EditRequest
from kleinbot.usecases.quota.quota import pictures
from kleinbot.usecases.recipes import edit_tenths

_INSTRUCTION_CHARACTERS = 3000
_EDIT_PICTURES = pictures(edit_tenths())


class EditCog(commands.Cog):
    """Pictures from a picture and an instruction."""

    def __init__(self, handlers: CreateHandlers) -> None:
        self._handlers = handlers

    @app_commands.command(name=t("edit-name"), description=t("edit-description"))
    @app_commands.rename(
        instruction=t("edit-instruction-name"),
        image=t("edit-image-name"),
        picture=t("edit-picture-name"),
        reference_1=t("edit-reference-1-name"),
        reference_2=t("edit-reference-2-name"),
        reference_3=t("edit-reference-3-name"),
        count=t("imagine-count-name"),
        seed=t("imagine-seed-name"),
        private=t("imagine-private-name"),
    )
    @app_commands.describe(
        instruction=t("edit-instruction-description"),
        image=t("edit-image-description"),
        picture=t("edit-picture-description"),
        reference_1=t("edit-reference-description"),
        reference_2=t("edit-reference-description"),
        reference_3=t("edit-reference-description"),
        count=t("edit-count-description", pictures=_EDIT_PICTURES),
        seed=t("edit-seed-description"),
        private=t("edit-private-description"),
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
        count: app_commands.Range[int, 1, MAX_COUNT] | None = None,
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
        await self._handlers.edit(interaction, request)

    @edit.autocomplete("picture")
    async def _own_pictures(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._handlers.picture_choices(interaction, typed)
