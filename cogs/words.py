"""/admin words add, remove, list and test."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.moderation.word_handlers import WordHandlers

_Word = app_commands.Range[str, 1, 100]
_Text = app_commands.Range[str, 1, 2000]


class WordsGroup(app_commands.Group):
    """/admin words. The use cases check who asks."""

    def __init__(self, handlers: WordHandlers) -> None:
        super().__init__(name=t("admin-words-name"), description=t("admin-words-description"))
        self._handlers = handlers

    @app_commands.command(name=t("admin-words-add-name"), description=t("admin-words-add-description"))
    @app_commands.rename(word=t("admin-word-name"))
    @app_commands.describe(word=t("admin-word-description"))
    async def add(self, interaction: discord.Interaction[Any], word: _Word) -> None:
        await self._handlers.add(interaction, word)

    @app_commands.command(name=t("admin-words-remove-name"), description=t("admin-words-remove-description"))
    @app_commands.rename(word=t("admin-word-name"))
    @app_commands.describe(word=t("admin-words-remove-word-description"))
    async def remove(self, interaction: discord.Interaction[Any], word: _Word) -> None:
        await self._handlers.remove(interaction, word)

    @app_commands.command(name=t("admin-words-list-name"), description=t("admin-words-list-description"))
    async def list(self, interaction: discord.Interaction[Any]) -> None:
        await self._handlers.list(interaction)

    @app_commands.command(name=t("admin-words-test-name"), description=t("admin-words-test-description"))
    @app_commands.rename(text=t("admin-words-text-name"))
    @app_commands.describe(text=t("admin-words-text-description"))
    async def test(self, interaction: discord.Interaction[Any], text: _Text) -> None:
        await self._handlers.test(interaction, text)


class WordsCog(commands.Cog):
    """Adds its group to /admin, which another cog has."""

    def __init__(self, handlers: WordHandlers, admin: app_commands.Group) -> None:
        admin.add_command(WordsGroup(handlers))
