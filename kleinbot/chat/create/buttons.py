"""The buttons under a result that make new pictures from it."""

import re
from typing import TYPE_CHECKING, Any, Self

import discord

from kleinbot.chat.core.routing import JOB_ID, PersistentButton
from kleinbot.domain.requests import PictureReference, Press, RerollRequest, VariationsRequest
from kleinbot.domain.variation import Strength

if TYPE_CHECKING:
    from kleinbot.chat.core.client import KleinbotClient

_POSITION = r"(?P<position>[0-3])"
_STRENGTH = r"(?P<strength>subtle|medium|strong)"
_AS_MANY_AS_ITS_JOB = None


class VaryButton(PersistentButton, template=f"kb:vary:{JOB_ID}:{_POSITION}:{_STRENGTH}"):
    """Makes as many variations of one picture as its job has pictures."""

    def __init__(self, job_id: str, position: int, strength: Strength, label: str) -> None:
        self.picture = PictureReference(job_id=job_id, position=position)
        self.strength = strength
        super().__init__(_secondary(label, f"kb:vary:{job_id}:{position}:{strength}"))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], int(match["position"]), Strength(match["strength"]), _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        request = VariationsRequest(self.picture, self.strength, _AS_MANY_AS_ITS_JOB)
        await client.create_handlers.variations(interaction, request, _press(interaction, self.custom_id))


class RerollButton(PersistentButton, template=f"kb:reroll:{JOB_ID}"):
    """Makes the job again with other seeds."""

    def __init__(self, job_id: str, label: str) -> None:
        self.job_id = job_id
        super().__init__(_secondary(label, f"kb:reroll:{job_id}"))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        request = RerollRequest(self.job_id)
        await client.create_handlers.reroll(interaction, request, _press(interaction, self.custom_id))


class EditButton(PersistentButton, template=f"kb:edit:{JOB_ID}:{_POSITION}"):
    """Opens the form for an edit of one picture."""

    def __init__(self, job_id: str, position: int, label: str) -> None:
        self.picture = PictureReference(job_id=job_id, position=position)
        super().__init__(_secondary(label, f"kb:edit:{job_id}:{position}"))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        del interaction
        return cls(match["job_id"], int(match["position"]), _label(item))

    async def press(self, interaction: discord.Interaction[Any], client: "KleinbotClient") -> None:
        await client.create_handlers.open_edit_form(interaction, (self.picture,))


MAKING_BUTTONS: tuple[type[PersistentButton], ...] = (VaryButton, RerollButton, EditButton)


def _secondary(label: str, custom_id: str) -> discord.ui.Button[Any]:
    return discord.ui.Button(label=label, style=discord.ButtonStyle.secondary, custom_id=custom_id)


def _label(item: discord.ui.Item[Any]) -> str:
    return getattr(item, "label", None) or "…"


def _press(interaction: discord.Interaction[Any], custom_id: str) -> Press | None:
    return None if interaction.message is None else Press(interaction.message.id, custom_id)
