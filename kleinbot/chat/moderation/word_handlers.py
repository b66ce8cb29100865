"""Handles /admin words. Only whoever asks sees the answer: members never see the list."""

from typing import Any

import discord
from discord.utils import escape_markdown

from kleinbot.chat.core.interactions import Interactions
from kleinbot.texts import Texts
from kleinbot.usecases.moderation.words import Words

_SHOWN_CHARACTERS = 1_500


class WordHandlers:
    """One method for each command."""

    def __init__(self, words: Words, interactions: Interactions, texts: Texts) -> None:
        self._words = words
        self._interactions = interactions
        self._texts = texts

    async def add(self, interaction: discord.Interaction[Any], word: str) -> None:
        added = await self._words.add(self._interactions.actor_of(interaction), word)
        await self._say(interaction, "admin-word-added", word=escape_markdown(added))

    async def remove(self, interaction: discord.Interaction[Any], word: str) -> None:
        removed = await self._words.remove(self._interactions.actor_of(interaction), word)
        await self._say(interaction, "admin-word-removed", word=escape_markdown(removed))

    async def list(self, interaction: discord.Interaction[Any]) -> None:
        listed = await self._words.listed(self._interactions.actor_of(interaction))
        if not listed:
            await self._say(interaction, "admin-words-none")
            return
        shown = ""
        for word in listed:
            if len(shown) + len(word) > _SHOWN_CHARACTERS:
                shown += "…"
                break
            shown += f"{word}, " if word != listed[-1] else word
        await self._say(interaction, "admin-words-listed", count=len(listed), words=escape_markdown(shown))

    async def test(self, interaction: discord.Interaction[Any], text: str) -> None:
        found = await self._words.test(self._interactions.actor_of(interaction), text)
        if found is None:
            await self._say(interaction, "admin-words-pass")
        else:
            await self._say(interaction, "admin-words-stopped", word=escape_markdown(found))

    async def _say(self, interaction: discord.Interaction[Any], message_id: str, **values: str | int) -> None:
        text = self._texts.say(str(interaction.locale), message_id, **values)
        await self._interactions.answer(interaction, text)
