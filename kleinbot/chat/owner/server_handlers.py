"""Handles /host ban, /host unban and /host line. Only the owner gets an answer."""

from typing import Any

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.owner.server_names import NAME_CHARACTERS, ServerNames
from kleinbot.domain.errors import Parameter
from kleinbot.domain.people import Actor
from kleinbot.texts import Texts
from kleinbot.usecases.owner.host_lines import LINE_CHARACTERS, HostLines
from kleinbot.usecases.owner.server_bans import ServerBans
from kleinbot.usecases.permissions import require_owner


class OwnerServerHandlers:
    """One method for each command; ``server`` is an id, or a name that one server alone has."""

    def __init__(
        self,
        bans: ServerBans,
        lines: HostLines,
        servers: ServerNames,
        interactions: Interactions,
        texts: Texts,
    ) -> None:
        self._bans = bans
        self._lines = lines
        self._servers = servers
        self._interactions = interactions
        self._texts = texts

    async def ban(self, interaction: discord.Interaction[Any], server: str, reason: str | None) -> None:
        """Stop serving a server."""
        actor, server_id = self._meant(interaction, server)
        await self._bans.ban(actor, server_id, self._servers.present(), reason or "")
        await self._answer(interaction, "host-banned", server=self._named(server_id))

    async def unban(self, interaction: discord.Interaction[Any], server: str) -> None:
        """Serve a server again."""
        actor, server_id = self._meant(interaction, server)
        await self._bans.lift(actor, server_id)
        await self._answer(interaction, "host-unbanned", server=self._named(server_id))

    async def line(self, interaction: discord.Interaction[Any], server: str | None, text: str | None) -> None:
        """Leave a line for the admins of a server or of all, or take it back."""
        if server is None:
            actor, server_id = self._interactions.actor_of(interaction), None
        else:
            actor, server_id = self._meant(interaction, server)
        line = await self._lines.leave(actor, server_id, self._servers.present(), text)
        await self._answer(
            interaction,
            "host-line-withdrawn" if line is None else "host-line-left",
            scope="all" if server_id is None else "one",
            server="" if server_id is None else self._named(server_id),
            text=core_text.shown_prompt(line or "", LINE_CHARACTERS),
        )

    def _meant(self, interaction: discord.Interaction[Any], server: str) -> tuple[Actor, int]:
        """Return who acts and the server that is meant; others learn nothing about servers' names."""
        actor = self._interactions.actor_of(interaction)
        require_owner(actor)
        return actor, self._servers.meant(server)

    def _named(self, server_id: int) -> str:
        return core_text.shown_prompt(self._servers.of(server_id), NAME_CHARACTERS)

    async def _answer(
        self, interaction: discord.Interaction[Any], message_id: str, **values: Parameter
    ) -> None:
        text = self._texts.say(str(interaction.locale), message_id, **values)
        await self._interactions.answer(interaction, text)
