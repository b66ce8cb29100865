"""Servers that join later begin with a small share of the card; those that were there keep theirs."""

from collections.abc import Collection

from kleinbot.domain.clock import Clock
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import Database
from kleinbot.store.members import servers
from kleinbot.usecases.owner.server_shares import ServerShares


class NewServers:
    """``share``: what a server begins with that joins from now on; it bites only while others wait too.

    The servers that are there when the bot is online for the first time (or for the first time since this was
    introduced) are no newcomers: whoever set the bot up put it there.
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
        """Let the present setting hold for whoever joins from now on; read all shares."""
        async with self._database.transaction() as transaction:
            if await servers.newcomer_share(transaction) is not None:
                await servers.set_newcomer_share(transaction, self._share)
        await self._shares.load(self._database.read)

    async def welcome(self, present: Collection[int]) -> None:
        """Give the servers that are ``present`` at the first call ever a full share."""
        async with self._database.transaction() as transaction:
            if await servers.newcomer_share(transaction) is not None:
                return
            for server_id in present:
                await servers.remember(transaction, server_id, self._clock.now_ms())
            await servers.set_newcomer_share(transaction, self._share)
        # Not read anew: what is set meanwhile would be overwritten by what was read before it.
        self._shares.welcome(present, self._share)
        self._scheduler.weights_changed()
