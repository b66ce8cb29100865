"""Reports, automatic hidings and their bounds, and what moderators decide, at the use case."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from kleinbot.domain.clock import DAY_MS, HOUR_MS
from kleinbot.domain.errors import Code, Refusal, RepeatedEvent
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ContentMark, ImageKey
from kleinbot.domain.moderation.bans import BanKind, Target
from kleinbot.domain.moderation.reports import CaseAction, CaseState, Hiding, NoticeKind, ReportReason
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction
from kleinbot.domain.server_settings import ServerSettings
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.store.members import audit, servers, settings
from kleinbot.store.moderation import case_posts, cases, hidings
from kleinbot.usecases.history import History
from kleinbot.usecases.moderation.ban_members import BanMembers
from kleinbot.usecases.moderation.cases import DecideCases
from kleinbot.usecases.moderation.hide import Hide
from kleinbot.usecases.moderation.report import Reported, ReportPicture
from kleinbot.usecases.moderation.tell_members import TellMembers, waiting_reports
from kleinbot.usecases.moderation.warn import Warn
from kleinbot.usecases.recipes import Options, draft_of
from tests.dispatch.running import ended, running, until
from tests.usecase_harness import ADA, BOB, MODERATOR, STRANGER, UseCaseHarness, reply

_SECOND = replace(MODERATOR, member_id=4)
_OF_ADA = Target(ADA.member_id)


def _nothing() -> None:
    pass


@dataclass
class Moderated:
    """Ada's finished results and what is done about them."""

    harness: UseCaseHarness
    report: ReportPicture
    hide: Hide
    decide: DecideCases
    ban_members: BanMembers
    tell: TellMembers
    members: int = field(default=100)

    async def drawn(self) -> Job:
        accepted = await self.harness.imagine()
        return await until(self.harness, accepted.status.job.job_id, ended)

    def somebody(self) -> Actor:
        """Return another member who has been in the server for long."""
        self.members += 1
        return self.old(replace(BOB, member_id=self.members))

    def old(self, actor: Actor) -> Actor:
        return replace(actor, here_since_ms=self.harness.clock.now_ms() - 8 * DAY_MS)

    async def reported(
        self, actor: Actor, job: Job, reason: ReportReason = ReportReason.SHOWS_ME
    ) -> Reported:
        return await self.report.report(actor, ImageKey(job.job_id, 0), reason, "please\nlook")

    async def hiding(self, job: Job) -> Hiding | None:
        return await hidings.of_job(self.harness.database.read, job.job_id)

    async def case_of(self, job: Job) -> int:
        return await self.harness.database.read.number(
            "SELECT MAX(case_id) FROM report_cases WHERE job_id = ?", job.job_id
        )

    async def act(self, actor: Actor, job: Job, action: CaseAction) -> CaseState:
        opened = await self.decide.act(
            actor, await self.case_of(job), action, "a reason", Target(job.member_id)
        )
        return opened.case.state

    async def told(self, actor: Actor) -> list[NoticeKind]:
        found = await self.tell.waiting(actor)
        await self.tell.told(found)
        return [notice.kind for notice in found]


@pytest.fixture
async def moderated(harness: UseCaseHarness) -> AsyncIterator[Moderated]:
    database, clock = harness.database, harness.clock
    pool = CpuPool()
    history = History(database, harness.queries, pool, _nothing, clock)
    hide = Hide(database, _nothing, clock)
    bans = BanMembers(database, harness.scheduler, _nothing, clock)
    decide = DecideCases(
        database, harness.archive, hide, bans, Warn(database, clock), _nothing, _nothing, clock
    )
    report = ReportPicture(database, history, hide, _nothing, clock)
    async with running(harness):
        yield Moderated(harness, report, hide, decide, bans, TellMembers(database, clock))


