"""Handles /admin audit. Only whoever asks sees the answer."""

from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core.choices import matching
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.moderation import audit_views
from kleinbot.chat.moderation.buttons import AuditPageButton
from kleinbot.chat.quota.views import AUDIT_SENTENCES, audit_label
from kleinbot.domain.clock import DAY_MS, Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.quota import AuditAction
from kleinbot.store.members.audit import AuditFilter
from kleinbot.texts import Texts
from kleinbot.usecases.moderation.read_audit import ReadAudit


class AuditHandlers:
    """The command, its suggestions and its buttons."""

    def __init__(self, read_audit: ReadAudit, interactions: Interactions, texts: Texts, clock: Clock) -> None:
        self._read_audit = read_audit
        self._interactions = interactions
        self._texts = texts
        self._clock = clock

    async def open(
        self,
        interaction: discord.Interaction[Any],
        member_id: int | None,
        action: str | None,
        days: int | None,
        option: str,
    ) -> None:
        """Show the newest page. ``option``: the name of the option that gives the action."""
        actor = self._interactions.actor_of(interaction)
        if action is not None and action not in set(AuditAction):
            raise Refusal(Code.OPTION_NOT_OFFERED, option=option)
        since_ms = None if days is None else self._clock.now_ms() - days * DAY_MS
        wanted = AuditFilter(member_id, None if action is None else AuditAction(action), since_ms)
        page = await self._read_audit.page(actor, wanted)
        await self._interactions.answer(interaction, audit_views.audit(self._texts, actor.locale, page))

    async def page_pressed(self, interaction: discord.Interaction[Any], button: AuditPageButton) -> None:
        """Replace the page by another."""
        actor = self._interactions.actor_of(interaction)
        wanted = button.wanted
        if wanted is None:
            raise Refusal(Code.BUTTON_UNKNOWN)
        page = await self._read_audit.page(actor, wanted, button.before or None)
        await self._interactions.replace(interaction, audit_views.audit(self._texts, actor.locale, page))

    async def actions(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return what can be done, by the sentence that tells it."""
        locale = str(interaction.locale)
        labels = [(audit_label(self._texts, locale, action), action.value) for action in AUDIT_SENTENCES]
        return matching(labels, typed)
