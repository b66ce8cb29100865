"""Answers whoever looks for results: /history, /show and their buttons."""

import functools
import re
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.job_heading import subject
from kleinbot.chat.core.views import MessageContent
from kleinbot.chat.delivery import splitting
from kleinbot.chat.delivery.messages import ResultMessage, ResultMessages
from kleinbot.chat.jobs.handlers import actor_of
from kleinbot.chat.results import views as results_views
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.plain_text import one_line
from kleinbot.texts import Texts
from kleinbot.usecases.attachments import UploadLimits
from kleinbot.usecases.history import History, Search

_CHOICES = 25
_CHOICE_CHARACTERS = 100
_NUMBER = re.compile(r"\s*#?(\d{1,9})\b.*", re.DOTALL)


class HistoryHandlers:
    """What it posts again is noted, so that deleting finds it."""

    def __init__(self, history: History, results: ResultMessages, texts: Texts) -> None:
        self._history = history
        self._results = results
        self._texts = texts

    async def open(self, interaction: discord.Interaction[Any], search: Search) -> None:
        """Show the newest page, to the member alone."""
        actor = actor_of(interaction)
        await interaction.response.defer(ephemeral=True)
        page = await self._history.page(actor, search)
        await self._show_page(interaction, results_views.history(
            self._texts, actor.locale, page, actor.member_id
        ))  # fmt: skip

    async def turn(
        self, interaction: discord.Interaction[Any], search: Search, number: int, *, older: bool
    ) -> None:
        """Replace the page by the one below or above a job's number."""
        actor = actor_of(interaction)
        await interaction.response.defer()
        if older:
            page = await self._history.page(actor, search, before=number)
        else:
            page = await self._history.page(actor, search, after=number)
        await self._show_page(interaction, results_views.history(
            self._texts, actor.locale, page, actor.member_id
        ))  # fmt: skip

    async def show(self, interaction: discord.Interaction[Any], job: str) -> None:
        """Post one of the member's own results again, as it was typed or chosen."""
        match = _NUMBER.fullmatch(job)
        if match is None:
            raise Refusal(Code.RESULT_UNKNOWN, job=core_text.shown_prompt(job, 40))
        await self._post(interaction, await self._history.mine(actor_of(interaction), int(match[1])))

    async def show_again(self, interaction: discord.Interaction[Any], job_id: str) -> None:
        """Post a result again by key; one of somebody else is seen by whoever asked alone."""
        await self._post(interaction, await self._history.seen(actor_of(interaction), job_id))

    async def choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the member's own results whose number or prompt has what was typed."""
        locale = str(interaction.locale)
        return [
            app_commands.Choice(
                name=one_line(
                    f"#{job.number} {subject(self._texts, locale, job.prompt)}", _CHOICE_CHARACTERS
                ),
                value=f"#{job.number}",
            )
            for job in await self._history.choices(actor_of(interaction), typed, _CHOICES)
        ]

    async def _show_page(self, interaction: discord.Interaction[Any], message: MessageContent) -> None:
        await interaction.edit_original_response(view=message.view, attachments=list(message.files))

    async def _post(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """Post ``job`` in as many messages as it needs. Nothing repeats this: the member can.

        What one person alone is shown has no row: nobody can remove it later, and it is shown in no channel.
        """
        is_ephemeral = job.private or job.member_id != interaction.user.id
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
