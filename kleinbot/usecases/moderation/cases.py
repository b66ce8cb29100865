"""What moderators decide about reported pictures: each action once, by whoever was first."""

from collections.abc import Callable
from dataclasses import dataclass

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import DAY_MS, Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.moderation.bans import BanKind, Target
from kleinbot.domain.moderation.reports import CaseAction, CaseState, NoticeKind, ReportCase
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import AuditAction
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Transaction
from kleinbot.store.jobs import deletion, events, lookup
from kleinbot.store.members import audit
from kleinbot.store.moderation import cases, hidings, member_notices
from kleinbot.usecases.moderation.ban_members import BanMembers
from kleinbot.usecases.moderation.hide import Hide
from kleinbot.usecases.moderation.warn import Warn
from kleinbot.usecases.permissions import require_moderator
from kleinbot.usecases.visibility import moderates

TIMEOUT_MS = DAY_MS
MOST_LISTED = 10
_MOST_TOLD = 100
_OF_WHOLE_SERVER = frozenset({CaseAction.WARN, CaseAction.TIMEOUT, CaseAction.BAN})


@dataclass(frozen=True)
class OpenedCase:
    """A case with its result."""

    case: ReportCase
    job: Job


class DecideCases:
    """For whoever moderates the result's channel; what concerns its author, for moderators of the server."""

    def __init__(
        self,
        database: Database,
        archive: Archive,
        hide: Hide,
        ban_members: BanMembers,
        warn: Warn,
        wake_removal: Callable[[], None],
        wake_posts: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._database = database
        self._archive = archive
        self._hide = hide
        self._ban_members = ban_members
        self._warn = warn
        self._wake_removal = wake_removal
        self._wake_posts = wake_posts
        self._clock = clock

    async def waiting(self, actor: Actor) -> list[OpenedCase]:
        """Return the oldest cases that are still to be decided. Raises Refusal NOT_A_MODERATOR."""
        require_moderator(actor)
        found = await cases.waiting(self._database.read, actor.server_id, MOST_LISTED)
        opened = [(case, await lookup.by_id(self._database.read, case.job_id)) for case in found]
        return [OpenedCase(case, job) for case, job in opened if job is not None]

    async def opened(self, actor: Actor, case_id: int) -> OpenedCase:
        """Return a case. Raises Refusal CASE_UNKNOWN or RESULT_NOT_MODERATED."""
        case = await cases.by_id(self._database.read, case_id)
        job = None if case is None else await lookup.by_id(self._database.read, case.job_id)
        if case is None or job is None or case.server_id != actor.server_id:
            raise Refusal(Code.CASE_UNKNOWN)
        if not await moderates(self._database.read, actor, job):
            raise Refusal(Code.RESULT_NOT_MODERATED, number=str(job.number))
        return OpenedCase(case, job)

    async def act(
        self, actor: Actor, case_id: int, action: CaseAction, reason: str, author: Target
    ) -> OpenedCase:
        """Do something about a case. ``reason``: what a warned or banned author reads.

        ``author``: the result's, with their powers if the action concerns them. Raises Refusal
        CASE_ACTION_TAKEN, CASE_DISMISSED or CASE_UPHELD if somebody was first, CASE_OWN for the author,
        NOT_A_MODERATOR, BAN_REFUSED, and as ``opened``.
        """
        found = await self.opened(actor, case_id)
        if found.job.member_id == actor.member_id and not actor.is_admin:
            raise Refusal(Code.CASE_OWN)
        if action in _OF_WHOLE_SERVER:
            require_moderator(actor)
        files: tuple[str, ...] = ()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            case = await cases.by_id(transaction, case_id)
            if case is None:
                raise Refusal(Code.CASE_UNKNOWN)
            _require_open_to(case, action)
            await cases.act(transaction, case_id, action, actor.member_id, now_ms)
            is_dismissal = action is CaseAction.DISMISS
            state = CaseState.DISMISSED if is_dismissal else CaseState.UPHELD
            if await cases.close(transaction, case_id, state, actor.member_id, now_ms):
                await self._tell_reporters(transaction, case, found.job, state, now_ms)
            if is_dismissal:
                await self._dismiss(transaction, actor, found.job, now_ms)
            else:
                await self._uphold(transaction, found.job)
                files = await self._do(transaction, actor, found.job, case, action, reason, author)
            transaction.after_commit(self._wake_posts)
        for file in files:
            await self._archive.discard(file)  # after a crash here, the sweep removes the rest
        return await self.opened(actor, case_id)

    async def _do(
        self,
        transaction: Transaction,
        actor: Actor,
        job: Job,
        case: ReportCase,
        action: CaseAction,
        reason: str,
        author: Target,
    ) -> tuple[str, ...]:
        """Return files to be discarded after the commit."""
        now_ms = self._clock.now_ms()
        match action:
            case CaseAction.HIDE:
                if job.deleted_ms is not None:
                    raise Refusal(Code.RESULT_DELETED, number=str(job.number))
                await self._hide.hide_in(transaction, actor, job, case.reason, "")
            case CaseAction.DELETE:
                return await self._delete(transaction, actor, job, now_ms)
            case CaseAction.WARN:
                await self._warn.warn_in(transaction, actor, author, reason)
            case CaseAction.TIMEOUT:
                until_ms = now_ms + TIMEOUT_MS
                await self._ban_members.ban_in(transaction, actor, author, BanKind.TIMEOUT, until_ms, reason)
            case CaseAction.BAN:
                await self._ban_members.ban_in(transaction, actor, author, BanKind.BAN, None, reason)
        return ()

    async def _dismiss(self, transaction: Transaction, actor: Actor, job: Job, now_ms: int) -> None:
        """End what the reports hid by themselves; what a moderator hid stays hidden."""
        hiding = await hidings.of_job(transaction, job.job_id)
        if hiding is not None and hiding.hidden_by is None:
            await self._hide.show_in(transaction, job, actor.member_id, AuditAction.SHOW)
        await audit.note(
            transaction, AuditAction.DISMISS, actor.member_id, now_ms,
            server_id=job.server_id, member_id=job.member_id, details={"number": str(job.number)},
        )  # fmt: skip

    async def _uphold(self, transaction: Transaction, job: Job) -> None:
        """Keep hidden what the reports hid by themselves: a moderator agreed."""
        hiding = await hidings.of_job(transaction, job.job_id)
        if hiding is not None and hiding.until_ms is not None:
            await hidings.keep(transaction, job.job_id)

    async def _delete(self, transaction: Transaction, actor: Actor, job: Job, now_ms: int) -> tuple[str, ...]:
        files = await deletion.delete(transaction, job.job_id, actor.member_id, now_ms)
        if files is None:
            raise Refusal(Code.RESULT_DELETED, number=str(job.number))
        number = {"number": str(job.number)}
        await member_notices.put(transaction, job.member, NoticeKind.DELETED, now_ms, number)
        await audit.note(
            transaction, AuditAction.DELETE_REPORTED, actor.member_id, now_ms,
            server_id=job.server_id, member_id=job.member_id, details=number,
        )  # fmt: skip
        transaction.after_commit(self._wake_removal)
        return files

    async def _tell_reporters(
        self, transaction: Transaction, case: ReportCase, job: Job, state: CaseState, now_ms: int
    ) -> None:
        kind = NoticeKind.REPORT_DISMISSED if state is CaseState.DISMISSED else NoticeKind.REPORT_UPHELD
        for reporter_id in await cases.reporters(transaction, case.case_id, _MOST_TOLD):
            reporter = MemberKey(case.server_id, reporter_id)
            await member_notices.put(transaction, reporter, kind, now_ms, {"number": str(job.number)})


def _require_open_to(case: ReportCase, action: CaseAction) -> None:
    """Raise Refusal if somebody did the same, or decided otherwise, before."""
    for done in case.actions:
        if done.action is action:
            raise Refusal(Code.CASE_ACTION_TAKEN, by=str(done.actor_id))
    if case.state is CaseState.DISMISSED:
        raise Refusal(Code.CASE_DISMISSED, by=str(case.closed_by))
    if case.state is CaseState.UPHELD and action is CaseAction.DISMISS:
        raise Refusal(Code.CASE_UPHELD, by=str(case.closed_by))
