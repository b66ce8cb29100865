"""The buttons and selects of set-up. All work for years: each says by itself what is chosen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import discord

from kleinbot.chat.core.buttons import PersistentButton, one_of


class SetUpItem(StrEnum):
    """What can be chosen. The values are in custom ids and do not change."""

    MODERATORS_CHANNEL = "mods"
    ALLOWED_CHANNELS = "where"
    SHOWCASE_CHANNEL = "showcase"
    QUOTA = "quota"
    LOCALE = "locale"
    OTHERS_MAY_EDIT = "edit"
    RETENTION = "keep"


@dataclass(frozen=True)
class OpenSetupButton(PersistentButton, name="setup"):
    """Shows an admin what can be set up in this server."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.primary


@dataclass(frozen=True)
class FinishSetupButton(PersistentButton, name="setup-done"):
    """Ends set-up with a look at what is right and what is not."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.success


@dataclass(frozen=True)
class SetUpSelect(PersistentButton, name="set"):
    """A select for one item. What was chosen comes with the interaction (``chosen_values``)."""

    item: Annotated[SetUpItem, one_of(SetUpItem)]

    def with_options(self, options: Sequence[discord.SelectOption]) -> discord.ui.Select[Any]:
        """Return the component for a choice of one option."""
        return discord.ui.Select(custom_id=self.custom_id, options=list(options))

    def with_channels(
        self,
        placeholder: str,
        chosen: Collection[int],
        *,
        kinds: Sequence[discord.ChannelType],
        most: int = 1,
    ) -> discord.ui.ChannelSelect[Any]:
        """Return the component for a choice of up to ``most`` channels, or of none."""
        return discord.ui.ChannelSelect(
            custom_id=self.custom_id,
            channel_types=list(kinds),
            placeholder=placeholder,
            min_values=0,
            max_values=most,
            default_values=[
                discord.SelectDefaultValue(id=each, type=discord.SelectDefaultValueType.channel)
                for each in sorted(chosen)
            ],
        )


def chosen_values(interaction: discord.Interaction[Any]) -> tuple[str, ...]:
    """Return the raw values that were chosen; a modified client can send any. None: it was no select."""
    data: Any = interaction.data or {}
    values = data.get("values")
    if not isinstance(values, list):
        return ()
    return tuple(str(value)[:_MOST_CHARACTERS] for value in values[:_MOST_VALUES])


_MOST_VALUES = 25
_MOST_CHARACTERS = 100
