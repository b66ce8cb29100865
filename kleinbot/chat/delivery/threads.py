"""What is done to messages in threads that are archived."""

from collections.abc import Awaitable, Callable

import discord

THREAD_ARCHIVED = 50083
GONE_OR_OUT_OF_REACH = frozenset({10003, 10008, 50001, 50013, THREAD_ARCHIVED, 160005})
"""Unknown channel, unknown message, no access, no permission, archived or locked thread."""


async def reopening(client: discord.Client, channel_id: int, act: Callable[[], Awaitable[object]]) -> None:
    """Do something to a message, and reopen its thread if that is archived. Raises discord.HTTPException."""
    try:
        await act()
    except discord.HTTPException as error:
        if error.code != THREAD_ARCHIVED:
            raise
        thread = await client.fetch_channel(channel_id)
        if not isinstance(thread, discord.Thread) or thread.locked:
            raise
        # Whoever may write may end the archive of a thread that is not locked (Modify Channel).
        await thread.edit(archived=False)
        await act()
