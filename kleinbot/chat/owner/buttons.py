"""The buttons under the owner's view of the queue. Each carries the page to show after the press."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import discord

from kleinbot.chat.core.buttons import Codec, JobId, PersistentButton, one_of
from kleinbot.domain.service_mode import ServiceMode

_Page = Annotated[int, Codec(r"\d{1,4}", int)]


@dataclass(frozen=True)
class OwnerPageButton(PersistentButton, name="hq:page"):
    """Shows a page of the queue as it is now."""

    page: _Page


@dataclass(frozen=True)
class ServiceModeButton(PersistentButton, name="hq:door"):
    """Pauses, resumes or drains the bot. ``door`` is what the service mode was called in the first ids."""

    service_mode: Annotated[ServiceMode, one_of(ServiceMode)]
    page: _Page


@dataclass(frozen=True)
class OwnerCancelButton(PersistentButton, name="hq:cancel"):
    """Cancels a job of any member."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.danger

    job_id: JobId
    page: _Page
