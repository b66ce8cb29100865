"""Answers whoever makes pictures from pictures: by command, button, form or menu."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core import picture_label
from kleinbot.chat.create.message_media import links_in
from kleinbot.chat.create.message_pictures import sources_in
from kleinbot.chat.create.modals import EditModal, ModalKeys, VariationsModal
from kleinbot.chat.jobs.handlers import JobHandlers, actor_of, reply_address
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.requests import (
    Attached,
    EditRequest,
    PictureReference,
    Press,
    RerollRequest,
    Source,
    VariationsRequest,
)
from kleinbot.texts import Texts
from kleinbot.usecases.edit import Edit
from kleinbot.usecases.sources import Sources
from kleinbot.usecases.submit import PreparedRequest
from kleinbot.usecases.variations import Variations

PICTURE_CHARACTERS = 500
"""So much may be typed to name a picture; an address at Discord's CDN takes about 250."""

_KEY = re.compile(r"([0-9a-f]{24})\.([0-3])")
_NUMBER = re.compile(r"#?(\d{1,9})(?:[/.]([1-4]))?(?:\s.*)?", re.DOTALL)


class CreateHandlers:
    """One method for each thing that can be made from a picture."""

    def __init__(
        self,
        job_handlers: JobHandlers,
        sources: Sources,
        edit: Edit,
        variations: Variations,
        texts: Texts,
        clock: Clock,
    ) -> None:
        self._job_handlers = job_handlers
        self._sources = sources
        self._edit = edit
        self._variations = variations
        self._texts = texts
        self._clock = clock
        self._forms = ModalKeys(clock)

    async def edit(self, interaction: discord.Interaction[Any], request: EditRequest) -> None:
        await self._answer(interaction, await self._edit.begin(actor_of(interaction), request))

    async def variations(
        self,
        interaction: discord.Interaction[Any],
        request: VariationsRequest,
        press: Press | None = None,
    ) -> None:
        begun = await self._variations.begin(actor_of(interaction), request)
        await self._answer(interaction, begun, press)

    async def reroll(
        self, interaction: discord.Interaction[Any], request: RerollRequest, press: Press | None
    ) -> None:
        begun = await self._variations.reroll(actor_of(interaction), request)
        await self._answer(interaction, begun, press)

    async def open_edit_form(self, interaction: discord.Interaction[Any], sources: Sequence[Source]) -> None:
        """Ask for the instruction. What may be used is checked now, and again when the form is sent."""
        await self._check(interaction, sources)
        most = self._edit.most_references
        form = EditModal(self._forms.new(), self._texts, str(interaction.locale), sources, most, self.edit)
        await interaction.response.send_modal(form)

    async def edit_message(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        """Ask for an edit of a picture of any message."""
        await self.open_edit_form(interaction, sources_in(message, _our_id(interaction)))

    async def vary_message(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        """Ask for variations of a picture of any message."""
        sources = sources_in(message, _our_id(interaction))
        await self._check(interaction, sources)
        form = VariationsModal(
            self._forms.new(), self._texts, str(interaction.locale), sources, self.variations
        )
        await interaction.response.send_modal(form)

    async def answer_lost_form(self, interaction: discord.Interaction[Any]) -> None:
        """Say that a form cannot be taken any more: discord.py would leave its sender without a word."""
        if not self._forms.is_lost(interaction.custom_id or ""):
            return
        if await interaction.client.admits(interaction):
            text = self._texts.say(str(interaction.locale), "form-lost")
            await self._job_handlers.answer(interaction, text)

    async def _check(self, interaction: discord.Interaction[Any], sources: Sequence[Source]) -> None:
        actor = actor_of(interaction)
        for source in sources:
            await self._sources.resolve(actor, source)

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
        self, interaction: discord.Interaction[Any], begun: PreparedRequest, press: Press | None = None
    ) -> None:
        """Say where the job stands at once, or defer where a picture is slow to come."""
        finishing = begun.finish(reply_address(interaction, self._clock.now_ms()), press)
        await self._job_handlers.accept(interaction, finishing, private=begun.private)


def _our_id(interaction: discord.Interaction[Any]) -> int:
    user = interaction.client.user
    return interaction.application_id if user is None else user.id


def attached(file: discord.Attachment) -> Attached:
    return Attached(file.url, file.size, file.is_spoiler())


def attached_all(files: Sequence[discord.Attachment | None]) -> tuple[Attached, ...]:
    return tuple(attached(file) for file in files if file is not None)


def source_of(image: discord.Attachment | None, picture: str | None, which: int | None = None) -> Source:
    """Return what a command's options name; ``which`` counts from 1.

    Raises Refusal TWO_SOURCES, PICTURE_UNKNOWN or PICTURE_HOST_REFUSED.
    """
    if image is not None and picture is not None:
        raise Refusal(Code.TWO_SOURCES)
    if image is not None:
        return attached(image)
    if picture is not None and "://" in picture:
        return linked(picture)
    name = PictureReference() if picture is None else picture_name(picture)
    return name if which is None else replace(name, position=which - 1)


def linked(typed: str) -> Attached:
    """Read the pasted address of a picture at Discord. Raises PICTURE_HOST_REFUSED for any other."""
    for shown in links_in(typed):
        return Attached(shown.address, None, shown.is_spoiler)
    raise Refusal(Code.PICTURE_HOST_REFUSED, host="")


def picture_name(typed: str) -> PictureReference:
    """Read what a person chose or typed: a choice's key, ``#412``, ``412/2``. Raises PICTURE_UNKNOWN."""
    if match := _KEY.fullmatch(typed.strip()):
        return PictureReference(job_id=match[1], position=int(match[2]))
    if match := _NUMBER.fullmatch(typed.strip()):
        return PictureReference(number=int(match[1]), position=int(match[2]) - 1 if match[2] else None)
    raise Refusal(Code.PICTURE_UNKNOWN)
