"""Deletes a member's results in a server, page by page; each step can be repeated after a crash."""

from collections.abc import Awaitable, Callable

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import Clock
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.people import MemberKey
from kleinbot.store import personal_data
from kleinbot.store.database import Database, Transaction
from kleinbot.store.jobs import deletion
from kleinbot.store.members import erasures
from kleinbot.store.personal_data import NOBODY_ID

PAGE_JOBS = 20


class ResultPages:
    def __init__(self, database: Database, archive: Archive, clock: Clock, faults: Faults) -> None:
        self._database = database
        self._archive = archive
        self._clock = clock
        self._faults = faults

    async def delete(
        self,
        member: MemberKey,
        *,
        changed: Callable[[Transaction], Awaitable[None]],
        told: Callable[[MemberKey], Awaitable[None]],
    ) -> bool:
        """Delete a page of a member's results. Returns False if there was none.

        They are marked first, so that nothing of them is sent any more and what was sent is removed; then
        the files go, then the rows that name them. ``changed`` is part of both transactions. ``told`` lets
        delivery tell Discord of the results before their rows go.
        """
        page = await personal_data.job_page(self._database.read, member, PAGE_JOBS)
        if not page.job_ids:
            return False
        now_ms = self._clock.now_ms()
        async with self._database.transaction() as transaction:
            await erasures.make_nobody(transaction, member.server_id, NOBODY_ID, now_ms)
            for job_id in page.job_ids:
                await deletion.delete(transaction, job_id, member.member_id, now_ms)
            await changed(transaction)
        self._faults.reach(FaultPoint.ERASURE_MARKED)
        copies = await personal_data.copies_in_children(self._database.read, page.job_ids)
        for file in (*page.files, *copies):
            await self._archive.delete(file)
        self._faults.reach(FaultPoint.ERASURE_FILES_GONE)
        await told(member)
        async with self._database.transaction() as transaction:
            await personal_data.erase_jobs(transaction, page.job_ids, self._clock.now_ms())
            await changed(transaction)
        self._faults.reach(FaultPoint.ERASURE_PAGE_GONE)
        return True
