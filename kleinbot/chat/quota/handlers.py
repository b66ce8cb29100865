"""Handles /quota and /admin. Only the person sees the answer: a quota is nobody else's business."""

from typing import Any

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.interactions import Interactions, roles_of
from kleinbot.chat.quota import rule_views
from kleinbot.chat.quota import views as quota_views
from kleinbot.chat.quota.buttons import ClearQuotaButton, KeepQuotaButton
from kleinbot.domain.errors import Code, Parameter, Refusal
from kleinbot.domain.job import TENTHS
from kleinbot.domain.quota import QuotaTerms
from kleinbot.texts import Texts
from kleinbot.usecases.quota.administer import AdministerQuota
from kleinbot.usecases.quota.member_weight import SetMemberWeight
from kleinbot.usecases.quota.quota import pictures
from kleinbot.usecases.quota.quota_view import QuotaView

_LARGEST_ID = 2**63 - 1
"""The database's largest number; Discord's ids are far below it."""


Person = discord.User | discord.Member
"""Whom an option names: a member with their roles, or somebody who is not in the server."""


class QuotaHandlers:
    """One method for each command and button. A grant's amount comes in pictures and is rounded to tenths."""

    def __init__(
        self,
        view: QuotaView,
        administer: AdministerQuota,
        weigh: SetMemberWeight,
        interactions: Interactions,
        texts: Texts,
    ) -> None:
        self._view = view
        self._weigh = weigh
        self._administer = administer
        self._interactions = interactions
        self._texts = texts

    async def mine(self, interaction: discord.Interaction[Any]) -> None:
        found = await self._view.mine(self._interactions.actor_of(interaction))
        text = quota_views.own(self._texts, str(interaction.locale), found)
        await self._interactions.answer(interaction, text)

    async def view(self, interaction: discord.Interaction[Any], member: Person) -> None:
        actor = self._interactions.actor_of(interaction)
        found = await self._administer.view(actor, member.id, roles_of(member))
        text = quota_views.of_member(self._texts, str(interaction.locale), found)
        await self._interactions.answer(interaction, text)

    async def history(self, interaction: discord.Interaction[Any], member: Person | None) -> None:
        """Show what changed a member's quota, or with None what was changed in the server."""
        locale, actor = str(interaction.locale), self._interactions.actor_of(interaction)
        if member is None:
            text = quota_views.changes(self._texts, locale, await self._administer.changes(actor))
        else:
            found = await self._administer.history(actor, member.id, roles_of(member))
            text = quota_views.of_member(self._texts, locale, found)
        await self._interactions.answer(interaction, text)

    async def set(
        self, interaction: discord.Interaction[Any], member: Person, terms: QuotaTerms | None
    ) -> None:
        if terms is None:
            raise Refusal(Code.QUOTA_NUMBER_MISSING)
        actor = self._interactions.actor_of(interaction)
        found = await self._administer.set(actor, member.id, terms, roles_of(member))
        mention = core_text.mention(member.id)
        done = self._say(interaction, "admin-set", member=mention, pictures=pictures(terms.tenths))
        statement = quota_views.of_member(self._texts, str(interaction.locale), found)
        await self._interactions.answer(interaction, f"{done}\n{statement}")

    async def set_default(self, interaction: discord.Interaction[Any], terms: QuotaTerms | None) -> None:
        if terms is None:
            raise Refusal(Code.QUOTA_NUMBER_MISSING)
        actor = self._interactions.actor_of(interaction)
        host = await self._administer.set_default(actor, terms)
        terms_text = rule_views.terms_text(self._texts, actor.locale, terms, host)
        text = self._say(interaction, "admin-default-set", terms=terms_text)
        await self._interactions.answer(interaction, text)

    async def ask_clear(self, interaction: discord.Interaction[Any], member_id: int | None) -> None:
        """Ask whether to remove a member's own limit, or with None the server's default."""
        actor = self._interactions.actor_of(interaction)
        found = await self._administer.to_clear(actor, member_id)
        view = rule_views.ask_clear_limit(self._texts, actor.locale, member_id, found)
        await self._interactions.answer(interaction, view)

    async def clear_pressed(self, interaction: discord.Interaction[Any], button: ClearQuotaButton) -> None:
        """Remove the limit, and replace the question by what it was and what counts now.

        A press does not state the member's roles, so their balance is not known here.
        """
        member_id = button.member_id
        if member_id is not None and member_id > _LARGEST_ID:  # which the bot never wrote
            raise Refusal(Code.BUTTON_UNKNOWN)
        actor = self._interactions.actor_of(interaction)
        found = await self._administer.clear(actor, member_id)
        text = rule_views.limit_cleared(self._texts, actor.locale, member_id, found)
        await self._interactions.replace(interaction, text)

    async def keep_pressed(self, interaction: discord.Interaction[Any], button: KeepQuotaButton) -> None:
        """Say that nothing was changed."""
        del button
        text = self._say(interaction, "admin-clear-kept")
        await self._interactions.replace(interaction, text)

    async def grant(
        self, interaction: discord.Interaction[Any], member: Person, amount: float, days: int, reason: str
    ) -> None:
        tenths = max(1, round(amount * TENTHS))
        actor = self._interactions.actor_of(interaction)
        found = await self._administer.grant(actor, member.id, tenths, days, reason, roles_of(member))
        done = self._say(
            interaction, "admin-granted", member=core_text.mention(member.id), pictures=pictures(tenths)
        )
        statement = quota_views.of_member(self._texts, str(interaction.locale), found)
        await self._interactions.answer(interaction, f"{done}\n{statement}")

    async def reset(self, interaction: discord.Interaction[Any], member: Person, reason: str) -> None:
        actor = self._interactions.actor_of(interaction)
        returned, found = await self._administer.reset(actor, member.id, reason, roles_of(member))
        done = self._say(
            interaction, "admin-reset", member=core_text.mention(member.id), pictures=pictures(returned)
        )
        statement = quota_views.of_member(self._texts, str(interaction.locale), found)
        await self._interactions.answer(interaction, f"{done}\n{statement}")

    async def weigh(self, interaction: discord.Interaction[Any], member_id: int, weight: float) -> None:
        await self._weigh.set(self._interactions.actor_of(interaction), member_id, weight)
        text = self._say(interaction, "admin-weighed", member=core_text.mention(member_id), weight=weight)
        await self._interactions.answer(interaction, text)

    def _say(self, interaction: discord.Interaction[Any], message_id: str, **values: Parameter) -> str:
        return self._texts.say(str(interaction.locale), message_id, **values)
