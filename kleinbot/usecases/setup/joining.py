"""The one message with which the bot introduces itself in a server: whether it is due, and what became of it.

It is sent at most once in each server, ever. Before it is sent, its channel is stored: a process that ends
between sending and noting it leaves a trace, and the next one looks there first.
"""

from collections.abc import Collection

from kleinbot.domain.clock import DAY_MS, Clock
from kleinbot.domain.server_settings import JoiningPost, PostState
from kleinbot.store.database import Database, Reader
from kleinbot.store.members import joining_posts, servers
from kleinbot.usecases.notices import Notice

TRIED_FOR_MS = DAY_MS
"""After that, a message that could not be sent would surprise people more than it helps them."""

_AT_ONCE = 100
"""Members' changes wait while a transaction lasts."""


class JoiningPosts:
    """Knows in which servers the message is due."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def due(self, present: Collection[int]) -> list[int]:
        """Return those of the ``present`` servers in which it is due.

        The first call after an update marks all of them as known.
        """
        if await joining_posts.waits_for_first_session(self._database.read):
            await self._know(present)
            return []
        settled = await joining_posts.settled(self._database.read, present)
        return sorted(set(present) - settled)

    async def begun(self, server_id: int) -> JoiningPost | None:
        """Return the attempt of an earlier call or process; None if there was none."""
        return await joining_posts.of_server(self._database.read, server_id)

    async def begin(self, server_id: int, channel_id: int) -> JoiningPost:
        """Record that it is about to be sent to a channel."""
        return await self._put(server_id, PostState.POSTING, channel_id, self._clock.now_ms())

    async def end(self, post: JoiningPost) -> None:
        """Record that it was sent."""
        await self._put(post.server_id, PostState.POSTED, post.channel_id, post.began_ms)

    async def give_up(self, server_id: int) -> None:
        """Record that it cannot be sent. The server's admins are told (``impossible_post``)."""
        await self._put(server_id, PostState.IMPOSSIBLE, None, self._clock.now_ms())

    def is_too_late(self, post: JoiningPost) -> bool:
        """Tell whether an attempt began so long ago that it is given up."""
        return self._clock.now_ms() - post.began_ms > TRIED_FOR_MS

    async def _know(self, present: Collection[int]) -> None:
        now_ms = self._clock.now_ms()
        server_ids = sorted(present)
        for first in range(0, len(server_ids), _AT_ONCE):
            async with self._database.transaction() as transaction:
                for server_id in server_ids[first : first + _AT_ONCE]:
                    await servers.remember(transaction, server_id, now_ms)
                    if await joining_posts.of_server(transaction, server_id) is None:
                        post = JoiningPost(server_id, PostState.UNNEEDED, None, now_ms)
                        await joining_posts.put(transaction, post)
        async with self._database.transaction() as transaction:
            await joining_posts.begin(transaction)

    async def _put(
        self, server_id: int, state: PostState, channel_id: int | None, began_ms: int
    ) -> JoiningPost:
        post = JoiningPost(server_id, state, channel_id, began_ms)
        async with self._database.transaction() as transaction:
            await servers.remember(transaction, server_id, self._clock.now_ms())
            await joining_posts.put(transaction, post)
        return post


async def impossible_post(reader: Reader, server_id: int) -> tuple[Notice, ...]:
    """Return what the message would have said, for the admins of a server in which it could not be sent."""
    post = await joining_posts.of_server(reader, server_id)
    if post is None or post.state is not PostState.IMPOSSIBLE:
        return ()
    return (Notice("notice-no-joining-post", once="joining-post"),)
