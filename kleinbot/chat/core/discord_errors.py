"""What a request to Discord can fail with, by Discord's error codes.

Codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
"""

import aiohttp
import discord

UNREACHED = (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError)
"""Every failure of a request that is not our mistake: refused, cut off, or too slow."""

GONE = frozenset({10008, 10015, 10062, 50027})
"""Unknown message, webhook or interaction, invalid token: nothing is left to edit."""

ALREADY_ACKNOWLEDGED = 40060
"""The event came twice, or an answer was sent again."""

REQUEST_TOO_LARGE = 40005
