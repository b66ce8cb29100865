"""Introduces the bot in each server that invites it: one message, in a channel where members write."""

import asyncio
import logging
from collections.abc import Callable, Container

import discord

from kleinbot.chat.core.buttons import custom_ids
from kleinbot.chat.core.clock_skew import ClockSkew, snowflake_of
from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.chat.delivery import channel_history
from kleinbot.chat.setup.buttons import OpenSetupButton
from kleinbot.domain.clock import MS_PER_S, Clock, sleep_until
from kleinbot.domain.server_settings import JoiningPost
from kleinbot.usecases.setup.joining import JoiningPosts

_log = logging.getLogger(__name__)

_EVERY_S = 600.0
_AGAIN_S = 60.0
_UNKNOWN_SKEW_MS = 60 * MS_PER_S
_REFUSED = range(400, 500)
_TOO_MANY_REQUESTS = 429

Compose = Callable[[discord.Guild], discord.ui.LayoutView]


class JoiningPoster:
    """Looks when it is woken, which every new session and every new server does, and now and then.

    Discord announces a server that invited the bot while it was away just as those from before, so what
    counts is which servers have no post yet (``usecases.setup.joining``).
    """

    def __init__(
        self,
        posts: JoiningPosts,
        client: Callable[[], discord.Client],
        compose: Compose,
        skew: ClockSkew,
        clock: Clock,
        *,
        allowed_servers: frozenset[int],
        banned_servers: Container[int],
        is_wanted: bool,
    ) -> None:
        """``allowed_servers``: the only servers to serve; empty: all. ``is_wanted``: by the owner.

        ``banned_servers``: those that are not served.
        """
        self._posts = posts
        self._client = client
        self._compose = compose
        self._skew = skew
        self._clock = clock
        self._allowed_servers = allowed_servers
        self._banned_servers = banned_servers
        self._is_wanted = is_wanted
        self._woken = asyncio.Event()

    async def look_soon(self, *_server: object) -> None:
        """Look at once: a server has come, or a session has begun."""
        self._woken.set()

    async def run(self) -> None:
        """Look until cancelled; return at once if the owner does not want it."""
        if not self._is_wanted:
            return
        await self._client().wait_until_ready()
        while True:
            self._woken.clear()
            is_done = await self.look()
            await sleep_until(self._woken, self._clock, _EVERY_S if is_done else _AGAIN_S)

    async def look(self) -> bool:
        """Post wherever it is due; return whether nothing is left to be tried again."""
        client = self._client()
        present = [guild.id for guild in client.guilds if self._serves(guild.id)]
        is_done = True
        for server_id in await self._posts.due(present):
            guild = client.get_guild(server_id)
            if guild is None or guild.unavailable:
                continue
            try:
                await self._introduce(guild)
            except UNREACHED as error:
                _log.info("the introduction in server %d is tried again: %s", server_id, error)
                is_done = False
        return is_done

    def _serves(self, server_id: int) -> bool:
        if self._allowed_servers and server_id not in self._allowed_servers:
            return False
        return server_id not in self._banned_servers

    async def _introduce(self, guild: discord.Guild) -> None:
        """Post, or give up. Raises one of UNREACHED if neither is certain."""
        post = await self._posts.begun(guild.id)
        if post is None:
            chosen = channel_for(guild)
            if chosen is None:
                await self._posts.give_up(guild.id)
                return
            post = await self._posts.begin(guild.id, chosen.id)
        elif await self._was_sent(guild, post):
            await self._posts.end(post)
            return
        channel = guild.get_channel(post.channel_id or 0)
        if not isinstance(channel, discord.TextChannel) or self._posts.is_too_late(post):
            await self._posts.give_up(guild.id)
            return
        try:
            await channel.send(view=self._compose(guild), nonce=f"hi{guild.id}")
        except discord.HTTPException as error:
            if error.status not in _REFUSED or error.status == _TOO_MANY_REQUESTS:
                raise
            _log.info("server %d takes no introduction: %s", guild.id, error)
            await self._posts.give_up(guild.id)
            return
        await self._posts.end(post)

    async def _was_sent(self, guild: discord.Guild, post: JoiningPost) -> bool:
        """Look for the message of an earlier attempt. Where nothing can be read, it counts as sent."""
        channel = self._client().get_partial_messageable(post.channel_id or 0, guild_id=guild.id)
        after = snowflake_of(post.began_ms - (self._skew.ahead_ms or 0) - _UNKNOWN_SKEW_MS)
        ours = OpenSetupButton().custom_id
        try:
            async for message in channel_history.since(channel, after):
                if message.author == self._client().user and ours in custom_ids(message):
                    return True
        except (discord.Forbidden, discord.NotFound):
            return True
        return False


def channel_for(guild: discord.Guild) -> discord.TextChannel | None:
    """Return where to post: the system channel, or else the first channel where members write too.

    None if the bot may write in none of them. Channels where only few may write (rules, announcements, staff)
    are no place for a bot that nobody there has asked.
    """
    system = guild.system_channel
    if system is not None and _writes(system, guild.me):
        return system
    everybody = guild.default_role
    return next(
        (each for each in guild.text_channels if _writes(each, guild.me) and _writes(each, everybody)), None
    )


def _writes(channel: discord.TextChannel, who: discord.Member | discord.Role) -> bool:
    permissions = channel.permissions_for(who)
    return permissions.view_channel and permissions.send_messages
