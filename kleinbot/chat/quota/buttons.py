"""The buttons of the questions before a rule is removed."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import discord

from kleinbot.chat.core.buttons import Codec, PersistentButton

_SERVER_DEFAULT = "0"
_MemberId = Annotated[
    int | None,
    Codec(
        r"\d{1,20}",
        lambda text: int(text) or None,
        lambda member_id: _SERVER_DEFAULT if member_id is None else str(member_id),
    ),
]


@dataclass(frozen=True)
class ClearQuotaButton(PersistentButton, name="qclear"):
    """Removes a member's own limit; None: the server's default."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.danger

    member_id: _MemberId


@dataclass(frozen=True)
class KeepQuotaButton(PersistentButton, name="qkeep"):
    """Leaves the limit as it is."""


@dataclass(frozen=True)
class ClearRoleRuleButton(PersistentButton, name="qrole"):
    """Removes the rule of a role."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.danger

    role_id: Annotated[int, Codec(r"\d{1,20}", int)]
