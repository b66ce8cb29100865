"""Gives servers that join later a small share of the GPU; servers from before keep a full share."""

import functools
from collections.abc import Collection

from kleinbot.domain.clock import Clock
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import Database
from kleinbot.store.jobs import tags
from kleinbot.store.members import servers
from kleinbot.usecases.owner.server_shares import ServerShares


class NewServers:
    """``share``: the initial share of a server that joins from now on; it matters only while others wait.

    Servers that are present when the bot is first online (or first online since this feature exists) get a
    full share, since the person who set the bot up invited it there.
    """

    def __init__(
        self, database: Database, shares: ServerShares, scheduler: Scheduler, share: float, clock: Clock
    ) -> None:
        self._database = database
        self._shares = shares
        self._scheduler = scheduler
        self._share = share
        self._clock = clock

    async def begin(self) -> None:
        """Apply the present setting to servers that join from now on, and load all shares."""
        async with self._database.transaction() as transaction:
            if await servers.newcomer_share(transaction) is not None:
                await servers.set_newcomer_share(transaction, self._share)
        await self._shares.load(self._database.read)

    async def register_present(self, present: Collection[int]) -> None:
        """On the first call ever, give the ``present`` servers a full share."""
        async with self._database.transaction() as transaction:
            if await servers.newcomer_share(transaction) is not None:
                return
            for server_id in present:
                await servers.remember(transaction, server_id, self._clock.now_ms())
            await servers.set_newcomer_share(transaction, self._share)
            shares = self._shares.copied()
            shares.register_present(present, self._share)
            await tags.keep(transaction, self._scheduler.queue.unkept(weights=shares).tags)
            transaction.after_commit(functools.partial(self._registered, present))

    def _registered(self, present: Collection[int]) -> None:
        # Updated instead of reloaded: a reload could overwrite a share set meanwhile with an older value.
        self._shares.register_present(present, self._share)
        self._scheduler.weights_changed()
