"""Cancel: an open job ends now; what is not done is given back, what is done stays paid and is delivered.

A member who cancels what is being drawn again and again pays for what the card has used (``late_cancel``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Parameter, Refusal
from kleinbot.domain.job import Job, JobState
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import Deed
from kleinbot.queueing.line import Line
from kleinbot.store import audit, events, jobs, lookup
from kleinbot.store.database import MEMBER_PATIENCE_S, Database, Transaction
from kleinbot.store.ledger import Owner
from kleinbot.studio import late_cancel
from kleinbot.studio.power import Action, may, require_host
from kleinbot.studio.submit import LineListener

_REASONS = {
    Deed.CANCEL_AS_MODERATOR: Code.CANCELLED_BY_MODERATOR,
    Deed.CANCEL_AS_HOST: Code.CANCELLED_BY_HOST,
}


@dataclass(frozen=True)
class Cancelled:
    """``refunded_tenths``: what this gave back; a reset of the quota may have given it back before.

    ``used_tenths``: what counts though nothing came of it. ``next_counts_until_ms``: until when the part used
    counts of another job of theirs that they cancel while it is drawn; None: this was not such a one.
    """

    number: int
    refunded_tenths: int
    used_tenths: int = 0
    next_counts_until_ms: int | None = None


class Cancel:
    """Cancels jobs that wait or run; a running one stops between two steps."""

    def __init__(
        self,
        *,
        database: Database,
        line: Line,
        listener: LineListener,
        used: Callable[[str], Mapping[int, Fraction]],
        wake_delivery: Callable[[], None],
        clock: Clock,
    ) -> None:
        """Take ``used``: what part of each begun picture of a job the card has used, by its position."""
        self._database = database
        self._line = line
        self._listener = listener
        self._used = used
        self._wake_delivery = wake_delivery
        self._clock = clock

    async def by_id(self, actor: Actor, job_id: str) -> Cancelled:
        """Cancel by key. Raises Refusal JOB_NOT_HERE, JOB_NOT_YOURS or JOB_ALREADY_ENDED."""
        job = await lookup.by_id(self._database.read, job_id)
        if job is None or job.server_id != actor.server_id:
            raise Refusal(Code.JOB_NOT_HERE)
        return await self._cancel(actor, job)

    async def by_host(self, actor: Actor, job_id: str) -> Cancelled:
        """Cancel any job of any server, for the host alone.

        Raises Refusal NOT_THE_HOST, JOB_NOT_HERE or JOB_ALREADY_ENDED.
        """
        require_host(actor)
        job = await lookup.by_id(self._database.read, job_id)
        if job is None:
            raise Refusal(Code.JOB_NOT_HERE)
        return await self._stop(actor, job, Deed.CANCEL_AS_HOST)

    async def by_host_and_number(self, actor: Actor, number: int) -> Cancelled:
        """Do the same for a job of the server in which the host speaks, by the number that people see."""
        require_host(actor)
        job = await lookup.by_number(self._database.read, actor.server_id, number)
        if job is None:
            raise Refusal(Code.JOB_NOT_HERE)
        return await self._stop(actor, job, Deed.CANCEL_AS_HOST)

    async def by_number(self, actor: Actor, number: int | None) -> Cancelled:
        """Cancel by the number that people see; None: the actor's newest open job."""
        if number is None:
            owner = Owner(actor.server_id, actor.member_id)
            mine = await lookup.open_of_member(self._database.read, owner)
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
        return await self._stop(actor, job, Deed.CANCEL_AS_MODERATOR)

    async def _stop(self, actor: Actor, job: Job, power: Deed) -> Cancelled:
        """End ``job``. Where it is somebody else's, they are told by what ``power``, and it is noted."""
        reason = None if actor.member_id == job.member_id else _REASONS[power]
        error = None if reason is None else Refusal(reason, by=str(actor.member_id))
        async with self._database.transaction(MEMBER_PATIENCE_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            used = None
            if reason is None and power is not Deed.CANCEL_AS_HOST:
                used = await self._used_tenths(transaction, job.job_id, now_ms)
            stopped = await jobs.stop(transaction, job.job_id, JobState.CANCELLED, now_ms, error, used)
            if stopped and error is not None:
                await self._note(transaction, actor, job, power)
            ended = await lookup.by_id(transaction, job.job_id)
            if stopped:
                transaction.once_committed(lambda: self._stopped(job.job_id))
        if not stopped or ended is None:
            raise Refusal(Code.JOB_ALREADY_ENDED, number=str(job.number))
        if ended.used_tenths is None:
            return Cancelled(ended.number, ended.refunded_tenths)
        until_ms = now_ms + late_cancel.FREE_EVERY_MS
        return Cancelled(ended.number, ended.refunded_tenths, ended.used_tenths, until_ms)

    async def _used_tenths(
        self, transaction: Transaction, job_id: str, now_ms: int
    ) -> Mapping[int, int] | None:
        """Ask within the transaction: what is recorded until then is paid as done."""
        job = await lookup.by_id(transaction, job_id)
        if job is None:
            return None
        return await late_cancel.used_tenths(transaction, job, self._used(job_id), now_ms)

    def _stopped(self, job_id: str) -> None:
        self._line.withdraw(job_id)
        self._listener.job_stopped(job_id)
        self._wake_delivery()

    async def _note(self, transaction: Transaction, actor: Actor, job: Job, power: Deed) -> None:
        details: dict[str, Parameter] = {"number": str(job.number)}
        await audit.note(
            transaction, power, actor.member_id, self._clock.now_ms(),
            server_id=job.server_id, member_id=job.member_id, details=details,
        )  # fmt: skip
