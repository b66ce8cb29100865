"""Shows admins, below the answer to an /admin command, what they have yet to read about their server."""

import logging
import sqlite3
from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.core.interaction_gate import InteractionGate
from kleinbot.chat.core.interactions import Interactions
from kleinbot.domain.people import MemberKey
from kleinbot.texts import Texts
from kleinbot.usecases.notices import Notices

_log = logging.getLogger(__name__)

ADMIN_COMMAND = "admin"
"""The group's name as it is registered; other languages only show it differently."""


class AdminNotices:
    """One message for all notices, to the admin alone, after the answer that they asked for."""

    def __init__(
        self, notices: Notices, gate: InteractionGate, interactions: Interactions, texts: Texts
    ) -> None:
        self._notices = notices
        self._gate = gate
        self._interactions = interactions
        self._texts = texts
        self._busy: set[MemberKey] = set()

    async def after_command(self, interaction: discord.Interaction[Any], command: object) -> None:
        """Show what is due, if the answered command was one of /admin. If that fails, it stays due."""
        if not _is_admin_command(command) or not self._gate.begin_answer():
            return
        try:
            await self._give(interaction)
        except (*UNREACHED, sqlite3.Error) as error:
            _log.warning("notices could not be given to an admin: %s", error)

    async def _give(self, interaction: discord.Interaction[Any]) -> None:
        actor = self._interactions.actor_of(interaction)
        if actor.member in self._busy:  # What they are being shown is not yet recorded as shown.
            return
        self._busy.add(actor.member)
        try:
            due = await self._notices.due(actor)
            if not due:
                return
            lines = [self._texts.say(actor.locale, notice.message_id, **notice.parameters) for notice in due]
            await self._interactions.answer(interaction, "\n".join(lines))
            await self._notices.shown(actor, due)
        finally:
            self._busy.discard(actor.member)


def _is_admin_command(command: object) -> bool:
    if not isinstance(command, app_commands.Command) or command.root_parent is None:
        return False
    return command.root_parent.name == ADMIN_COMMAND