@pytest.mark.parametrize("reason", list(ReportReason))
async def test_what_a_report_hides_and_until_when(moderated: Moderated, reason: ReportReason) -> None:
    job = await moderated.drawn()
    done = await moderated.reported(moderated.somebody(), job, reason)
    hiding, now_ms = await moderated.hiding(job), moderated.harness.clock.now_ms()
    hides = reason in (ReportReason.SHOWS_ME, ReportReason.MINE, ReportReason.MINOR)
    assert (hiding is not None) is done.has_hidden is hides
    if hiding is None:
        return
    until_ms = None if reason is ReportReason.MINOR else now_ms + 72 * HOUR_MS
    assert (hiding.until_ms, hiding.hidden_by, done.until_ms) == (until_ms, None, until_ms)
    moderated.harness.clock.advance(72 * 3600 - 1)
    await moderated.hide.end_due(moderated.harness.clock.now_ms())
    assert await moderated.hiding(job) == hiding
    moderated.harness.clock.advance(1)
    await moderated.hide.end_due(moderated.harness.clock.now_ms())
    assert await moderated.hiding(job) == (hiding if reason is ReportReason.MINOR else None)


async def test_three_hidings_of_a_reporter_and_day(moderated: Moderated) -> None:
    bob = moderated.somebody()
    jobs = [await moderated.drawn() for _ in range(6)]
    assert [(await moderated.reported(bob, job)).has_hidden for job in jobs[:4]] == [True] * 3 + [False]
    assert (await moderated.reported(moderated.somebody(), jobs[3])).has_hidden
    moderated.harness.clock.advance(86_400)
    assert (await moderated.reported(bob, jobs[4])).has_hidden


async def test_no_hidings_by_newcomers_and_the_banned(moderated: Moderated) -> None:
    job, clock = await moderated.drawn(), moderated.harness.clock
    week_old = replace(moderated.somebody(), here_since_ms=clock.now_ms() - 7 * DAY_MS + 1)
    unknown = replace(moderated.somebody(), here_since_ms=None)
    banned = moderated.somebody()
    await moderated.ban_members.ban(MODERATOR, Target(banned.member_id), BanKind.BAN, None, "spam")
    for actor in (week_old, unknown, banned):
        assert not (await moderated.reported(actor, job)).has_hidden
    assert (await moderated.reported(moderated.somebody(), job)).has_hidden
    case = await cases.by_id(moderated.harness.database.read, await moderated.case_of(job))
    assert case is not None
    assert case.report_count == 4
    assert case.reports[0].words == "please look"


async def test_a_dismissed_report_counts_against_its_reporter_for_thirty_days(moderated: Moderated) -> None:
    bob, carol = moderated.somebody(), moderated.somebody()
    first, second, third = [await moderated.drawn() for _ in range(3)]
    await moderated.reported(bob, first)
    assert await moderated.act(MODERATOR, first, CaseAction.DISMISS) is CaseState.DISMISSED
    assert await moderated.hiding(first) is None
    assert not (await moderated.reported(bob, second)).has_hidden
    # Moderators have looked at it: nobody's report hides it by itself any more.
    assert not (await moderated.reported(carol, first)).has_hidden
    assert (await moderated.reported(carol, second)).has_hidden
    moderated.harness.clock.advance(30 * 86_400)
    assert (await moderated.reported(bob, third)).has_hidden


async def test_who_reports_what_and_how_often(moderated: Moderated) -> None:
    job = await moderated.drawn()
    bob = replace(moderated.somebody(), event_id=9)
    await moderated.reported(bob, job)
    await moderated.hide.show(MODERATOR, job.number)
    for actor, code in (
        (ADA, Code.REPORT_OWN),
        (replace(bob, event_id=None), Code.REPORT_AGAIN),
        (replace(STRANGER, member_id=77), Code.RESULT_UNSEEN),
        (replace(moderated.somebody(), sees_channel=lambda _: False), Code.RESULT_UNSEEN),
    ):
        with pytest.raises(Refusal) as caught:
            await moderated.reported(actor, job)
        assert caught.value.code is code
    other, bob_again = await moderated.drawn(), replace(bob, event_id=None)
    with pytest.raises(RepeatedEvent):
        await moderated.reported(bob, other)
    async with moderated.harness.database.transaction() as transaction:
        for at in range(9):
            await transaction.change(
                "INSERT INTO reports (case_id, server_id, job_id, position, reporter_id, reason, words,"
                " made_ms, has_hidden) SELECT case_id, server_id, ?, 0, reporter_id, 'other', '', made_ms, 0"
                " FROM reports LIMIT 1",
                f"{at:024x}",
            )
    with pytest.raises(Refusal, match="error-reports-of-day"):
        await moderated.reported(bob_again, other, ReportReason.OTHER)
    moderated.harness.clock.advance(86_400)
    await moderated.reported(bob_again, other, ReportReason.OTHER)


