"""Deletes everything that the bot holds about a person, in all servers, at their request.

A row drives it step by step, and each step can be repeated, so that a process that ends in between loses
nothing: the next one goes on. What must stay for a while goes later (``LateErasure``).
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import Clock, sleep_until
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.store import personal_data
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Transaction
from kleinbot.store.jobs import events, lookup
from kleinbot.store.members import erasures
from kleinbot.store.moderation import bans
from kleinbot.usecases.cancel import Cancel
from kleinbot.usecases.privacy.clear_index import clear_search_index
from kleinbot.usecases.privacy.late_erasure import LateErasure
from kleinbot.usecases.privacy.result_pages import PAGE_JOBS, ResultPages
from kleinbot.usecases.privacy.what_stays import WhatStays, what_stays

_log = logging.getLogger(__name__)

_BETWEEN_PAGES_S = 0.05
_DELIVERY_LOOK_S = 1.0
_DELIVERY_LOOKS = 120
"""How often to look whether Discord has been told of results, before they are deleted without."""

_RETRY_S = 30.0
_LOOK_EVERY_S = 3600.0


@dataclass(frozen=True)
class ErasureQuestion:
    """What is asked before the deletion. ``is_begun``: it is already under way."""

    stays: WhatStays
    is_begun: bool


class Erase:
    """Takes requests and carries them out. ``run`` is its only task."""

    def __init__(
        self,
        *,
        database: Database,
        archive: Archive,
        pages: ResultPages,
        cancel: Cancel,
        late: LateErasure,
        wake_removal: Callable[[], None],
        wake_delivery: Callable[[], None],
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._database = database
        self._archive = archive
        self._pages = pages
        self._cancel = cancel
        self._late = late
        self._wake_removal = wake_removal
        self._wake_delivery = wake_delivery
        self._clock = clock
        self._faults = faults
        self._woken = asyncio.Event()
        self._ended: dict[int, asyncio.Event] = {}

    async def question(self, actor: Actor) -> ErasureQuestion:
        """Return what the actor is asked before the deletion."""
        read = self._database.read
        stays = await what_stays(read, actor.member_id, self._clock.now_ms(), self._late.window_ms)
        return ErasureQuestion(stays, await erasures.is_begun(read, actor.member_id))

    async def begin(self, actor: Actor) -> None:
        """Begin to delete everything about the actor; from now on it cannot be stopped. Idempotent."""
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            if not await erasures.is_begun(transaction, actor.member_id):
                await events.accept(transaction, actor, now_ms)
                await erasures.begin(transaction, actor.member_id, now_ms)
        self._ended.setdefault(actor.member_id, asyncio.Event())
        self._woken.set()

    async def ended(self, actor: Actor, seconds: float) -> WhatStays | None:
        """Wait until everything about the actor is deleted; None if that takes longer than ``seconds``."""
        event = self._ended.get(actor.member_id)
        if event is not None:
            await sleep_until(event, self._clock, seconds)
        if await erasures.is_begun(self._database.read, actor.member_id):
            return None
        return await what_stays(
            self._database.read, actor.member_id, self._clock.now_ms(), self._late.window_ms
        )

    async def run(self) -> None:
        """Delete until cancelled. A failed step is repeated after a pause."""
        while True:
            self._woken.clear()
            pause_s = _LOOK_EVERY_S
            try:
                await self.work()
            except (sqlite3.OperationalError, OSError, Refusal) as error:
                _log.warning("a deletion goes on in %d s: %s", _RETRY_S, error)
                pause_s = _RETRY_S
            await sleep_until(self._woken, self._clock, pause_s)

    async def work(self) -> None:
        """Carry out everything that can be done now."""
        while (member_id := await erasures.next_begun(self._database.read)) is not None:
            await self._erase(member_id)
        await self._late.work()

    async def _erase(self, member_id: int) -> None:
        members = [
            MemberKey(server_id, member_id)
            for server_id in await personal_data.servers_of(self._database.read, member_id)
        ]
        for member in members:
            await self._stop_jobs(member)
        self._faults.reach(FaultPoint.ERASURE_CANCELLED)
        for member in members:
            while await self._pages.delete(member, changed=self._marked, told=self._wait_for_delivery):
                await self._clock.sleep(_BETWEEN_PAGES_S)
        self._faults.reach(FaultPoint.ERASURE_JOBS_GONE)
        await self._erase_rest(member_id, members)
        await clear_search_index(self._database, self._clock)
        self._faults.reach(FaultPoint.ERASURE_REST_GONE)
        await self._note_end(member_id)

    async def _stop_jobs(self, member: MemberKey) -> None:
        """Cancel what waits or is being rendered, as its member could: unused pictures are refunded."""
        actor = Actor(member.server_id, member.member_id, "en-US")
        for job in await lookup.open_of_member(self._database.read, member):
            try:
                await self._cancel.by_id(actor, job.job_id)
            except Refusal as refusal:
                if refusal.code is not Code.JOB_ALREADY_ENDED:
                    raise

    async def _marked(self, transaction: Transaction) -> None:
        transaction.after_commit(self._wake_removal)

    async def _wait_for_delivery(self, member: MemberKey) -> None:
        """Let delivery tell Discord of the page's results: it ends waiting messages while it still can."""
        for _ in range(_DELIVERY_LOOKS):
            page = await personal_data.job_page(self._database.read, member, PAGE_JOBS)
            if page.is_delivered:
                return
            self._wake_delivery()
            await self._clock.sleep(_DELIVERY_LOOK_S)
        _log.warning("results are deleted before Discord could be told of them")

    async def _erase_rest(self, member_id: int, members: list[MemberKey]) -> None:
        while copies := await personal_data.copies_of_pictures(self._database.read, member_id):
            for copy in copies:
                await self._archive.delete(copy.file)
            async with self._database.transaction() as transaction:
                await personal_data.forget_copies(transaction, copies, self._clock.now_ms())
        for member in members:
            while await self._page_of_member(member):
                await self._clock.sleep(_BETWEEN_PAGES_S)
        while await self._page_of_person(member_id):
            await self._clock.sleep(_BETWEEN_PAGES_S)

    async def _page_of_member(self, member: MemberKey) -> bool:
        async with self._database.transaction() as transaction:
            return await personal_data.erase_page_of_member(transaction, member)

    async def _page_of_person(self, member_id: int) -> bool:
        async with self._database.transaction() as transaction:
            return await personal_data.erase_page_of_person(transaction, member_id)

    async def _note_end(self, member_id: int) -> None:
        async with self._database.transaction() as transaction:
            await bans.keep_hashed(transaction, member_id, self._clock.now_ms())
            await erasures.wait(transaction, member_id)
        if not await self._database.truncate_log():
            _log.info("the write-ahead log is in use and is emptied later")
        if (event := self._ended.pop(member_id, None)) is not None:
            event.set()
        _log.info("everything about a person was deleted at their request")
