"""Handles /admin words and /mod words. Only whoever asks sees the answer: members never see the list."""

from collections.abc import Sequence
from typing import Any

import discord
from discord.utils import escape_markdown

from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.views import plain
from kleinbot.chat.moderation.buttons import WordsPageButton
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
        await self._interactions.answer(interaction, await self._page(interaction, 0))

    async def page_pressed(self, interaction: discord.Interaction[Any], button: WordsPageButton) -> None:
        """Turn the page; the list may have changed meanwhile."""
        await self._interactions.replace(interaction, await self._page(interaction, button.page))

    async def _page(self, interaction: discord.Interaction[Any], page: int) -> discord.ui.LayoutView:
        listed = await self._words.listed(self._interactions.actor_of(interaction))
        locale = str(interaction.locale)
        if not listed:
            return plain(self._texts.say(locale, "admin-words-none"))
        pages = _pages(listed)
        page = min(page, len(pages) - 1)
        said = self._texts.say(
            locale, "admin-words-listed",
            count=len(listed), page=page + 1, pages=len(pages), words=escape_markdown(pages[page]),
        )  # fmt: skip
        view = plain(said)
        row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
        if page:
            before = self._texts.say(locale, "button-words-before")
            row.add_item(WordsPageButton(page - 1).labelled(before))
        if page + 1 < len(pages):
            row.add_item(WordsPageButton(page + 1).labelled(self._texts.say(locale, "button-words-after")))
        if row.children:
            view.add_item(row)
        return view

    async def test(self, interaction: discord.Interaction[Any], text: str) -> None:
        found = await self._words.test(self._interactions.actor_of(interaction), text)
        if found is None:
            await self._say(interaction, "admin-words-pass")
        else:
            await self._say(interaction, "admin-words-stopped", word=escape_markdown(found))

    async def _say(self, interaction: discord.Interaction[Any], message_id: str, **values: str | int) -> None:
        text = self._texts.say(str(interaction.locale), message_id, **values)
        await self._interactions.answer(interaction, text)


def _pages(words: Sequence[str]) -> Sequence[str]:
    pages = [""]
    for word in words:
        if pages[-1] and len(pages[-1]) + len(word) > _SHOWN_CHARACTERS:
            pages.append("")
        pages[-1] += f", {word}" if pages[-1] else word
    return pages
