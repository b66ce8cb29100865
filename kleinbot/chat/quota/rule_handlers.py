"""Handles /admin quota role, /admin quota rules, and the removal of a role's rule."""

import asyncio
import logging
from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core.choices import matching
from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.quota import rule_views
from kleinbot.chat.quota.buttons import ClearRoleRuleButton
from kleinbot.chat.quota.rule_views import KnownRoles
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.quota import QuotaTerms, RoleRule
from kleinbot.texts import Texts
from kleinbot.usecases.quota.role_rules import RoleRules

_log = logging.getLogger(__name__)

_COUNTS_WAIT_S = 1.5
"""Discord waits three seconds for an answer, and the counts are only an ornament of it."""

LARGEST_ID = 2**63 - 1
"""The database's largest number; Discord's ids are far below it."""


class RoleRuleHandlers:
    """Rules by role. Only the admin sees the answers."""

    def __init__(self, role_rules: RoleRules, interactions: Interactions, texts: Texts) -> None:
        self._role_rules = role_rules
        self._interactions = interactions
        self._texts = texts

    async def set(self, interaction: discord.Interaction[Any], role_id: int, terms: QuotaTerms) -> None:
        """Set a role's rule, and show all rules."""
        actor = self._interactions.actor_of(interaction)
        found = await self._role_rules.set(actor, role_id, terms)
        known = await self._known_roles(interaction)
        done = rule_views.was_set(self._texts, actor.locale, RoleRule(role_id, terms), found, known)
        listed = rule_views.listed(self._texts, actor.locale, found, known)
        await self._interactions.answer(interaction, f"{done}\n\n{listed}")

    async def listed(self, interaction: discord.Interaction[Any]) -> None:
        actor = self._interactions.actor_of(interaction)
        found = await self._role_rules.listed(actor)
        known = await self._known_roles(interaction)
        await self._interactions.answer(
            interaction, rule_views.listed(self._texts, actor.locale, found, known)
        )

    async def choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Suggest the roles that have a rule, deleted ones included."""
        actor = self._interactions.actor_of(interaction)
        found = await self._role_rules.listed(actor)
        names = _names(interaction)
        labels = (
            (rule_views.choice(self._texts, actor.locale, rule, found, names), str(rule.role_id))
            for rule in found.roles
        )
        return matching(labels, typed)

    async def ask_clear(self, interaction: discord.Interaction[Any], typed: str) -> None:
        """Ask whether to remove the rule of the role whose id or name was chosen."""
        actor = self._interactions.actor_of(interaction)
        found = await self._role_rules.of_role(actor, _role_id(interaction, typed))
        if found is None:
            raise Refusal(Code.ROLE_RULE_UNKNOWN)
        view = rule_views.ask_clear(self._texts, actor.locale, found, KnownRoles(_names(interaction)))
        await self._interactions.answer(interaction, view)

    async def clear_pressed(self, interaction: discord.Interaction[Any], button: ClearRoleRuleButton) -> None:
        """Remove the rule, and replace the question by the confirmation."""
        if button.role_id > LARGEST_ID:  # which the bot never wrote
            raise Refusal(Code.BUTTON_UNKNOWN)
        actor = self._interactions.actor_of(interaction)
        removed = await self._role_rules.remove(actor, button.role_id)
        if not removed:
            raise Refusal(Code.ROLE_RULE_UNKNOWN)
        role = rule_views.named(self._texts, actor.locale, button.role_id, KnownRoles(_names(interaction)))
        text = self._texts.say(actor.locale, "quota-role-cleared", role=role)
        await self._interactions.replace(interaction, text)

    async def _known_roles(self, interaction: discord.Interaction[Any]) -> KnownRoles:
        """Return the server's roles with the number of their members, as far as Discord tells it in time."""
        names = _names(interaction)
        if names is None or interaction.guild is None:
            return KnownRoles(None)
        try:
            async with asyncio.timeout(_COUNTS_WAIT_S):
                counts = await interaction.guild.role_member_counts()
        except UNREACHED as error:
            _log.info("how many members have which role is not known: %s", error)
            return KnownRoles(names)
        return KnownRoles(names, {role.id: number for role, number in counts.items()})


def _names(interaction: discord.Interaction[Any]) -> dict[int, str] | None:
    """Return the names of the server's roles; None while the server is not available."""
    server = interaction.guild
    if server is None or server.unavailable or not server.roles:
        return None
    return {role.id: role.name for role in server.roles}


def _role_id(interaction: discord.Interaction[Any], typed: str) -> int:
    """Return the role that was chosen from the suggestions, or whose name was typed; 0: none."""
    wanted = typed.strip()
    if wanted.isascii() and wanted.isdecimal() and int(wanted) <= LARGEST_ID:
        return int(wanted)
    names = _names(interaction) or {}
    folded = wanted.removeprefix("@").casefold()
    return next((role_id for role_id, name in names.items() if name.casefold() == folded), 0)
