"""The buttons under the whole line. Each carries the page that is shown again after it was pressed."""

import re
from typing import TYPE_CHECKING, Any, Self

import discord

from kleinbot.chat.core.routing import JOB_ID, PersistentButton
from kleinbot.domain.service_mode import ServiceMode

if TYPE_CHECKING:
    from kleinbot.chat.core.client import KleinbotClient

_PAGE = r"(?P<page>\d{1,4})"
_SECONDARY = discord.ButtonStyle.secondary


class OwnerPageButton(PersistentButton, template=f"kb:hq:page:{_PAGE}"):
    """Shows a page of the whole line as it is now."""

    def __init__(self, page: int, label: str) -> None:
        self.page = page
        super().__init__(discord.ui.Button(label=label, style=_SECONDARY, custom_id=f"kb:hq:page:{page}"))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(int(match["page"]), _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.owner_queue_handlers.turn(interaction, self.page)


class ServiceModeButton(PersistentButton, template=rf"kb:hq:door:(?P<door>{'|'.join(ServiceMode)}):{_PAGE}"):
    """Pauses, resumes or drains the whole house."""

    def __init__(self, service_mode: ServiceMode, page: int, label: str) -> None:
        self.service_mode = service_mode
        self.page = page
        custom_id = f"kb:hq:door:{service_mode}:{page}"
        super().__init__(discord.ui.Button(label=label, style=_SECONDARY, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(ServiceMode(match["door"]), int(match["page"]), _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.owner_queue_handlers.change_service_mode(interaction, self.service_mode, self.page)


class OwnerCancelButton(PersistentButton, template=f"kb:hq:cancel:{JOB_ID}:{_PAGE}"):
    """Cancels a job of anybody."""

    def __init__(self, job_id: str, page: int, label: str) -> None:
        self.job_id = job_id
        self.page = page
        custom_id = f"kb:hq:cancel:{job_id}:{page}"
        super().__init__(
            discord.ui.Button(label=label, style=discord.ButtonStyle.danger, custom_id=custom_id)
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], int(match["page"]), _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.owner_queue_handlers.cancel_pressed(interaction, self.job_id, self.page)


OWNER_QUEUE_BUTTONS: tuple[type[PersistentButton], ...] = (
    OwnerPageButton,
    ServiceModeButton,
    OwnerCancelButton,
)


def _label(item: discord.ui.Item[Any]) -> str:
    return getattr(item, "label", None) or "…"
