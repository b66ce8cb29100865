"""The context menus of a message with a picture."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from kleinbot.chat.core.translator import t
from kleinbot.chat.create.handlers import CreateHandlers

MessageMenu = Callable[[discord.Interaction[Any], discord.Message], Awaitable[None]]

MOST_MENUS = 5
"""Discord takes five menus of messages from an application (developer documentation, "Message Commands")."""


class PictureMenusCog(commands.Cog):
    """Menus that lead to a handler each. discord.py cannot declare them inside a class."""

    def __init__(
        self,
        tree: app_commands.CommandTree[Any],
        create: CreateHandlers,
        menus: Mapping[str, MessageMenu],
    ) -> None:
        """``menus``: handlers by the message id of the name; ValueError if there are too many."""
        if len(menus) > MOST_MENUS:
            raise ValueError(f"{len(menus)} menus of messages, and Discord takes {MOST_MENUS}")
        self._tree = tree
        self._create = create
        self._menus = tuple(
            app_commands.ContextMenu(name=t(name), callback=_calling(handle))
            for name, handle in menus.items()
        )
        for menu in self._menus:
            tree.add_command(menu)

    async def cog_unload(self) -> None:
        for menu in self._menus:
            self._tree.remove_command(menu.name, type=menu.type)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            await self._create.answer_lost_modal(interaction)


def _calling(
    handle: MessageMenu,
) -> Callable[[discord.Interaction[Any], discord.Message], Any]:
    async def chosen(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await handle(interaction, message)

    return chosen
