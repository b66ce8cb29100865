"""What it means when Discord closes the gateway connection for good.

Close codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway
"""

import asyncio

import discord

from kleinbot.domain.errors import Code, StartError

_AUTHENTICATION_FAILED = 4004
_SHARDING_REQUIRED = 4011
_DISALLOWED_INTENTS = 4014


def refusal_of(gateway: "asyncio.Task[None]") -> StartError | None:
    """Return why Discord accepts no further connection; None if another process may connect."""
    code = _close_code(gateway)
    if code is None or code == _SHARDING_REQUIRED:
        return None
    if code == _AUTHENTICATION_FAILED:
        return StartError(Code.TOKEN_REFUSED)
    if code == _DISALLOWED_INTENTS:
        return StartError(Code.INTENTS_REFUSED)
    return StartError(Code.GATEWAY_REFUSED, close_code=code)


def needs_more_shards(gateway: "asyncio.Task[None]") -> bool:
    """Tell whether the bot is in more servers than its shards may serve; a new process asks for more."""
    return _close_code(gateway) == _SHARDING_REQUIRED


def _close_code(gateway: "asyncio.Task[None]") -> int | None:
    if not gateway.done() or gateway.cancelled():
        return None
    error = gateway.exception()
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return _DISALLOWED_INTENTS
    return error.code if isinstance(error, discord.ConnectionClosed) else None
