"""Reports of pictures. Some hide the picture at once, within bounds, until a moderator has looked."""

from collections.abc import Callable
from dataclasses import dataclass

from kleinbot.domain.clock import DAY_MS, HOUR_MS, Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.moderation.reports import (
    HIDES_AT_ONCE,
    WORDS_CHARACTERS,
    FiledReport,
    Hiding,
    ReportReason,
)
from kleinbot.domain.people import Actor
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.quota import AuditAction
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Transaction
from kleinbot.store.jobs import events
from kleinbot.store.members import members, settings
from kleinbot.store.moderation import bans, cases, hidings
from kleinbot.usecases.history import History
from kleinbot.usecases.moderation.hide import Hide

MOST_REPORTS_OF_DAY = 10
MOST_HIDINGS_OF_DAY = 3
NEWCOMER_MS = 7 * DAY_MS
AUTOMATIC_MS = 72 * HOUR_MS
DISTRUST_MS = 30 * DAY_MS
"""For so long after a dismissed report, a member's reports hide nothing by themselves."""


@dataclass(frozen=True)
class Reported:
    """What became of a report. ``until_ms``: when an automatic hiding ends; None: it does not by itself."""

    job: Job
    has_hidden: bool
    until_ms: int | None


class ReportPicture:
    """For whoever sees a picture of somebody else."""

    def __init__(
        self,
        database: Database,
        history: History,
        hide: Hide,
        wake_posts: Callable[[], None],
        clock: Clock,
    ) -> None:
        """``wake_posts`` is called when moderators have to be told."""
        self._database = database
        self._history = history
        self._hide = hide
        self._wake_posts = wake_posts
        self._clock = clock

    async def check(self, actor: Actor, job_id: str) -> Job:
        """Return the result if the actor may report it.

        Raises Refusal REPORT_OWN and REPORT_AGAIN, and as ``History.seen``.
        """
        job = await self._history.seen(actor, job_id)
        if job.member_id == actor.member_id:
            raise Refusal(Code.REPORT_OWN, number=str(job.number))
        if await cases.has_reported(self._database.read, job_id, actor.member_id):
            raise Refusal(Code.REPORT_AGAIN, number=str(job.number))
        return job

    async def report(self, actor: Actor, key: ImageKey, reason: ReportReason, words: str) -> Reported:
        """Report a picture. Raises Refusal REPORTS_OF_DAY, and as ``check``."""
        job = await self.check(actor, key.job_id)
        if key not in {image.key for image in job.done_images}:
            raise Refusal(Code.RESULT_UNKNOWN, job=f"#{job.number}")
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            await members.remember(transaction, actor.member, now_ms)
            if await cases.has_reported(transaction, job.job_id, actor.member_id):
                raise Refusal(Code.REPORT_AGAIN, number=str(job.number))
            hides = await self._hides(transaction, actor, job, reason, now_ms)
            chosen = await settings.of_server(transaction, actor.server_id)
            is_posted = chosen.moderators_channel_id is not None
            case_id = await cases.open_case(
                transaction, job.server_id, job.job_id, now_ms, is_posted=is_posted
            )
            report = FiledReport(
                actor.member_id, reason, one_line(words, WORDS_CHARACTERS), key.position, now_ms
            )
            await cases.add(transaction, case_id, actor.member, key, report, has_hidden=hides)
            until_ms = None if reason is ReportReason.MINOR else now_ms + AUTOMATIC_MS
            if hides:
                hiding = Hiding(job.job_id, job.server_id, reason, "", None, now_ms, until_ms)
                await self._hide.put_in(transaction, job, hiding, actor.member_id, AuditAction.HIDE_REPORTED)
            transaction.after_commit(self._wake_posts)
        return Reported(job, hides, until_ms if hides else None)

    async def _hides(
        self, transaction: Transaction, actor: Actor, job: Job, reason: ReportReason, now_ms: int
    ) -> bool:
        """Tell whether a report hides the picture by itself. Raises Refusal REPORTS_OF_DAY.

        Not from banned members, newcomers, and those of whom moderators have dismissed a report lately; and
        never what moderators have looked at before.
        """
        made, hidden = await cases.made_since(transaction, actor.member, now_ms - DAY_MS, MOST_REPORTS_OF_DAY)
        if made >= MOST_REPORTS_OF_DAY:
            raise Refusal(Code.REPORTS_OF_DAY, most=MOST_REPORTS_OF_DAY)
        if reason not in HIDES_AT_ONCE or hidden >= MOST_HIDINGS_OF_DAY:
            return False
        if actor.here_since_ms is None or now_ms - actor.here_since_ms < NEWCOMER_MS:
            return False
        return not (
            await bans.active(transaction, actor.member, now_ms)
            or await cases.was_dismissed_since(transaction, actor.member, now_ms - DISTRUST_MS)
            or await cases.was_dismissed(transaction, job.job_id)
            or await hidings.of_job(transaction, job.job_id)
        )
