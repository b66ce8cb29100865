"""The buttons of /privacy, of /settings, of what an author takes back, and of a result to be posted."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import discord

from kleinbot.chat.core.buttons import Codec, Flag, JobId, PersistentButton, one_of

_MessageId = Annotated[int, Codec(r"[0-9]{1,19}", lambda text: min(int(text), 2**63 - 1))]


@dataclass(frozen=True)
class EraseButton(PersistentButton, name="erase"):
    """Deletes everything about whoever presses."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.danger


@dataclass(frozen=True)
class KeepDataButton(PersistentButton, name="noerase"):
    """Leaves everything as it is."""


@dataclass(frozen=True)
class TakeBackMessageButton(PersistentButton, name="unmake"):
    """Removes what others made from a message of whoever presses."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.danger

    message_id: _MessageId


@dataclass(frozen=True)
class TakeBackResultButton(PersistentButton, name="unmakeof"):
    """Removes what others made from a result of whoever presses."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.danger

    job_id: JobId


@dataclass(frozen=True)
class PostButton(PersistentButton, name="post"):
    """Posts a result that only its member has seen."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.primary

    job_id: JobId


class OthersMayEdit(StrEnum):
    """What a member may choose. The values are in custom ids and do not change."""

    YES = "yes"
    NO = "no"
    AS_SERVER = "server"


class PreviewChoice(StrEnum):
    """What a member may choose. The values are in custom ids and do not change."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True)
class PreviewsButton(PersistentButton, name="previews"):
    """Chooses whether whoever presses is shown what their pictures become."""

    choice: Annotated[PreviewChoice, one_of(PreviewChoice)]


@dataclass(frozen=True)
class OthersMayEditButton(PersistentButton, name="oedit"):
    """Chooses whether others may edit the pictures of whoever presses."""

    choice: Annotated[OthersMayEdit, one_of(OthersMayEdit)]


class SettingItem(StrEnum):
    """What a member may choose of what they make. The values are in custom ids and do not change."""

    ASPECT = "aspect"
    COUNT = "count"
    PRIVATE = "private"


@dataclass(frozen=True)
class SettingSelect(PersistentButton, name="own"):
    """A select for one item. What was chosen comes with the interaction."""

    item: Annotated[SettingItem, one_of(SettingItem)]

    def with_options(self, options: Sequence[discord.SelectOption]) -> discord.ui.Select[Any]:
        """Return the component for a choice of one option."""
        return discord.ui.Select(custom_id=self.custom_id, options=list(options))


@dataclass(frozen=True)
class NamedButton(PersistentButton, name="named"):
    """Chooses whether shared pictures that were made from those of whoever presses name them."""

    is_named: Flag
