"""The buttons under the owner's view of the queue. Each carries the page to show after the press."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import discord

from kleinbot.chat.core.buttons import Button, Codec, JobId, one_of
from kleinbot.domain.service_mode import ServiceMode

_Page = Annotated[int, Codec(r"\d{1,4}", int)]


@dataclass(frozen=True)
class OwnerPageButton(Button, name="hq:page"):
    """Shows a page of the queue as it is now."""

    page: _Page


@dataclass(frozen=True)
class ServiceModeButton(Button, name="hq:door"):
    """Pauses, resumes or drains the bot."""

    service_mode: Annotated[ServiceMode, one_of(ServiceMode)]
    page: _Page


@dataclass(frozen=True)
class OwnerCancelButton(Button, name="hq:cancel"):
    """Cancels a job of any member."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.danger

    job_id: JobId
    page: _Page
