"""Handles /imagine, /queue, /cancel and the cancel button."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core import choices
from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.typed_names import typed_number
from kleinbot.chat.create.modals import ModalSetup
from kleinbot.chat.delivery import waiting_views
from kleinbot.chat.habits import in_prompt
from kleinbot.chat.jobs.buttons import CancelButton
from kleinbot.chat.jobs.job_responder import JobResponder
from kleinbot.chat.results.use_prompt_modal import UsePromptModal
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.requests import TypedImagine
from kleinbot.domain.work import EngineState
from kleinbot.texts import Texts
from kleinbot.usecases.cancel import Cancel, Cancelled
from kleinbot.usecases.job_queries import JobQueries
from kleinbot.usecases.privacy.editing import MemberChoices
from kleinbot.usecases.setup.styles import Styles
from kleinbot.usecases.submit import Submit


class JobHandlers:
    """One method for each command and button."""

    def __init__(
        self,
        submit: Submit,
        cancel: Cancel,
        queries: JobQueries,
        choices: MemberChoices,
        styles: Styles,
        interactions: Interactions,
        responder: JobResponder,
        texts: Texts,
        engine_state: Callable[[], EngineState],
        modal_setup: Callable[[discord.Interaction[Any]], ModalSetup],
    ) -> None:
        self._submit = submit
        self._cancel = cancel
        self._queries = queries
        self._choices = choices
        self._styles = styles
        self._interactions = interactions
        self._responder = responder
        self._texts = texts
        self._engine_state = engine_state
        self._modal_setup = modal_setup

    async def imagine(
        self,
        interaction: discord.Interaction[Any],
        typed: TypedImagine,
        filled: TypedImagine | None = None,
    ) -> None:
        """Accept a request and show where it stands. The row exists before the answer is sent.

        ``filled``: the fields of a form. Without a prompt, the form is opened instead.
        """
        actor = self._interactions.actor_of(interaction)
        if not typed.prompt and filled is None:
            await self._ask(interaction, actor, typed)
            return
        styles = await self._styles.names(actor) if "style" in typed.prompt.lower() else ()
        typed, notes = in_prompt.of_imagine(typed, styles)
        typed = typed if filled is None else typed.otherwise(filled)
        request = await self._choices.imagine(actor, typed)
        accepting = self._submit.imagine(actor, request, self._interactions.reply_address(interaction))
        if await self._responder.respond(interaction, accepting, private=request.private) and notes:
            text = in_prompt.notes_text(self._texts, str(interaction.locale), notes)
            await self._interactions.answer(interaction, text)

    async def _ask(self, interaction: discord.Interaction[Any], actor: Actor, typed: TypedImagine) -> None:
        """Open the form, filled in with the options that were given, else with the member's settings."""
        request = await self._choices.imagine(actor, typed)
        filled = replace(typed, aspect=request.aspect, count=request.count, private=request.private)
        modal = UsePromptModal(self._modal_setup(interaction), "form-imagine-title", filled, self.imagine)
        await interaction.response.send_modal(modal)

    async def cancel_pressed(self, interaction: discord.Interaction[Any], button: CancelButton) -> None:
        actor = self._interactions.actor_of(interaction)
        await self._answer_cancelled(interaction, await self._cancel.by_id(actor, button.job_id))

    async def cancel(self, interaction: discord.Interaction[Any], job: str | None) -> None:
        """Cancel by the number that people see, typed or chosen; None means the newest open job."""
        number = None if job is None else _number(job)
        actor = self._interactions.actor_of(interaction)
        await self._answer_cancelled(interaction, await self._cancel.by_number(actor, number))

    async def cancel_choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the member's open jobs whose number or prompt contains what was typed."""
        queue = await self._queries.queue(self._interactions.actor_of(interaction))
        labels = {
            f"#{status.job.number}": f"#{status.job.number} {one_line(status.job.spec.words)}"
            for status in reversed(queue.mine)
        }
        return choices.matching(((label, value) for value, label in labels.items()), typed)

    async def queue(self, interaction: discord.Interaction[Any]) -> None:
        """Show the member's jobs, with a button for each."""
        queue = await self._queries.queue(self._interactions.actor_of(interaction))
        view = waiting_views.queue(
            self._texts, str(interaction.locale), queue, self._engine_state(), is_open=self._submit.is_open
        )
        await self._interactions.answer(interaction, view)

    async def _answer_cancelled(self, interaction: discord.Interaction[Any], outcome: Cancelled) -> None:
        text = core_text.cancelled(self._texts, str(interaction.locale), outcome)
        await self._interactions.answer(interaction, text)


def _number(job: str) -> int:
    typed = typed_number(job)
    if typed is None:
        raise Refusal(Code.JOB_UNKNOWN, job=core_text.shown_prompt(job, 40))
    return typed.number
