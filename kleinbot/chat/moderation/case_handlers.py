"""Handles what moderators do about pictures: reported ones, and others by their number."""

from typing import Any

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.typed_names import typed_number
from kleinbot.chat.delivery import splitting
from kleinbot.chat.moderation import case_views
from kleinbot.chat.moderation.buttons import CaseActionButton, CaseButton
from kleinbot.chat.moderation.case_poster import CasePoster
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.moderation.bans import Target
from kleinbot.domain.moderation.reports import CaseAction
from kleinbot.texts import Texts
from kleinbot.usecases.attachments import UploadLimits
from kleinbot.usecases.moderation.cases import DecideCases
from kleinbot.usecases.moderation.hide import Hide

_CONCERN_AUTHOR = frozenset({CaseAction.WARN, CaseAction.TIMEOUT, CaseAction.BAN})
_SPARE_ADMINS = _CONCERN_AUTHOR - {CaseAction.WARN}


class CaseHandlers:
    """One method for each command and button."""

    def __init__(
        self,
        decide: DecideCases,
        hide: Hide,
        poster: CasePoster,
        interactions: Interactions,
        texts: Texts,
    ) -> None:
        self._decide = decide
        self._hide = hide
        self._poster = poster
        self._interactions = interactions
        self._texts = texts

    async def waiting(self, interaction: discord.Interaction[Any]) -> None:
        """List the reports that are still to be decided."""
        actor = self._interactions.actor_of(interaction)
        found = await self._decide.waiting(actor)
        await self._interactions.answer(interaction, case_views.waiting(self._texts, actor.locale, found))

    async def open_pressed(self, interaction: discord.Interaction[Any], button: CaseButton) -> None:
        """Show a case to its reader alone."""
        actor = self._interactions.actor_of(interaction)
        found = await self._decide.opened(actor, button.case_id)
        await interaction.response.defer(ephemeral=True, thinking=True)

        async def show(limits: UploadLimits) -> None:
            content = await self._poster.content(found.case, found.job, actor.locale, limits)
            await interaction.edit_original_response(view=content.view, attachments=list(content.files))

        await splitting.fitting(UploadLimits(interaction.filesize_limit), show)

    async def act_pressed(self, interaction: discord.Interaction[Any], button: CaseActionButton) -> None:
        """Do something about a case; ask before a deletion. Its post is edited by ``CasePoster``."""
        actor = self._interactions.actor_of(interaction)
        found = await self._decide.opened(actor, button.case_id)
        if button.action is CaseAction.DELETE and not button.is_sure:
            view = case_views.ask_delete(self._texts, actor.locale, found)
            await self._interactions.answer(interaction, view)
            return
        number = str(found.job.number)
        reason, author = "", Target(found.job.member_id)
        if button.action in _CONCERN_AUTHOR:
            if button.action in _SPARE_ADMINS:
                author = await self._interactions.look_up(interaction, author.member_id)
            # The author reads it, whose language is that of the result.
            locale = found.job.locale
            why = self._texts.say(locale, f"reason-{found.case.reason}")
            reason = self._texts.say(locale, "case-reason", number=number, reason=why)
        await self._decide.act(actor, button.case_id, button.action, reason, author)
        text = self._texts.say(
            actor.locale,
            f"case-did-{button.action}",
            number=number,
            author=core_text.mention(found.job.member_id),
        )
        if button.is_sure:
            await self._interactions.replace(interaction, text)
        else:
            await self._interactions.answer(interaction, text)

    async def hide(self, interaction: discord.Interaction[Any], job: str, reason: str) -> None:
        actor = self._interactions.actor_of(interaction)
        hidden = await self._hide.hide(actor, _number(job), reason)
        author = core_text.mention(hidden.member_id)
        text = self._texts.say(actor.locale, "mod-hidden", number=str(hidden.number), author=author)
        await self._interactions.answer(interaction, text)

    async def show(self, interaction: discord.Interaction[Any], job: str) -> None:
        actor = self._interactions.actor_of(interaction)
        shown = await self._hide.show(actor, _number(job))
        text = self._texts.say(actor.locale, "mod-shown", number=str(shown.number))
        await self._interactions.answer(interaction, text)


def _number(job: str) -> int:
    typed = typed_number(job)
    if typed is None:
        raise Refusal(Code.RESULT_UNKNOWN, job=core_text.shown_prompt(job, 40))
    return typed.number
