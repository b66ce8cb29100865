"""The names of servers, from discord.py's cache; they are not stored."""

from collections.abc import Callable

import discord

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.plain_text import one_line

NAME_CHARACTERS = 60
_ID_DIGITS = 20
_LARGEST_ID = 2**63
"""More than the database holds."""


class ServerNames:
    """Knows the servers that have invited the bot."""

    def __init__(self, client: Callable[[], discord.Client]) -> None:
        self._client = client

    def of(self, server_id: int) -> str:
        """Return a server's name, which is untrusted text, or its id if the bot is no longer in it."""
        server = self._client().get_guild(server_id)
        return str(server_id) if server is None else one_line(server.name, NAME_CHARACTERS)

    def named(self, name: str) -> list[int]:
        """Return the servers with this name, in any case."""
        return [guild.id for guild in self._client().guilds if guild.name.casefold() == name.casefold()]

    def meant(self, typed: str) -> int:
        """Return the server that is meant by an id or a name. Raises Refusal SERVER_UNKNOWN.

        A name that several servers have is refused too: anybody can give a server any name.
        """
        wanted = typed.strip()
        if wanted.isascii() and wanted.isdigit() and len(wanted) <= _ID_DIGITS and int(wanted) < _LARGEST_ID:
            return int(wanted)
        named = self.named(wanted)
        if len(named) != 1:
            raise Refusal(Code.SERVER_UNKNOWN)
        return named[0]

    def present(self) -> frozenset[int]:
        return frozenset(server.id for server in self._client().guilds)
