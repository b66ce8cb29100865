"""Handles /mod ban, timeout, unban and bans. Only whoever asks sees the answer."""

from typing import Any

import discord

from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.moderation import views
from kleinbot.domain.clock import DAY_MS, HOUR_MS
from kleinbot.domain.errors import Parameter
from kleinbot.domain.moderation.bans import BanKind
from kleinbot.texts import Texts
from kleinbot.usecases.moderation.access import ban_parameters
from kleinbot.usecases.moderation.ban_members import BanMembers
from kleinbot.usecases.moderation.warn import Warn


class MemberHandlers:
    """One method for each command."""

    def __init__(self, ban_members: BanMembers, warn: Warn, interactions: Interactions, texts: Texts) -> None:
        self._ban_members = ban_members
        self._warn = warn
        self._interactions = interactions
        self._texts = texts

    async def ban(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User | discord.Member,
        days: int | None,
        reason: str,
    ) -> None:
        lasts_ms = None if days is None else days * DAY_MS
        await self._ban(interaction, member, BanKind.BAN, lasts_ms, reason)

    async def time_out(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User | discord.Member,
        hours: int,
        reason: str,
    ) -> None:
        await self._ban(interaction, member, BanKind.TIMEOUT, hours * HOUR_MS, reason)

    async def warn(
        self, interaction: discord.Interaction[Any], member: discord.User | discord.Member, reason: str
    ) -> None:
        actor = self._interactions.actor_of(interaction)
        count = await self._warn.warn(actor, self._interactions.target_of(member), reason)
        text = self._say(interaction, "mod-warned", member=str(member.id), count=count)
        await self._interactions.answer(interaction, text)

    async def unban(self, interaction: discord.Interaction[Any], member_id: int) -> None:
        lifted = await self._ban_members.lift(self._interactions.actor_of(interaction), member_id)
        text = self._say(interaction, "mod-unbanned", **ban_parameters(lifted))
        await self._interactions.answer(interaction, text)

    async def bans(self, interaction: discord.Interaction[Any]) -> None:
        found = await self._ban_members.listed(self._interactions.actor_of(interaction))
        text = views.bans(self._texts, str(interaction.locale), found)
        await self._interactions.answer(interaction, text)

    async def _ban(
        self,
        interaction: discord.Interaction[Any],
        member: discord.User | discord.Member,
        kind: BanKind,
        lasts_ms: int | None,
        reason: str,
    ) -> None:
        actor, target = self._interactions.actor_of(interaction), self._interactions.target_of(member)
        banned = await self._ban_members.ban(actor, target, kind, lasts_ms, reason)
        await self._interactions.answer(interaction, views.banned(self._texts, actor.locale, banned))

    def _say(self, interaction: discord.Interaction[Any], message_id: str, **values: Parameter) -> str:
        return self._texts.say(str(interaction.locale), message_id, **values)
