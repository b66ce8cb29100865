"""Deletes a result for good. Its row stays for the ledger."""

from collections.abc import Callable

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.job import Job
from kleinbot.domain.people import Actor
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import deletion, events
from kleinbot.usecases.history import History
from kleinbot.usecases.permissions import Action, may
from kleinbot.usecases.visibility import moderates_shared


class Delete:
    """For the job's member and moderators. What was paid stays paid."""

    def __init__(
        self,
        database: Database,
        archive: Archive,
        history: History,
        wake_removal: Callable[[], None],
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._database = database
        self._archive = archive
        self._history = history
        self._wake_removal = wake_removal
        self._clock = clock
        self._faults = faults

    async def check(self, actor: Actor, job_id: str) -> Job:
        """Return the result if the actor may delete it.

        Raises Refusal RESULT_UNSEEN, RESULT_DELETED or RESULT_NOT_YOURS.
        """
        job = await self._history.seen_or_hidden(actor, job_id)
        is_allowed = may(actor, Action.DELETE, job)
        if not is_allowed and not await moderates_shared(self._database.read, actor, job):
            raise Refusal(Code.RESULT_NOT_YOURS, number=str(job.number))
        return job

    async def delete(self, actor: Actor, job_id: str) -> Job:
        """Delete a result with its files, and queue the removal of every recorded message that shows it.

        Raises as ``check``.
        """
        job = await self.check(actor, job_id)
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            files = await deletion.delete(transaction, job_id, actor.member_id, now_ms)
            if files is not None:
                transaction.after_commit(self._wake_removal)
        if files is None:
            raise Refusal(Code.RESULT_DELETED, number=str(job.number))
        self._faults.reach(FaultPoint.RESULT_DELETED)
        for file in files:
            await self._archive.discard(file)  # after a crash here, the sweep removes the rest
        return job
