"""The buttons under a reported picture, in the moderators' channel or in a list."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import discord

from kleinbot.chat.core.buttons import Codec, Flag, PersistentButton, one_of
from kleinbot.domain.moderation.reports import CaseAction

CaseId = Annotated[int, Codec(r"\d{1,18}", int)]


@dataclass(frozen=True)
class CaseButton(PersistentButton, name="case"):
    """Opens a case for its reader alone."""

    case_id: CaseId


@dataclass(frozen=True)
class CaseActionButton(PersistentButton, name="judge"):
    """Does something about a case. ``is_sure``: the question before a deletion was answered."""

    case_id: CaseId
    action: Annotated[CaseAction, one_of(CaseAction)]
    is_sure: Flag | None = None

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary
