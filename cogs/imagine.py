"""/imagine."""

from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.client import KleinbotClient
from kleinbot.chat.recipe_card import unquoted
from kleinbot.chat.translator import translated
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import MAX_COUNT, ImagineRequest
from kleinbot.domain.noise import SEED_COUNT
from kleinbot.texts import Texts

_TEXTS = Texts()
_PROMPT_CHARACTERS = 3000
"""Discord's bound on what can be typed; the model's own limit is in tokens and checked by the studio."""


def _t(key: str) -> app_commands.locale_str:
    return translated(_TEXTS, key)


class Imagine(commands.Cog):
    """Pictures from a description."""

    def __init__(self, client: KleinbotClient) -> None:
        self._client = client

    @app_commands.command(name=_t("imagine-name"), description=_t("imagine-description"))
    @app_commands.rename(
        prompt=_t("imagine-prompt-name"),
        aspect=_t("imagine-aspect-name"),
        count=_t("imagine-count-name"),
        seed=_t("imagine-seed-name"),
        private=_t("imagine-private-name"),
    )
    @app_commands.describe(
        prompt=_t("imagine-prompt-description"),
        aspect=_t("imagine-aspect-description"),
        count=_t("imagine-count-description"),
        seed=_t("imagine-seed-description"),
        private=_t("imagine-private-description"),
    )
    async def imagine(
        self,
        interaction: discord.Interaction[Any],
        prompt: app_commands.Range[str, 1, _PROMPT_CHARACTERS],
        aspect: Literal["1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16"] = "1:1",
        count: app_commands.Range[int, 1, MAX_COUNT] = 1,
        seed: app_commands.Range[int, 0, SEED_COUNT - 1] | None = None,
        private: bool = False,
    ) -> None:
        request = ImagineRequest(unquoted(prompt), Aspect(aspect), count, seed, private)
        await self._client.front_desk.imagine(interaction, request)
