"""Answers whoever makes pictures from pictures: by command, button, form or menu."""

import asyncio
import logging
import re
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from kleinbot.chat import layouts, picture_label
from kleinbot.chat.front_desk import FrontDesk, actor_of, reply_address
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, KleinbotError, Refusal
from kleinbot.domain.requests import Attached, EditRequest, PictureName, Press, Source
from kleinbot.studio.edit import Edit
from kleinbot.studio.sources import Sources
from kleinbot.studio.submit import Accepted, Begun
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

DEFER_AFTER_S = 1.5
"""Discord waits 3 s for the first response."""

_KEY = re.compile(r"([0-9a-f]{24})\.([0-3])")
_NUMBER = re.compile(r"#?(\d{1,9})(?:[/.]([1-4]))?(?:\s.*)?", re.DOTALL)


class Workbench:
    """One method for each thing that can be made from a picture."""

    def __init__(
        self, front_desk: FrontDesk, sources: Sources, edit: Edit, texts: Texts, clock: Clock
    ) -> None:
        self._front_desk = front_desk
        self._sources = sources
        self._edit = edit
        self._texts = texts
        self._clock = clock

    async def edit(self, interaction: discord.Interaction[Any], request: EditRequest) -> None:
        await self._answer(interaction, await self._edit.begin(actor_of(interaction), request))

    async def picture_choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the member's own pictures whose number or prompt has what was typed, newest first."""
        locale = str(interaction.locale)
        return [
            app_commands.Choice(
                name=picture_label.of(self._texts, locale, picture, self._clock.now_ms()),
                value=f"{picture.key.job_id}.{picture.key.position}",
            )
            for picture in await self._sources.suggest(actor_of(interaction), typed)
        ]

    async def _answer(
        self, interaction: discord.Interaction[Any], begun: Begun, press: Press | None = None
    ) -> None:
        """Say where the job stands at once, or defer where a picture is slow to come."""
        finishing = asyncio.ensure_future(begun.finish(reply_address(interaction), press))
        patience = asyncio.ensure_future(self._clock.sleep(DEFER_AFTER_S))
        try:
            await asyncio.wait({finishing, patience}, return_when=asyncio.FIRST_COMPLETED)
            if not finishing.done():
                await interaction.response.defer(ephemeral=begun.private, thinking=True)
            accepted = await self._outcome(interaction, finishing)
        finally:
            patience.cancel()
        if accepted is not None:
            await self._front_desk.show_accepted(interaction, accepted)

    async def _outcome(
        self, interaction: discord.Interaction[Any], finishing: "asyncio.Future[Accepted]"
    ) -> Accepted | None:
        try:
            return await finishing
        except KleinbotError as error:
            if not interaction.response.is_done():
                raise
            # A deferred answer is as public as it was begun, so the refusal takes its place.
            text = self._texts.error(error, str(interaction.locale))
            await interaction.edit_original_response(view=layouts.plain(text))
            return None


def attached(file: discord.Attachment) -> Attached:
    return Attached(file.url, file.size)


def attached_all(files: Sequence[discord.Attachment | None]) -> tuple[Attached, ...]:
    return tuple(attached(file) for file in files if file is not None)


def source_of(image: discord.Attachment | None, picture: str | None) -> Source | None:
    """Return what a command's two options name. Raises Refusal TWO_SOURCES or PICTURE_UNKNOWN."""
    if image is not None and picture is not None:
        raise Refusal(Code.TWO_SOURCES)
    if image is not None:
        return attached(image)
    return None if picture is None else picture_name(picture)


def picture_name(typed: str) -> PictureName:
    """Read what a person chose or typed: a choice's key, ``#412``, ``412/2``. Raises PICTURE_UNKNOWN."""
    if match := _KEY.fullmatch(typed.strip()):
        return PictureName(job_id=match[1], position=int(match[2]))
    if match := _NUMBER.fullmatch(typed.strip()):
        return PictureName(number=int(match[1]), position=int(match[2]) - 1 if match[2] else None)
    raise Refusal(Code.PICTURE_UNKNOWN)
