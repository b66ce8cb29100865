"""Departures: what was ordered in a server that has removed the bot waits, and is given back in the end."""

import asyncio
import functools
import logging
from collections.abc import Callable

from kleinbot.domain.clock import HOUR_MS, MS_PER_S, Clock, sleep_until
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import JobState
from kleinbot.queueing.line import Line
from kleinbot.store import jobs, lookup, servers
from kleinbot.store.database import Database
from kleinbot.store.servers import ServerInLine
from kleinbot.studio.submit import LineListener

_log = logging.getLogger(__name__)

GRACE_MS = HOUR_MS
"""Whoever removes the bot by mistake, or to invite it with other rights, finds all in its place."""

_EVERY_S = 60.0


class Departures:
    """Looks every minute at the servers that have something in line, and at once when it is woken."""

    def __init__(
        self,
        database: Database,
        line: Line,
        listener: LineListener,
        is_member_of: Callable[[int], bool | None],
        wake_delivery: Callable[[], None],
        clock: Clock,
    ) -> None:
        """``is_member_of``: whether the bot is in a server, even an unavailable one; None: not known."""
        self._database = database
        self._line = line
        self._listener = listener
        self._is_member_of = is_member_of
        self._wake_delivery = wake_delivery
        self._clock = clock
        self._woken = asyncio.Event()
        self._noted_s: dict[int, float] = {}

    async def look_soon(self, *_server: object) -> None:
        """Look at once: it is known in which servers the bot is, or that has changed."""
        self._woken.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._woken.clear()
            await self.look()
            await sleep_until(self._woken, self._clock, _EVERY_S)

    async def look(self) -> None:
        """Hold what is in line of servers that have gone, and end it where that was ``GRACE_MS`` ago.

        Where it is not known yet, what had gone is held: it is not drawn between a start and Discord's word.
        """
        for server in await servers.with_open_jobs(self._database.read):
            match self._is_member_of(server.server_id):
                case True:
                    await self._back(server)
                case False:
                    await self._gone(server)
                case None if server.left_ms is not None:
                    self._line.hold(server.server_id)

    async def _back(self, server: ServerInLine) -> None:
        self._noted_s.pop(server.server_id, None)
        if self._line.release(server.server_id):
            self._listener.job_added()
        if server.left_ms is not None:
            await self._note(server.server_id, None)

    async def _gone(self, server: ServerInLine) -> None:
        self._line.hold(server.server_id)
        now_ms, now_s = self._clock.now_ms(), self._clock.monotonic_s()
        if server.left_ms is None or not _is_of_now(server.left_ms, server.newest_ms, now_ms):
            self._noted_s[server.server_id] = now_s
            await self._note(server.server_id, now_ms)
            return
        # By both clocks: the time of day may have been set forward meanwhile.
        here_s = now_s - self._noted_s.get(server.server_id, float("-inf"))
        if now_ms - server.left_ms >= GRACE_MS and here_s >= GRACE_MS / MS_PER_S:
            await self._end(server.server_id)

    async def _note(self, server_id: int, left_ms: int | None) -> None:
        async with self._database.transaction() as transaction:
            await servers.note_left(transaction, server_id, left_ms)

    async def _end(self, server_id: int) -> None:
        """Give back what is not made; what is made stays paid, and is kept until the bot is invited again."""
        open_jobs = await lookup.open_ids_of_server(self._database.read, server_id)
        for job_id in open_jobs:
            async with self._database.transaction() as transaction:
                error = RenderError(Code.SERVER_LEFT)
                now_ms = self._clock.now_ms()
                if await jobs.stop(transaction, job_id, JobState.CANCELLED, now_ms, error):
                    transaction.once_committed(functools.partial(self._stopped, job_id))
        # Nothing is left that waits: whoever is back and orders need not wait for the next look.
        self._line.release(server_id)
        self._noted_s.pop(server_id, None)
        _log.info("server %d has removed the bot: %d jobs were given back", server_id, len(open_jobs))

    def _stopped(self, job_id: str) -> None:
        self._line.withdraw(job_id)
        self._listener.job_stopped(job_id)
        self._wake_delivery()


def _is_of_now(left_ms: int, newest_ms: int, now_ms: int) -> bool:
    """Tell whether ``left_ms`` is of the departure that lasts.

    It is not where something was ordered since: the bot was back in between. Nor where it is yet to come: it
    was noted by a clock that was ahead, and would put off the end until that date.
    """
    return left_ms <= now_ms and not left_ms < newest_ms <= now_ms
