"""Reads a channel's messages from a moment on, to find those that the bot sent."""

from collections.abc import AsyncIterator

import discord

from kleinbot.chat.core.clock_skew import ClockSkew, snowflake_of
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job import DiscordReply, Job

_MOMENT_MS = 60 * MS_PER_S
"""A first response comes within 3 s of its interaction, or not at all; the rest is for delays at Discord."""

_UNKNOWN_SKEW_MS = 10 * MS_PER_S
_MOST_MESSAGES = 10_000
"""A hundred pages. The wanted messages lie within minutes of where the search begins."""


def asked(job: Job, address: DiscordReply | None, skew: ClockSkew) -> int:
    """Return an id below those of all messages about ``job``: its interaction's id, if that is known.

    Older messages may belong to a job of an older database with the same number and the same file names.
    """
    if address is not None and address.asked_id is not None:
        return address.asked_id
    return snowflake_of(job.created_ms - (skew.ahead_ms or 0) - _UNKNOWN_SKEW_MS)


async def since(channel: discord.PartialMessageable, identifier: int) -> AsyncIterator[discord.Message]:
    """Go through the messages that came after ``identifier``, oldest first, page by page."""
    async for message in channel.history(
        limit=_MOST_MESSAGES, after=discord.Object(identifier), oldest_first=True
    ):
        yield message


async def first_moment(
    channel: discord.PartialMessageable, identifier: int
) -> AsyncIterator[discord.Message]:
    """Go through the messages that came within a minute after ``identifier``."""
    async for message in since(channel, identifier):
        if message.id > identifier + (_MOMENT_MS << 22):
            return
        yield message
