"""The buttons of the question before everything about a person is deleted."""

from dataclasses import dataclass
from typing import ClassVar

import discord

from kleinbot.chat.core.buttons import PersistentButton


@dataclass(frozen=True)
class EraseButton(PersistentButton, name="erase"):
    """Deletes everything about whoever presses."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.danger


@dataclass(frozen=True)
class KeepDataButton(PersistentButton, name="noerase"):
    """Leaves everything as it is."""
