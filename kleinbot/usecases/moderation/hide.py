"""Hides results: nobody is shown their pictures or prompt, and their messages lose both."""

from collections.abc import Callable

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.moderation.bans import REASON_CHARACTERS
from kleinbot.domain.moderation.reports import MODERATED, Hiding, NoticeKind
from kleinbot.domain.people import Actor
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.quota import AuditAction
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Transaction
from kleinbot.store.jobs import events, lookup
from kleinbot.store.members import audit
from kleinbot.store.moderation import hidings, member_notices
from kleinbot.usecases.moderation.access import seconds_or_0
from kleinbot.usecases.visibility import moderates

_ENDED_AT_ONCE = 20


class Hide:
    """For whoever moderates the channel of a result. What was paid stays paid."""

    def __init__(self, database: Database, wake_refresh: Callable[[], None], clock: Clock) -> None:
        """``wake_refresh`` is called when messages have to be edited."""
        self._database = database
        self._wake_refresh = wake_refresh
        self._clock = clock

    async def hide(self, actor: Actor, number: int, words: str) -> Job:
        """Hide a result of the server until somebody shows it again.

        Raises Refusal RESULT_UNKNOWN, RESULT_NOT_MODERATED, RESULT_DELETED or ALREADY_HIDDEN. What a report
        has hidden by itself is hidden for good.
        """
        job = await self._moderated(actor, number)
        words = one_line(words, REASON_CHARACTERS)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            await self.hide_in(transaction, actor, job, MODERATED, words)
        return job

    async def hide_in(
        self, transaction: Transaction, actor: Actor, job: Job, reason: str, words: str
    ) -> None:
        """Do what ``hide`` does as a part of ``transaction``, for an actor who may."""
        now_ms = self._clock.now_ms()
        earlier = await hidings.of_job(transaction, job.job_id)
        if earlier is not None and earlier.hidden_by is not None:
            raise Refusal(Code.ALREADY_HIDDEN, number=str(job.number), by=str(earlier.hidden_by))
        hiding = Hiding(job.job_id, job.server_id, reason, words, actor.member_id, now_ms, None)
        await self.put_in(transaction, job, hiding, actor.member_id, AuditAction.HIDE)

    async def put_in(
        self, transaction: Transaction, job: Job, hiding: Hiding, by: int, action: AuditAction
    ) -> None:
        """Hide ``job`` as ``hiding`` says, and tell its author."""
        await hidings.put(transaction, hiding)
        await member_notices.put(
            transaction, job.member, NoticeKind.HIDDEN, hiding.hidden_ms,
            {
                "number": str(job.number),
                "reason": hiding.reason,
                "words": hiding.words,
                "until_s": seconds_or_0(hiding.until_ms),
            },
        )  # fmt: skip
        await audit.note(
            transaction, action, by, hiding.hidden_ms,
            server_id=job.server_id, member_id=job.member_id,
            details={"number": str(job.number), "reason": hiding.words or hiding.reason},
        )  # fmt: skip
        transaction.after_commit(self._wake_refresh)

    async def show(self, actor: Actor, number: int) -> Job:
        """Show a hidden result again.

        Raises Refusal RESULT_UNKNOWN, RESULT_NOT_MODERATED, RESULT_DELETED or NOT_HIDDEN.
        """
        job = await self._moderated(actor, number)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            if not await self.show_in(transaction, job, actor.member_id, AuditAction.SHOW):
                raise Refusal(Code.NOT_HIDDEN, number=str(number))
        return job

    async def show_in(self, transaction: Transaction, job: Job, by: int, action: AuditAction) -> bool:
        """End a hiding and tell the author. Returns False if there was none."""
        now_ms = self._clock.now_ms()
        if not await hidings.end(transaction, job.job_id, now_ms):
            return False
        number = {"number": str(job.number)}
        await member_notices.put(transaction, job.member, NoticeKind.SHOWN, now_ms, number)
        await audit.note(
            transaction, action, by, now_ms, server_id=job.server_id, member_id=job.member_id, details=number
        )
        transaction.after_commit(self._wake_refresh)
        return True

    async def end_due(self, now_ms: int) -> None:
        """Show results again whose hiding has reached its end."""
        for hiding in await hidings.ended(self._database.read, now_ms, _ENDED_AT_ONCE):
            async with self._database.transaction() as transaction:
                job = await lookup.by_id(transaction, hiding.job_id)
                still = await hidings.of_job(transaction, hiding.job_id)
                if job is not None and still == hiding:
                    await self.show_in(transaction, job, job.member_id, AuditAction.SHOW_AGAIN)

    async def _moderated(self, actor: Actor, number: int) -> Job:
        """Return a finished result of the server that the actor moderates.

        A private result is its member's business, unless they have shared it.
        """
        job = await lookup.by_number(self._database.read, actor.server_id, number)
        if job is None or not job.state.is_terminal or not job.done_images:
            raise Refusal(Code.RESULT_UNKNOWN, job=f"#{number}")
        if not await moderates(self._database.read, actor, job):
            raise Refusal(Code.RESULT_NOT_MODERATED, number=str(number))
        if job.deleted_ms is not None:
            raise Refusal(Code.RESULT_DELETED, number=str(number))
        return job
