"""Handles whatever makes images from images: commands, buttons, modals and context menus."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.buttons import PersistentButton
from kleinbot.chat.core.interaction_gate import InteractionGate
from kleinbot.chat.core.interactions import Interactions, our_id
from kleinbot.chat.core.typed_names import typed_image_key, typed_number
from kleinbot.chat.create.buttons import EditButton, RerollButton, VaryButton
from kleinbot.chat.create.message_media import links_in
from kleinbot.chat.create.message_pictures import sources_in
from kleinbot.chat.create.modals import EditModal, ModalKeys, ModalSetup, VariationsModal
from kleinbot.chat.habits import in_prompt
from kleinbot.chat.jobs.job_responder import JobResponder
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.reference import Origin
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
from kleinbot.usecases.privacy.editing import MemberChoices
from kleinbot.usecases.sources import Sources
from kleinbot.usecases.submit import PreparedRequest
from kleinbot.usecases.variations import Variations

PICTURE_CHARACTERS = 500
"""The longest name of a picture; an address at Discord's CDN takes about 250."""

_AS_MANY_AS_ITS_JOB = None
_IMAGES = tuple(str(position + 1) for position in range(MAX_COUNT))
"""How people number the images of a job."""


class CreateHandlers:
    """One method for each thing that can be made from a picture, and for each button."""

    def __init__(
        self,
        interactions: Interactions,
        gate: InteractionGate,
        responder: JobResponder,
        sources: Sources,
        edit: Edit,
        variations: Variations,
        choices: MemberChoices,
        texts: Texts,
        clock: Clock,
    ) -> None:
        self._interactions = interactions
        self._gate = gate
        self._responder = responder
        self._sources = sources
        self._edit = edit
        self._variations = variations
        self._choices = choices
        self._texts = texts
        self._clock = clock
        self._modal_keys = ModalKeys(clock)

    async def edit(self, interaction: discord.Interaction[Any], request: EditRequest) -> None:
        request, notes = in_prompt.of_edit(request)
        actor = self._interactions.actor_of(interaction)
        request = replace(request, private=await self._choices.private(actor, request.private))
        prepared = await self._edit.begin(actor, request)
        if await self._answer(interaction, prepared) and notes:
            text = in_prompt.notes_text(self._texts, str(interaction.locale), notes)
            await self._interactions.answer(interaction, text)

    async def variations(
        self,
        interaction: discord.Interaction[Any],
        request: VariationsRequest,
        press: Press | None = None,
    ) -> None:
        actor = self._interactions.actor_of(interaction)
        request = replace(request, private=await self._choices.private(actor, request.private))
        prepared = await self._variations.begin(actor, request)
        await self._answer(interaction, prepared, press)

    async def vary_pressed(self, interaction: discord.Interaction[Any], button: VaryButton) -> None:
        picture = PictureReference(job_id=button.job_id, position=button.position)
        request = VariationsRequest(picture, button.strength, _AS_MANY_AS_ITS_JOB)
        await self.variations(interaction, request, _press(interaction, button))

    async def reroll_pressed(self, interaction: discord.Interaction[Any], button: RerollButton) -> None:
        actor = self._interactions.actor_of(interaction)
        request = RerollRequest(button.job_id, await self._choices.private(actor, None))
        prepared = await self._variations.reroll(actor, request)
        await self._answer(interaction, prepared, _press(interaction, button))

    async def edit_pressed(self, interaction: discord.Interaction[Any], button: EditButton) -> None:
        picture = PictureReference(job_id=button.job_id, position=button.position)
        await self._open_edit_modal(interaction, (picture,))

    async def _open_edit_modal(
        self, interaction: discord.Interaction[Any], sources: Sequence[Source]
    ) -> None:
        """Ask for the instruction. The sources are checked now, and again when the modal is submitted."""
        await self._check(interaction, sources)
        most = self._edit.most_references
        modal = EditModal(self.modal_setup(interaction), sources, most, self.edit)
        await interaction.response.send_modal(modal)

    async def edit_message(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        """Ask how to edit a picture of any message."""
        await self._open_edit_modal(interaction, sources_in(message, our_id(interaction)))

    async def vary_message(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        """Ask how to vary a picture of any message."""
        sources = sources_in(message, our_id(interaction))
        await self._check(interaction, sources)
        modal = VariationsModal(self.modal_setup(interaction), sources, self.variations)
        await interaction.response.send_modal(modal)

    async def answer_lost_modal(self, interaction: discord.Interaction[Any]) -> None:
        """Answer a modal that is no longer known, which discord.py would leave without an answer."""
        if not self._modal_keys.is_lost(interaction.custom_id or ""):
            return
        if await self._gate.admits(interaction):
            text = self._texts.say(str(interaction.locale), "form-lost")
            await self._interactions.answer(interaction, text)

    def modal_setup(self, interaction: discord.Interaction[Any]) -> ModalSetup:
        """Return what every modal of the bot needs, whoever opens it: one place knows those that are lost."""
        return ModalSetup(self._modal_keys.new(), self._gate, self._texts, str(interaction.locale))

    async def _check(self, interaction: discord.Interaction[Any], sources: Sequence[Source]) -> None:
        actor = self._interactions.actor_of(interaction)
        for source in sources:
            await self._sources.resolve(actor, source)

    async def picture_choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the member's own pictures whose number or prompt contains what was typed, newest first."""
        locale = str(interaction.locale)
        return [
            app_commands.Choice(
                name=core_text.picture_label(self._texts, locale, picture, self._clock.now_ms()),
                value=f"{picture.key.job_id}.{picture.key.position}",
            )
            for picture in await self._sources.suggest(self._interactions.actor_of(interaction), typed)
        ]

    async def _answer(
        self, interaction: discord.Interaction[Any], prepared: PreparedRequest, press: Press | None = None
    ) -> bool:
        """Show where the job stands at once, or defer where an input is slow to download.

        Returns whether it was accepted.
        """
        finishing = prepared.finish(self._interactions.reply_address(interaction), press)
        return await self._responder.respond(interaction, finishing, private=prepared.private)


def _press(interaction: discord.Interaction[Any], button: PersistentButton) -> Press | None:
    return None if interaction.message is None else Press(interaction.message.id, button.custom_id)


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
        return Attached(shown.address, None, shown.is_spoiler, Origin())
    raise Refusal(Code.PICTURE_HOST_REFUSED, host="")


def picture_name(typed: str) -> PictureReference:
    """Read what a person chose or typed: a choice's key, ``#412``, ``412/2``. Raises PICTURE_UNKNOWN."""
    if (key := typed_image_key(typed)) is not None:
        return PictureReference(job_id=key[0], position=key[1])
    name = typed_number(typed)
    if name is None or not (name.image is None or name.image in _IMAGES):
        raise Refusal(Code.PICTURE_UNKNOWN)
    position = None if name.image is None else int(name.image) - 1
    return PictureReference(number=name.number, position=position)
