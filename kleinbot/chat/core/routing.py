"""Buttons that work for years: their whole meaning is in the custom id, nothing is kept in memory.

A view holds either only these, with ``timeout=None``, or none of them: discord.py forgets a dynamic item for
the whole process when a view that mixes it with an ordinary button ends. Views are never edited, but built
afresh.
"""

import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Self, cast

import discord

if TYPE_CHECKING:
    from kleinbot.chat.core.client import KleinbotClient

JOB_ID = r"(?P<job_id>[0-9a-f]{24})"


class PersistentButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"kb:never"):
    """Base of every button: answers errors, which discord.py would only log."""

    @classmethod
    def takes(cls, custom_id: str) -> bool:
        """Tell whether ``custom_id`` is one of this kind of button."""
        return cls.__discord_ui_compiled_template__.fullmatch(custom_id) is not None

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        client = cast("KleinbotClient", interaction.client)
        # The command tree's check is not asked for buttons, and old ones stay where the bot is shut out.
        if not await client.admits(interaction):
            return
        try:
            await self.press(interaction, client)
        except Exception as error:  # noqa: BLE001 - the edge of the house: the person gets a sentence
            await client.job_handlers.answer_error(interaction, error)

    @abstractmethod
    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        """Do what the button says. Whoever presses is checked by the use case."""


class CancelButton(PersistentButton, template="kb:cancel:" + JOB_ID):
    """Cancels a job that waits or runs."""

    def __init__(self, job_id: str, label: str) -> None:
        self.job_id = job_id
        super().__init__(
            discord.ui.Button(
                label=label, style=discord.ButtonStyle.secondary, custom_id=f"kb:cancel:{job_id}"
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], getattr(item, "label", None) or "✕")

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.job_handlers.cancel(interaction, self.job_id)


def custom_ids(message: discord.Message) -> set[str]:
    """Return what the buttons of a message carry, as Discord itself tells them."""
    children = [child for row in message.components for child in getattr(row, "children", ())]
    return {getattr(child, "custom_id", None) or "" for child in children}


BUTTONS: tuple[type[PersistentButton], ...] = (CancelButton,)
