"""Answers the buttons under a result that mark, explain and delete it."""

from typing import Any

import discord

from kleinbot.chat.core import views as core_views
from kleinbot.chat.core.routing import custom_ids
from kleinbot.chat.delivery import splitting
from kleinbot.chat.delivery.messages import ResultMessages
from kleinbot.chat.jobs.handlers import actor_of
from kleinbot.chat.results import views as results_views
from kleinbot.chat.results.buttons import DeleteButton
from kleinbot.chat.results.recipe_text import recipe_text
from kleinbot.domain.job_spec import ImageKey
from kleinbot.texts import Texts
from kleinbot.usecases.attachments import UploadLimits
from kleinbot.usecases.delete import Delete
from kleinbot.usecases.favourites import Favourites
from kleinbot.usecases.history import History


class ResultHandlers:
    """Every answer is seen by whoever pressed alone."""

    def __init__(
        self, history: History, favour: Favourites, delete: Delete, results: ResultMessages, texts: Texts
    ) -> None:
        self._history = history
        self._favour = favour
        self._delete = delete
        self._results = results
        self._texts = texts

    async def open_favourites(self, interaction: discord.Interaction[Any], job_id: str) -> None:
        """Mark a single picture at once; ask which where there are several."""
        actor = actor_of(interaction)
        job, marked = await self._favour.marked(actor, job_id)
        if len(job.done_images) == 1:
            job, marked = await self._favour.mark(actor, job.done_images[0].key)
        view = results_views.favourites(self._texts, actor.locale, job, marked)
        await interaction.response.send_message(view=view, ephemeral=True)

    async def mark(self, interaction: discord.Interaction[Any], key: ImageKey) -> None:
        actor = actor_of(interaction)
        job, marked = await self._favour.mark(actor, key)
        view = results_views.favourites(self._texts, actor.locale, job, marked)
        await interaction.response.edit_message(view=view)

    async def unmark(self, interaction: discord.Interaction[Any], key: ImageKey) -> None:
        actor = actor_of(interaction)
        job, marked = await self._favour.unmark(actor, key)
        view = results_views.favourites(self._texts, actor.locale, job, marked)
        await interaction.response.edit_message(view=view)

    async def recipe(self, interaction: discord.Interaction[Any], job_id: str) -> None:
        """Show how a result was made; a deleted one keeps that to itself."""
        actor = actor_of(interaction)
        job = await self._history.seen(actor, job_id)
        names_parent = await self._history.sees_parent(actor, job)
        text = recipe_text(self._texts, actor.locale, actor.member_id, job, names_parent=names_parent)
        await interaction.response.send_message(view=core_views.plain(text), ephemeral=True)

    async def ask_delete(self, interaction: discord.Interaction[Any], job_id: str) -> None:
        """Ask first. Where only its member sees the result, the question takes its place.

        Nobody can remove such a message later: only the press of one of its own buttons reaches it.
        """
        actor = actor_of(interaction)
        job = await self._delete.check(actor, job_id)
        source = interaction.message
        in_place = source is not None and source.flags.ephemeral
        if source is not None and not in_place and DeleteButton.of(job_id) in custom_ids(source):
            # Discord itself says that this message of ours shows the result.
            await self._history.note_seen(job, source.channel.id, source.id)
        view = results_views.ask_delete(self._texts, actor.locale, job, in_place)
        if in_place:
            await interaction.response.edit_message(view=view, attachments=[])
        else:
            await interaction.response.send_message(view=view, ephemeral=True)

    async def delete(self, interaction: discord.Interaction[Any], job_id: str) -> None:
        """Delete, and say so where the question stood."""
        actor = actor_of(interaction)
        job = await self._delete.delete(actor, job_id)
        text = self._texts.say(actor.locale, "delete-done", number=str(job.number))
        await interaction.response.edit_message(view=core_views.plain(text), attachments=[])

    async def keep(self, interaction: discord.Interaction[Any], job_id: str, in_place: bool) -> None:
        """Say that nothing was deleted, or put the result back where the question stands."""
        actor = actor_of(interaction)
        job = await self._history.seen(actor, job_id)
        if not in_place:
            text = self._texts.say(actor.locale, "delete-kept", number=str(job.number))
            await interaction.response.edit_message(view=core_views.plain(text))
            return
        await interaction.response.defer()

        async def put_back(limits: UploadLimits) -> None:
            part = await self._results.whole(job, limits)
            await interaction.edit_original_response(
                view=part.message.view, attachments=list(part.message.files)
            )

        await splitting.fitting(UploadLimits(interaction.filesize_limit), put_back)
