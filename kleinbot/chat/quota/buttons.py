"""The buttons of the question before a limit is taken away."""

import re
from typing import TYPE_CHECKING, Any, Self

import discord

from kleinbot.chat.core.routing import PersistentButton
from kleinbot.domain.errors import Code, Refusal

if TYPE_CHECKING:
    from kleinbot.chat.core.client import KleinbotClient

_MEMBER = r"(?P<member_id>\d{1,20})"
_SERVER_DEFAULT = 0
_LARGEST_ID = 2**63 - 1
"""The database's largest number; Discord's own are far below it."""


class ClearQuotaButton(PersistentButton, template=f"kb:qclear:{_MEMBER}"):
    """Takes a member's own limit away; 0: the server's default."""

    def __init__(self, member_id: int | None, label: str) -> None:
        self.member_id = member_id
        super().__init__(
            discord.ui.Button(
                label=label,
                style=discord.ButtonStyle.danger,
                custom_id=f"kb:qclear:{_SERVER_DEFAULT if member_id is None else member_id}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        member_id = int(match["member_id"])
        return cls(None if member_id == _SERVER_DEFAULT else member_id, _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        if self.member_id is not None and self.member_id > _LARGEST_ID:  # which we never gave out
            raise Refusal(Code.BUTTON_UNKNOWN)
        await client.quota_handlers.clear(interaction, self.member_id)


class KeepQuotaButton(PersistentButton, template="kb:qkeep"):
    """Leaves everything as it is."""

    def __init__(self, label: str) -> None:
        super().__init__(
            discord.ui.Button(label=label, style=discord.ButtonStyle.secondary, custom_id="kb:qkeep")
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction, match
        return cls(_label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.quota_handlers.keep(interaction)


QUOTA_BUTTONS: tuple[type[PersistentButton], ...] = (ClearQuotaButton, KeepQuotaButton)


def _label(item: discord.ui.Item[Any]) -> str:
    return getattr(item, "label", None) or "…"