async def test_of_two_moderators_one_acts_and_the_other_is_told_who(moderated: Moderated) -> None:
    job = await moderated.drawn()
    bob = moderated.somebody()
    await moderated.reported(bob, job)
    for action in (CaseAction.BAN, CaseAction.WARN, CaseAction.TIMEOUT, CaseAction.HIDE, CaseAction.DELETE):
        if action is CaseAction.TIMEOUT:
            await moderated.ban_members.lift(MODERATOR, ADA.member_id)
        outcomes = await asyncio.gather(
            *(moderated.act(actor, job, action) for actor in (MODERATOR, _SECOND)), return_exceptions=True
        )
        [refusal] = [each for each in outcomes if isinstance(each, Refusal)]
        assert refusal.code is Code.CASE_ACTION_TAKEN
        assert refusal.parameters == {"by": str(MODERATOR.member_id)}
    with pytest.raises(Refusal, match="error-case-upheld"):
        await moderated.act(_SECOND, job, CaseAction.DISMISS)
    assert await moderated.told(bob) == [NoticeKind.REPORT_UPHELD]
    assert await moderated.told(ADA) == [
        NoticeKind.HIDDEN,
        NoticeKind.WARNING,
        NoticeKind.HIDDEN,
        NoticeKind.DELETED,
    ]
    assert await moderated.told(ADA) == []
    noted = [row.action for row in await audit.of_server(moderated.harness.database.read, 10, 20)]
    assert noted == [
        AuditAction.DELETE_REPORTED,
        AuditAction.HIDE,
        AuditAction.TIMEOUT,
        AuditAction.UNBAN,
        AuditAction.WARN,
        AuditAction.BAN,
        AuditAction.HIDE_REPORTED,
    ]


async def test_what_was_hidden_at_once_stays_hidden_where_a_moderator_agrees(moderated: Moderated) -> None:
    job = await moderated.drawn()
    await moderated.reported(moderated.somebody(), job)
    assert await moderated.act(MODERATOR, job, CaseAction.WARN) is CaseState.UPHELD
    moderated.harness.clock.advance(73 * 3600)
    await moderated.hide.end_due(moderated.harness.clock.now_ms())
    hiding = await moderated.hiding(job)
    assert hiding is not None
    assert hiding.until_ms is None


async def test_who_decides(moderated: Moderated) -> None:
    job = await moderated.drawn()
    await moderated.reported(moderated.somebody(), job)
    here_alone = replace(BOB, moderated_channel_id=job.channel_id)
    elsewhere = replace(BOB, moderated_channel_id=job.channel_id + 1)
    author = replace(ADA, is_moderator=True)
    for actor, action, code in (
        (BOB, CaseAction.HIDE, Code.RESULT_NOT_MODERATED),
        (elsewhere, CaseAction.DISMISS, Code.RESULT_NOT_MODERATED),
        (here_alone, CaseAction.BAN, Code.NOT_A_MODERATOR),
        (here_alone, CaseAction.WARN, Code.NOT_A_MODERATOR),
        (STRANGER, CaseAction.DELETE, Code.CASE_UNKNOWN),
        (author, CaseAction.DISMISS, Code.CASE_OWN),
    ):
        with pytest.raises(Refusal) as caught:
            await moderated.act(actor, job, action)
        assert caught.value.code is code
    with pytest.raises(Refusal, match="error-case-unknown"):
        await moderated.decide.act(MODERATOR, 10**17, CaseAction.HIDE, "", Target(1))
    with pytest.raises(Refusal, match="error-ban-refused"):
        await moderated.decide.act(
            MODERATOR, await moderated.case_of(job), CaseAction.BAN, "", Target(job.member_id, is_owner=True)
        )
    assert await moderated.act(here_alone, job, CaseAction.HIDE) is CaseState.UPHELD


