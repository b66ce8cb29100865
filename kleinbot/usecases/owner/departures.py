"""Departures: what was ordered in a server that has removed the bot is given back, after a while."""

import functools
import logging
from collections.abc import Callable

from kleinbot.domain.clock import HOUR_MS, Clock
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import JobState
from kleinbot.scheduler.queue import ImageQueue
from kleinbot.store.database import Database
from kleinbot.store.jobs import jobs, lookup
from kleinbot.store.members import servers
from kleinbot.usecases.submit import LineListener

_log = logging.getLogger(__name__)

GRACE_MS = HOUR_MS
"""Whoever removes the bot by mistake, or to invite it with other rights, finds all in its place."""

_EVERY_S = 60.0


class Departures:
    """Looks every minute at the servers that have something in line."""

    def __init__(
        self,
        database: Database,
        queue: ImageQueue,
        listener: LineListener,
        is_member_of: Callable[[int], bool | None],
        wake_delivery: Callable[[], None],
        clock: Clock,
    ) -> None:
        """``is_member_of``: whether the bot is in a server, even an unavailable one; None: not known."""
        self._database = database
        self._queue = queue
        self._listener = listener
        self._is_member_of = is_member_of
        self._wake_delivery = wake_delivery
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(_EVERY_S)

    async def look(self) -> None:
        """Note which servers have gone or are back, and end what is open in those gone for ``GRACE_MS``."""
        for server_id, left_ms in await servers.with_open_jobs(self._database.read):
            is_member, now_ms = self._is_member_of(server_id), self._clock.now_ms()
            if is_member is None:
                continue
            if is_member != (left_ms is None):
                await self._note(server_id, None if is_member else now_ms)
            elif left_ms is not None and now_ms - left_ms >= GRACE_MS:
                await self._end(server_id)

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
        _log.info("server %d has removed the bot: %d jobs were given back", server_id, len(open_jobs))

    def _stopped(self, job_id: str) -> None:
        self._queue.withdraw(job_id)
        self._listener.job_stopped(job_id)
        self._wake_delivery()
