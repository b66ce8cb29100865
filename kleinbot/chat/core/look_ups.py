"""Asks Discord whether a server or a person is still there, one request for each.

Codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

import discord

from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.domain.clock import Clock, run_within
from kleinbot.domain.ports.look_ups import Found

_log = logging.getLogger(__name__)

_LOOK_UP_S = 30.0
_SERVER_GONE = frozenset({10004, 50001})
"""Unknown guild; missing access, which is what Discord says of a server that the bot is not in.

Any other refusal says nothing: a page of the network in front of Discord has no code at all.
"""

_MEMBER_GONE = frozenset({10007, 10013})
"""Unknown member; unknown user, who has no account any more."""


class DiscordLookUps:
    def __init__(self, client: Callable[[], discord.Client], clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def server(self, server_id: int) -> Found:
        return await self._found(self._client().http.get_guild(server_id, with_counts=False), _SERVER_GONE)

    async def member(self, server_id: int, member_id: int) -> Found:
        return await self._found(self._client().http.get_member(server_id, member_id), _MEMBER_GONE)

    async def _found(self, request: Coroutine[Any, Any, object], gone: frozenset[int]) -> Found:
        try:
            await run_within(self._clock, _LOOK_UP_S, request)
        except discord.HTTPException as error:
            if error.code in gone:
                return Found.GONE
            _log.info("whether somebody is still there is asked again later: %s", error)
            return Found.UNKNOWN
        except UNREACHED as error:
            _log.info("whether somebody is still there is asked again later: %s", error)
            return Found.UNKNOWN
        return Found.THERE