async def test_moderators_hide_and_show_by_number(moderated: Moderated) -> None:
    job = await moderated.drawn()
    for actor, number, code in (
        (BOB, job.number, Code.RESULT_NOT_MODERATED),
        (STRANGER, job.number, Code.RESULT_UNKNOWN),
        (MODERATOR, 999, Code.RESULT_UNKNOWN),
    ):
        with pytest.raises(Refusal) as caught:
            await moderated.hide.hide(actor, number, "no")
        assert caught.value.code is code
    await moderated.hide.hide(MODERATOR, job.number, "not\nhere")
    with pytest.raises(Refusal) as caught:
        await moderated.hide.hide(_SECOND, job.number, "no")
    assert (caught.value.code, caught.value.parameters["by"]) == (Code.ALREADY_HIDDEN, "3")
    hiding = await moderated.hiding(job)
    assert hiding is not None
    assert hiding.words == "not here"
    await moderated.hide.show(_SECOND, job.number)
    with pytest.raises(Refusal, match="error-not-hidden"):
        await moderated.hide.show(MODERATOR, job.number)
    assert await moderated.told(ADA) == [NoticeKind.HIDDEN, NoticeKind.SHOWN]


async def test_reports_wait_for_a_channel_and_admins_are_told(moderated: Moderated) -> None:
    database, now_ms = moderated.harness.database, moderated.harness.clock.now_ms()
    job = await moderated.drawn()
    await moderated.reported(moderated.somebody(), job)
    [notice] = await waiting_reports(database.read, 10)
    assert notice.parameters == {"count": 1}
    assert await moderated.tell.count_reports(MODERATOR) == 1
    assert await moderated.tell.count_reports(BOB) == 0
    assert await waiting_reports(database.read, 11) == []
    assert [each.job.job_id for each in await moderated.decide.waiting(MODERATOR)] == [job.job_id]
    assert await moderated.decide.waiting(STRANGER) == []
    with pytest.raises(Refusal, match="error-not-a-moderator"):
        await moderated.decide.waiting(BOB)
    assert await case_posts.due(database.read, now_ms, without=(), most=5) == []
    async with database.transaction() as transaction:
        await servers.remember(transaction, 10, now_ms)
        await settings.set_of_server(transaction, 10, ServerSettings(moderators_channel_id=55))
    assert await waiting_reports(database.read, 10) == []
    [post] = await case_posts.due(database.read, now_ms, without=(), most=5)
    assert post.case_id == await moderated.case_of(job)


async def test_a_picture_that_is_hidden_while_its_inputs_are_read_is_not_used(moderated: Moderated) -> None:
    job, harness = await moderated.drawn(), moderated.harness
    await moderated.hide.hide(MODERATOR, job.number, "no")
    options = Options(1, None, private=False)
    with pytest.raises(Refusal, match="error-picture-unknown"):
        await harness.submit.accept(BOB, draft_of(job, (), ContentMark(0)), options, reply(harness.clock))
    await moderated.hide.show(MODERATOR, job.number)
    await harness.submit.accept(BOB, draft_of(job, (), ContentMark(0)), options, reply(harness.clock))


async def test_what_is_deleted_is_not_hidden(moderated: Moderated) -> None:
    job = await moderated.drawn()
    await moderated.reported(moderated.somebody(), job, ReportReason.OTHER)
    await moderated.act(MODERATOR, job, CaseAction.DELETE)
    with pytest.raises(Refusal, match="error-result-deleted"):
        await moderated.act(MODERATOR, job, CaseAction.HIDE)
    assert await moderated.hiding(job) is None
