"""The menus on any message with a picture."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.client import KleinbotClient
from kleinbot.chat.core.translator import translated
from kleinbot.texts import Texts

_TEXTS = Texts()


class PictureMenusCog(commands.Cog):
    """*Edit this image* and *Make variations*. discord.py cannot declare menus inside a class."""

    def __init__(self, client: KleinbotClient) -> None:
        self._client = client
        self._menus = (
            app_commands.ContextMenu(name=translated(_TEXTS, "menu-edit"), callback=self._edit),
            app_commands.ContextMenu(name=translated(_TEXTS, "menu-variations"), callback=self._vary),
        )
        for menu in self._menus:
            client.tree.add_command(menu)

    async def cog_unload(self) -> None:
        for menu in self._menus:
            self._client.tree.remove_command(menu.name, type=menu.type)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            await self._client.create_handlers.answer_lost_form(interaction)

    async def _edit(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await self._client.create_handlers.edit_message(interaction, message)

    async def _vary(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await self._client.create_handlers.vary_message(interaction, message)
