"""/imagine."""

from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.habits.style_handlers import StyleHandlers
from kleinbot.chat.jobs.handlers import JobHandlers
from kleinbot.chat.results.recipe_text import unquoted
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import MAX_COUNT, TENTHS
from kleinbot.domain.noise import SEED_COUNT
from kleinbot.domain.requests import Quality, TypedImagine
from kleinbot.usecases.recipes import best_quality_tenths

_PROMPT_CHARACTERS = 3000
"""Discord's bound on what can be typed; the model's own limit is in tokens, and the use case checks it."""


_NAMES = {
    "prompt": t("imagine-prompt-name"),
    "aspect": t("imagine-aspect-name"),
    "count": t("imagine-count-name"),
    "style": t("imagine-style-name"),
    "seed": t("imagine-seed-name"),
    "private": t("imagine-private-name"),
}
_DESCRIPTIONS = {
    "prompt": t("imagine-prompt-description"),
    "aspect": t("imagine-aspect-description"),
    "count": t("imagine-count-description"),
    "style": t("imagine-style-description"),
    "seed": t("imagine-seed-description"),
    "private": t("imagine-private-description"),
}
_BEST_PICTURES = round(best_quality_tenths() / TENTHS)

Prompt = app_commands.Range[str, 1, _PROMPT_CHARACTERS]
Shape = Literal["1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16"]
Count = app_commands.Range[int, 1, MAX_COUNT]
StyleName = app_commands.Range[str, 1, 100]
Seed = app_commands.Range[int, 0, SEED_COUNT - 1]


class ImagineCog(commands.Cog):
    """Pictures from a description."""

    def __init__(self, handlers: JobHandlers, styles: StyleHandlers) -> None:
        self._handlers = handlers
        self._styles = styles

    @app_commands.command(name=t("imagine-name"), description=t("imagine-description"))
    @app_commands.rename(**_NAMES)
    @app_commands.describe(**_DESCRIPTIONS)
    async def imagine(
        self,
        interaction: discord.Interaction[Any],
        prompt: Prompt | None = None,
        aspect: Shape | None = None,
        count: Count | None = None,
        style: StyleName | None = None,
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        typed = TypedImagine(unquoted(prompt or ""), _aspect(aspect), count, seed, private, style=style)
        await self._handlers.imagine(interaction, typed)

    @imagine.autocomplete("style")
    async def _suggested(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._styles.suggested(interaction, typed)


class ImagineWithQualityCog(commands.Cog):
    """The same with a quality, for bots that have the base checkpoint. Discord cannot hide an option."""

    def __init__(self, handlers: JobHandlers, styles: StyleHandlers) -> None:
        self._handlers = handlers
        self._styles = styles

    @app_commands.command(name=t("imagine-name"), description=t("imagine-description"))
    @app_commands.rename(quality=t("imagine-quality-name"), **_NAMES)
    @app_commands.describe(quality=t("imagine-quality-description", pictures=_BEST_PICTURES), **_DESCRIPTIONS)
    @app_commands.choices(
        quality=[
            app_commands.Choice(name=t("quality-standard"), value="standard"),
            app_commands.Choice(name=t("quality-best", pictures=_BEST_PICTURES), value="best"),
        ]
    )
    async def imagine(
        self,
        interaction: discord.Interaction[Any],
        prompt: Prompt | None = None,
        aspect: Shape | None = None,
        count: Count | None = None,
        style: StyleName | None = None,
        quality: str = "standard",
        seed: Seed | None = None,
        private: bool | None = None,
    ) -> None:
        typed = TypedImagine(
            unquoted(prompt or ""), _aspect(aspect), count, seed, private, Quality(quality), style
        )
        await self._handlers.imagine(interaction, typed)

    @imagine.autocomplete("style")
    async def _suggested(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._styles.suggested(interaction, typed)


def _aspect(chosen: str | None) -> Aspect | None:
    return None if chosen is None else Aspect(chosen)
