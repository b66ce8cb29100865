"""Ends the open jobs of servers that removed the bot, after a grace period, and of banned servers at once."""

import asyncio
import functools
import logging
from collections.abc import Callable, Container

from kleinbot.domain.clock import HOUR_MS, MS_PER_S, Clock, sleep_until
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import JobState
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import Database
from kleinbot.store.jobs import jobs, lookup, tags
from kleinbot.store.members import servers
from kleinbot.store.members.servers import QueuedServer

_log = logging.getLogger(__name__)

GRACE_MS = HOUR_MS
"""Lets a server remove and re-invite the bot, by mistake or for other permissions, without losing jobs."""

_EVERY_S = 60.0


class Departures:
    """Checks the servers with open jobs every minute, and at once when it is woken."""

    def __init__(
        self,
        database: Database,
        scheduler: Scheduler,
        is_member_of: Callable[[int], bool | None],
        wake_delivery: Callable[[], None],
        clock: Clock,
        banned: Container[int] = frozenset(),
    ) -> None:
        """``is_member_of``: whether the bot is in a server, even an unavailable one; None: unknown.

        ``banned``: servers that the owner does not serve; their jobs end at once.
        """
        self._database = database
        self._scheduler = scheduler
        self._is_member_of = is_member_of
        self._wake_delivery = wake_delivery
        self._clock = clock
        self._banned = banned
        self._woken = asyncio.Event()
        self._noted_s: dict[int, float] = {}

    async def check_soon(self, *_server: object) -> None:
        """Check at once, since the list of servers has become known or has changed."""
        self._woken.set()

    def wake(self) -> None:
        """Check at once."""
        self._woken.set()

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            self._woken.clear()
            await self.check()
            await sleep_until(self._woken, self._clock, _EVERY_S)

    async def check(self) -> None:
        """Hold the jobs of departed servers, and end those of servers that departed ``GRACE_MS`` ago.

        Until Discord reports the servers after a start, jobs of servers that had departed stay held.
        """
        for server in await servers.with_open_jobs(self._database.read):
            if server.server_id in self._banned:
                await self._end(server.server_id, Code.SERVER_BANNED)
                continue
            match self._is_member_of(server.server_id):
                case True:
                    await self._back(server)
                case False:
                    await self._gone(server)
                case None if server.left_ms is not None:
                    self._scheduler.hold(server.server_id)

    async def _back(self, server: QueuedServer) -> None:
        self._noted_s.pop(server.server_id, None)
        queue, server_id = self._scheduler.queue, server.server_id
        if server.left_ms is None and not queue.is_held(server_id):
            return
        async with self._database.transaction() as transaction:
            await servers.note_left(transaction, server_id, None)
            await tags.keep(transaction, queue.unkept(released=server_id).tags)
            transaction.after_commit(functools.partial(self._scheduler.release, server_id))

    async def _gone(self, server: QueuedServer) -> None:
        self._scheduler.hold(server.server_id)
        now_ms, now_s = self._clock.now_ms(), self._clock.monotonic_s()
        if server.left_ms is None or not _is_of_now(server.left_ms, server.newest_ms, now_ms):
            self._noted_s[server.server_id] = now_s
            await self._note(server.server_id, now_ms)
            return
        # Checks both clocks, since the time of day may have been set forward meanwhile.
        here_s = now_s - self._noted_s.get(server.server_id, float("-inf"))
        if now_ms - server.left_ms >= GRACE_MS and here_s >= GRACE_MS / MS_PER_S:
            await self._end(server.server_id, Code.SERVER_LEFT)

    async def _note(self, server_id: int, left_ms: int) -> None:
        async with self._database.transaction() as transaction:
            await servers.note_left(transaction, server_id, left_ms)

    async def _end(self, server_id: int, reason: Code) -> None:
        """End the open jobs. Unfinished images are refunded; finished ones stay paid and undelivered."""
        open_jobs = await lookup.open_ids_of_server(self._database.read, server_id)
        for job_id in open_jobs:
            async with self._database.transaction() as transaction:
                error = RenderError(reason)
                now_ms = self._clock.now_ms()
                if await jobs.stop(transaction, job_id, JobState.CANCELLED, now_ms, error):
                    await tags.keep(transaction, self._scheduler.queue.unkept(withdrawn=job_id).tags)
                    transaction.after_commit(functools.partial(self._stopped, job_id))
        # No job is left to hold, so a server that re-invites the bot need not wait for the next check.
        self._scheduler.release(server_id)
        self._noted_s.pop(server_id, None)
        _log.info("%s in server %d: %d jobs were refunded", reason, server_id, len(open_jobs))

    def _stopped(self, job_id: str) -> None:
        self._scheduler.withdraw(job_id)
        self._wake_delivery()


def _is_of_now(left_ms: int, newest_ms: int, now_ms: int) -> bool:
    """Return whether ``left_ms`` belongs to the present departure.

    It does not if a job was accepted later, since the bot was back in between. Nor if it lies in the future:
    then it was stamped while the clock ran ahead and would delay the end until that date.
    """
    return left_ms <= now_ms and not left_ms < newest_ms <= now_ms
