"""Cancels open jobs. Unfinished images are refunded; finished ones stay paid and are delivered.

A member who repeatedly cancels jobs that are being rendered pays for the GPU time used (``late_cancel``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Parameter, Refusal
from kleinbot.domain.job import Job, JobState
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Transaction
from kleinbot.store.jobs import events, jobs, lookup, tags
from kleinbot.store.members import audit
from kleinbot.usecases.permissions import Action, may, require_owner
from kleinbot.usecases.quota import late_cancel

_REASONS = {
    AuditAction.CANCEL_AS_MODERATOR: Code.CANCELLED_BY_MODERATOR,
    AuditAction.CANCEL_AS_HOST: Code.CANCELLED_BY_HOST,
}


@dataclass(frozen=True)
class Cancelled:
    """A cancelled job. ``refunded_tenths``: what this gave back; less if a quota reset did so before.

    ``used_tenths``: what is charged although no image came of it. ``next_counts_until_ms``: until then the
    used part of the member's next job counts too if they cancel it while it is rendered; None: this job was
    not being rendered.
    """

    number: int
    refunded_tenths: int
    used_tenths: int = 0
    next_counts_until_ms: int | None = None


class Cancel:
    """Cancels waiting and running jobs. A running job stops between two steps."""

    def __init__(
        self,
        *,
        database: Database,
        scheduler: Scheduler,
        used: Callable[[str], Mapping[int, Fraction]],
        wake_delivery: Callable[[], None],
        clock: Clock,
    ) -> None:
        """Take ``used``: it returns the rendered fraction of each started image of a job, by position."""
        self._database = database
        self._scheduler = scheduler
        self._used = used
        self._wake_delivery = wake_delivery
        self._clock = clock

    async def by_id(self, actor: Actor, job_id: str) -> Cancelled:
        """Cancel by key. Raises Refusal JOB_NOT_HERE, JOB_NOT_YOURS or JOB_ALREADY_ENDED."""
        job = await lookup.by_id(self._database.read, job_id)
        if job is None or job.server_id != actor.server_id:
            raise Refusal(Code.JOB_NOT_HERE)
        return await self._cancel(actor, job)

    async def by_owner(self, actor: Actor, job_id: str) -> Cancelled:
        """Cancel any job of any server; for the owner only.

        Raises Refusal NOT_THE_HOST, JOB_NOT_HERE or JOB_ALREADY_ENDED.
        """
        require_owner(actor)
        job = await lookup.by_id(self._database.read, job_id)
        if job is None:
            raise Refusal(Code.JOB_NOT_HERE)
        return await self._stop(actor, job, AuditAction.CANCEL_AS_HOST)

    async def by_owner_and_number(self, actor: Actor, number: int) -> Cancelled:
        """Do the same by job number, for a job of the server in which the owner acts."""
        require_owner(actor)
        job = await lookup.by_number(self._database.read, actor.server_id, number)
        if job is None:
            raise Refusal(Code.JOB_NOT_HERE)
        return await self._stop(actor, job, AuditAction.CANCEL_AS_HOST)

    async def by_number(self, actor: Actor, number: int | None) -> Cancelled:
        """Cancel by job number; None: the actor's newest open job."""
        if number is None:
            mine = await lookup.open_of_member(self._database.read, actor.member)
            if not mine:
                raise Refusal(Code.NOTHING_OPEN)
            return await self._cancel(actor, mine[-1])
        job = await lookup.by_number(self._database.read, actor.server_id, number)
        if job is None:
            raise Refusal(Code.JOB_UNKNOWN, job=f"#{number}")
        return await self._cancel(actor, job)

    async def _cancel(self, actor: Actor, job: Job) -> Cancelled:
        if not may(actor, Action.CANCEL, job):
            raise Refusal(Code.JOB_NOT_YOURS, number=str(job.number))
        return await self._stop(actor, job, AuditAction.CANCEL_AS_MODERATOR)

    async def _stop(self, actor: Actor, job: Job, action: AuditAction) -> Cancelled:
        """End ``job``. If it is another member's, its error names ``action`` and an audit row records it."""
        reason = None if actor.member_id == job.member_id else _REASONS[action]
        error = None if reason is None else Refusal(reason, by=str(actor.member_id))
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            used = None
            if reason is None and action is not AuditAction.CANCEL_AS_HOST:
                used = await self._used_tenths(transaction, job.job_id, now_ms)
            stopped = await jobs.stop(transaction, job.job_id, JobState.CANCELLED, now_ms, error, used)
            if stopped and error is not None:
                await self._note(transaction, actor, job, action)
            ended = await lookup.by_id(transaction, job.job_id)
            if stopped:
                await tags.keep(transaction, self._scheduler.queue.unkept(withdrawn=job.job_id).tags)
                transaction.after_commit(lambda: self._stopped(job.job_id))
        if not stopped or ended is None:
            raise Refusal(Code.JOB_ALREADY_ENDED, number=str(job.number))
        if ended.used_tenths is None:
            return Cancelled(ended.number, ended.refunded_tenths)
        until_ms = now_ms + late_cancel.FREE_EVERY_MS
        return Cancelled(ended.number, ended.refunded_tenths, ended.used_tenths, until_ms)

    async def _used_tenths(
        self, transaction: Transaction, job_id: str, now_ms: int
    ) -> Mapping[int, int] | None:
        """Return the charge per position. Runs in the transaction, since recorded images are paid in full."""
        job = await lookup.by_id(transaction, job_id)
        if job is None:
            return None
        return await late_cancel.used_tenths(transaction, job, self._used(job_id), now_ms)

    def _stopped(self, job_id: str) -> None:
        self._scheduler.withdraw(job_id)
        self._wake_delivery()

    async def _note(self, transaction: Transaction, actor: Actor, job: Job, action: AuditAction) -> None:
        details: dict[str, Parameter] = {"number": str(job.number)}
        await audit.note(
            transaction, action, actor.member_id, self._clock.now_ms(),
            server_id=job.server_id, member_id=job.member_id, details=details,
        )  # fmt: skip
