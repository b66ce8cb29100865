"""Handles /info, the menu *Image info*, and the form that draws from a prompt that was found."""

from collections.abc import Callable, Sequence
from typing import Any

import discord

from kleinbot.chat.core.buttons import job_id_in
from kleinbot.chat.core.interactions import Interactions, our_id
from kleinbot.chat.core.typed_names import typed_message_link
from kleinbot.chat.create.handlers import source_of
from kleinbot.chat.create.message_pictures import sources_in
from kleinbot.chat.create.modals import ModalSetup
from kleinbot.chat.results import info_views
from kleinbot.chat.results import views as results_views
from kleinbot.chat.results.buttons import UsePromptButton, UseWrittenButton
from kleinbot.chat.results.recipe_text import nearest_aspect
from kleinbot.chat.results.use_prompt_modal import SendImagine, UsePromptModal
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job import Job
from kleinbot.domain.people import Actor
from kleinbot.domain.requests import Attached, Source, TypedImagine
from kleinbot.texts import Texts
from kleinbot.usecases.finding.picture_info import Known, PictureInfo
from kleinbot.usecases.history import History


class InfoHandlers:
    """Only whoever asked sees the answer."""

    def __init__(
        self,
        history: History,
        info: PictureInfo,
        interactions: Interactions,
        texts: Texts,
        modal_setup: Callable[[discord.Interaction[Any]], ModalSetup],
        imagine: SendImagine,
    ) -> None:
        self._history = history
        self._info = info
        self._interactions = interactions
        self._texts = texts
        self._modal_setup = modal_setup
        self._imagine = imagine

    async def image_info(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        """Tell how a message's pictures were made: by our message, else by their pixels, else by their files.

        What our own message shows is asked of the database alone, whatever its file says.
        """
        actor = self._interactions.actor_of(interaction)
        stated = job_id_in(message) if message.author.id == our_id(interaction) else None
        try:
            job = await self._history.in_message(actor, message.id, stated)
        except Refusal as refusal:
            if refusal.code is not Code.PICTURE_NOT_KNOWN:
                raise
        else:
            await self._answer_recipe(interaction, actor, job)
            return
        await self._examine(interaction, actor, sources_in(message, our_id(interaction)))

    async def info(
        self,
        interaction: discord.Interaction[Any],
        picture: str | None,
        image: discord.Attachment | None,
    ) -> None:
        """Tell how a picture was made that is attached, or named by its number, link or message's link."""
        actor = self._interactions.actor_of(interaction)
        link = None if picture is None or image is not None else typed_message_link(picture)
        if link is None:
            await self._examine(interaction, actor, (source_of(image, picture),))
            return
        if link.server_id != actor.server_id or not actor.sees_channel(link.channel_id):
            raise Refusal(Code.RESULT_UNSEEN)
        try:
            job = await self._history.in_message(actor, link.message_id, None)
        except Refusal as refusal:
            if refusal.code is Code.PICTURE_NOT_KNOWN:
                raise Refusal(Code.MESSAGE_NOT_OURS) from refusal
            raise
        await self._answer_recipe(interaction, actor, job)

    async def _examine(
        self, interaction: discord.Interaction[Any], actor: Actor, sources: Sequence[Source]
    ) -> None:
        if any(isinstance(source, Attached) for source in sources):
            await interaction.response.defer(ephemeral=True, thinking=True)  # a download may be slow
        known = await self._info.of_sources(actor, sources)
        if isinstance(known.recipe, Job):
            await self._answer_recipe(interaction, actor, known.recipe)
        else:
            await self._answer_written(interaction, actor, known, len(sources))

    async def _answer_recipe(self, interaction: discord.Interaction[Any], actor: Actor, job: Job) -> None:
        names_parent = await self._history.sees_parent(actor, job)
        recipe = results_views.recipe(
            self._texts, actor.locale, actor.member_id, job, names_parent=names_parent
        )
        await self._interactions.answer(interaction, recipe)

    async def _answer_written(
        self, interaction: discord.Interaction[Any], actor: Actor, known: Known, pictures: int
    ) -> None:
        if not isinstance(known.recipe, Job):
            view = info_views.written(self._texts, actor.locale, known.recipe, known.at, pictures)
            await self._interactions.answer(interaction, view)

    async def use_prompt_pressed(
        self, interaction: discord.Interaction[Any], button: UsePromptButton
    ) -> None:
        """Open the form with a result's prompt. Whoever presses may be another who sees the result."""
        job = await self._history.seen(self._interactions.actor_of(interaction), button.job_id)
        await self._open_form(interaction, job.spec.prompt, nearest_aspect(job.spec.grid), job.seed)

    async def use_written_pressed(
        self, interaction: discord.Interaction[Any], button: UseWrittenButton
    ) -> None:
        """Open the form with the prompt in the pressed message, which is nothing but a text to edit."""
        prompt = None if interaction.message is None else info_views.prompt_in(interaction.message)
        await self._open_form(interaction, prompt or "", button.aspect, button.seed)

    async def _open_form(
        self, interaction: discord.Interaction[Any], prompt: str, aspect: Aspect, seed: int | None
    ) -> None:
        setup = self._modal_setup(interaction)
        filled = TypedImagine(prompt, aspect, seed=seed)
        modal = UsePromptModal(setup, "form-use-title", filled, self._imagine)
        await interaction.response.send_modal(modal)
