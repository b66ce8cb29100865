"""The context menus of a message with a picture."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.create.handlers import CreateHandlers


class PictureMenusCog(commands.Cog):
    """*Edit this image* and *Make variations*. discord.py cannot declare menus inside a class."""

    def __init__(self, tree: app_commands.CommandTree[Any], handlers: CreateHandlers) -> None:
        self._tree = tree
        self._handlers = handlers
        self._menus = (
            app_commands.ContextMenu(name=t("menu-edit"), callback=self._edit),
            app_commands.ContextMenu(name=t("menu-variations"), callback=self._vary),
        )
        for menu in self._menus:
            tree.add_command(menu)

    async def cog_unload(self) -> None:
        for menu in self._menus:
            self._tree.remove_command(menu.name, type=menu.type)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            await self._handlers.answer_lost_modal(interaction)

    async def _edit(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await self._handlers.edit_message(interaction, message)

    async def _vary(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await self._handlers.vary_message(interaction, message)
