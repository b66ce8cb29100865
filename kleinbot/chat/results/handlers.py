"""Handles the buttons under a result that mark, explain and delete it."""

from typing import Any

import discord

from kleinbot.chat.core.buttons import custom_ids
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.delivery import splitting
from kleinbot.chat.delivery.messages import ResultMessages
from kleinbot.chat.more.actions import ChosenPicture
from kleinbot.chat.results import views as results_views
from kleinbot.chat.results.buttons import (
    ConfirmDeleteButton,
    DeleteButton,
    FavouriteButton,
    KeepButton,
    RecipeButton,
    UnfavouriteButton,
)
from kleinbot.domain.errors import Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import Actor
from kleinbot.texts import Texts
from kleinbot.usecases.attachments import UploadLimits
from kleinbot.usecases.delete import Delete
from kleinbot.usecases.favourites import Favourites
from kleinbot.usecases.history import History
from kleinbot.usecases.original_file import OriginalFile


class ResultHandlers:
    """One method for each button. Only whoever pressed sees the answer."""

    def __init__(
        self,
        history: History,
        favourites: Favourites,
        delete: Delete,
        original: OriginalFile,
        results: ResultMessages,
        interactions: Interactions,
        texts: Texts,
    ) -> None:
        self._history = history
        self._favourites = favourites
        self._delete = delete
        self._original = original
        self._results = results
        self._interactions = interactions
        self._texts = texts

    async def favourite_pressed(self, interaction: discord.Interaction[Any], button: FavouriteButton) -> None:
        """Mark the image. Without a position, mark the only one, or ask which of several."""
        if button.position is None:
            await self._open_favourites(interaction, button.job_id)
            return
        actor = self._interactions.actor_of(interaction)
        job, marked = await self._favourites.mark(actor, ImageKey(button.job_id, button.position))
        view = results_views.favourites(self._texts, actor.locale, job, marked)
        await self._interactions.replace(interaction, view)

    async def unfavourite_pressed(
        self, interaction: discord.Interaction[Any], button: UnfavouriteButton
    ) -> None:
        actor = self._interactions.actor_of(interaction)
        job, marked = await self._favourites.unmark(actor, ImageKey(button.job_id, button.position))
        view = results_views.favourites(self._texts, actor.locale, job, marked)
        await self._interactions.replace(interaction, view)

    async def _open_favourites(self, interaction: discord.Interaction[Any], job_id: str) -> None:
        actor = self._interactions.actor_of(interaction)
        job, marked = await self._favourites.marked(actor, job_id)
        if len(job.done_images) == 1:
            job, marked = await self._favourites.mark(actor, job.done_images[0].key)
        view = results_views.favourites(self._texts, actor.locale, job, marked)
        await self._interactions.answer(interaction, view)

    async def recipe_pressed(self, interaction: discord.Interaction[Any], button: RecipeButton) -> None:
        """Show how a result was made, unless it is deleted."""
        actor = self._interactions.actor_of(interaction)
        await self._answer_recipe(interaction, actor, await self._history.seen(actor, button.job_id))

    async def show_recipe(self, interaction: discord.Interaction[Any], picture: ChosenPicture) -> None:
        await self._answer_recipe(interaction, picture.actor, picture.job)

    async def _answer_recipe(self, interaction: discord.Interaction[Any], actor: Actor, job: Job) -> None:
        names_parent = await self._history.sees_parent(actor, job)
        recipe = results_views.recipe(
            self._texts, actor.locale, actor.member_id, job, names_parent=names_parent
        )
        await self._interactions.answer(interaction, recipe)

    async def copy_command(self, interaction: discord.Interaction[Any], picture: ChosenPicture) -> None:
        """Show the command that makes this picture again."""
        actor, job = picture.actor, picture.job
        names_parent = await self._history.sees_parent(actor, job)
        copied = results_views.copied(
            self._texts, actor.locale, actor.member_id, job, picture.position, names_parent=names_parent
        )
        await self._interactions.answer(interaction, copied)

    async def show_original(self, interaction: discord.Interaction[Any], picture: ChosenPicture) -> None:
        """Send the archived file, to the reader alone."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        limit_bytes = interaction.filesize_limit
        job, stored, data = await self._original.read(picture.actor, picture.image.key, limit_bytes)
        message = results_views.original(self._texts, picture.actor.locale, job, stored, data)
        await interaction.edit_original_response(view=message.view, attachments=list(message.files))

    async def offers_delete(self, picture: ChosenPicture) -> bool:
        """Tell whether the reader may delete it here.

        Its author's private result has the button itself: only a press of its own buttons can remove that
        message.
        """
        if picture.job.private and picture.job.member_id == picture.actor.member_id:
            return False
        try:
            await self._delete.check(picture.actor, picture.job.job_id)
        except Refusal:
            return False
        return True

    async def ask_delete(self, interaction: discord.Interaction[Any], picture: ChosenPicture) -> None:
        """Ask in place of the list."""
        job = await self._delete.check(picture.actor, picture.job.job_id)
        view = results_views.ask_delete(self._texts, picture.actor.locale, job, in_place=False)
        await self._interactions.replace(interaction, view)

    async def delete_pressed(self, interaction: discord.Interaction[Any], button: DeleteButton) -> None:
        """Ask first. The question replaces a result that only its member sees.

        Nobody can remove such a message later: only a press of one of its own buttons reaches it.
        """
        actor = self._interactions.actor_of(interaction)
        job = await self._delete.check(actor, button.job_id)
        source = interaction.message
        in_place = source is not None and source.flags.ephemeral
        if source is not None and not in_place and button.custom_id in custom_ids(source):
            # Discord itself says that this message of ours shows the result.
            await self._history.note_seen(job, source.channel.id, source.id)
        view = results_views.ask_delete(self._texts, actor.locale, job, in_place)
        await self._interactions.replace(interaction, view, with_files=False)

    async def confirm_delete_pressed(
        self, interaction: discord.Interaction[Any], button: ConfirmDeleteButton
    ) -> None:
        """Delete, and replace the question by the confirmation."""
        actor = self._interactions.actor_of(interaction)
        job = await self._delete.delete(actor, button.job_id)
        text = self._texts.say(actor.locale, "delete-done", number=str(job.number))
        await self._interactions.replace(interaction, text, with_files=False)

    async def keep_pressed(self, interaction: discord.Interaction[Any], button: KeepButton) -> None:
        """Say that nothing was deleted, or replace the question by the result."""
        actor = self._interactions.actor_of(interaction)
        job = await self._history.seen(actor, button.job_id)
        source = interaction.message
        if not button.in_place or source is None or not source.flags.ephemeral:
            text = self._texts.say(actor.locale, "delete-kept", number=str(job.number))
            await self._interactions.replace(interaction, text)
            return
        await interaction.response.defer()

        async def put_back(limits: UploadLimits) -> None:
            part = await self._results.whole(job, limits)
            await interaction.edit_original_response(
                view=part.message.view, attachments=list(part.message.files)
            )

        await splitting.fitting(UploadLimits(interaction.filesize_limit), put_back)
