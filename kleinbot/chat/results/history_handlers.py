"""Handles /history, /show and their buttons."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.choices import CHOICE_CHARACTERS, MOST_CHOICES
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.typed_names import typed_number
from kleinbot.chat.core.views import MessageContent
from kleinbot.chat.delivery import splitting
from kleinbot.chat.delivery.messages import ResultMessage, ResultMessages
from kleinbot.chat.results import views as results_views
from kleinbot.chat.results.buttons import FilteredPageButton, PageButton, ShowButton
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.plain_text import one_line
from kleinbot.store.results.history import Title
from kleinbot.texts import Texts
from kleinbot.usecases.attachments import UploadLimits
from kleinbot.usecases.history import History, Search


class HistoryHandlers:
    """Notes every message that it posts, so that a deletion can remove it."""

    def __init__(
        self, history: History, results: ResultMessages, interactions: Interactions, texts: Texts
    ) -> None:
        self._history = history
        self._results = results
        self._interactions = interactions
        self._texts = texts

    async def open(self, interaction: discord.Interaction[Any], search: Search) -> None:
        """Show the newest page, to the member alone."""
        actor = self._interactions.actor_of(interaction)
        await interaction.response.defer(ephemeral=True)
        page = await self._history.page(actor, search)
        await self._show_page(interaction, results_views.history(
            self._texts, actor.locale, page, actor.member_id
        ))  # fmt: skip

    async def page_pressed(
        self, interaction: discord.Interaction[Any], button: PageButton | FilteredPageButton
    ) -> None:
        """Replace the page by the one below or above a job's number."""
        actor = self._interactions.actor_of(interaction)
        await interaction.response.defer()
        if button.older:
            page = await self._history.page(actor, button.search, before=button.number)
        else:
            page = await self._history.page(actor, button.search, after=button.number)
        await self._show_page(interaction, results_views.history(
            self._texts, actor.locale, page, actor.member_id
        ))  # fmt: skip

    async def filtered_page_pressed(
        self, interaction: discord.Interaction[Any], button: FilteredPageButton
    ) -> None:
        """Turn a page of a search with filters."""
        await self.page_pressed(interaction, button)

    async def show(self, interaction: discord.Interaction[Any], job: str) -> None:
        """Post one of the member's own results again, as it was typed or chosen."""
        name = typed_number(job)
        if name is None:
            raise Refusal(Code.RESULT_UNKNOWN, job=core_text.shown_prompt(job, 40))
        await self._post(
            interaction, await self._history.mine(self._interactions.actor_of(interaction), name.number)
        )

    async def show_pressed(self, interaction: discord.Interaction[Any], button: ShowButton) -> None:
        """Post a result again. Only whoever pressed sees somebody else's."""
        await self._post(
            interaction, await self._history.seen(self._interactions.actor_of(interaction), button.job_id)
        )

    async def choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the member's own results whose number or prompt contains what was typed."""
        actor = self._interactions.actor_of(interaction)
        return [
            app_commands.Choice(name=self._label(actor.locale, job), value=f"#{job.number}")
            for job in await self._history.choices(
                self._interactions.actor_of(interaction), typed, MOST_CHOICES
            )
        ]

    def _label(self, locale: str, job: Title) -> str:
        return one_line(
            f"#{job.number} {core_text.subject(self._texts, locale, job.prompt)}", CHOICE_CHARACTERS
        )

    async def _show_page(self, interaction: discord.Interaction[Any], message: MessageContent) -> None:
        await interaction.edit_original_response(view=message.view, attachments=list(message.files))

    async def _post(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """Post ``job`` in as many messages as it needs. A failure is not repeated: the member can ask again.

        A message that only one person sees is not noted: nobody can remove it later.
        """
        is_ephemeral = job.private or job.member_id != interaction.user.id
        if not is_ephemeral:
            await self._history.require_posting(self._interactions.actor_of(interaction))
        await interaction.response.defer(ephemeral=is_ephemeral, thinking=True)
        limits = UploadLimits(interaction.filesize_limit)

        async def edit(part: ResultMessage) -> int:
            edited = await interaction.edit_original_response(
                view=part.message.view, attachments=list(part.message.files)
            )
            return edited.id

        async def follow(part: ResultMessage) -> int:
            sent = await interaction.followup.send(
                view=part.message.view, files=list(part.message.files), ephemeral=is_ephemeral, wait=True
            )
            return sent.id

        there: set[int] = set()
        compose, send = functools.partial(self._results.first, job), edit
        while True:
            part, message_id = await _sent(limits, compose, send)
            if not is_ephemeral:
                await self._history.note_shown(job, part.positions, interaction.channel_id or 0, message_id)
            there.update(part.positions)
            if not (left := splitting.left_of(job, there)):
                return
            compose, send = functools.partial(self._results.further, job, left), follow


async def _sent(
    limits: UploadLimits,
    compose: Callable[[UploadLimits], Awaitable[ResultMessage]],
    send: Callable[[ResultMessage], Awaitable[int]],
) -> tuple[ResultMessage, int]:
    async def attempt(limits: UploadLimits) -> tuple[ResultMessage, int]:
        part = await compose(limits)
        return part, await send(part)

    return await splitting.fitting(limits, attempt)
