"""Quota rules hold in the use cases themselves, since hiding commands in Discord protects nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import EntryKind, LimitSource, QuotaTerms
from kleinbot.store.members import servers
from kleinbot.usecases.quota import quota
from kleinbot.usecases.quota.administer import AdministerQuota, Clearing
from kleinbot.usecases.quota.quota import Balance, QuotaRule, Returning
from kleinbot.usecases.quota.quota_view import QuotaView
from tests.usecase_harness import ADA, BOB, DAY_MS, MODERATOR, STRANGER, UseCaseHarness

ADMIN = Actor(server_id=10, member_id=4, locale="en-US", is_admin=True)
ELSEWHERE = replace(ADMIN, server_id=11)
RULE = QuotaRule(600, DAY_MS)
DAY_S = DAY_MS / 1000

Operation = Callable[[AdministerQuota, Actor], Awaitable[object]]
OPERATIONS: list[Operation] = [
    lambda administer, actor: administer.view(actor, ADA.member_id),
    lambda administer, actor: administer.history(actor, ADA.member_id),
    lambda administer, actor: administer.changes(actor),
    lambda administer, actor: administer.set(actor, ADA.member_id, QuotaTerms(100)),
    lambda administer, actor: administer.set_default(actor, QuotaTerms(100)),
    lambda administer, actor: administer.set_default_number(actor, 100),
    lambda administer, actor: administer.to_clear(actor, ADA.member_id),
    lambda administer, actor: administer.clear(actor, None),
    lambda administer, actor: administer.grant(actor, ADA.member_id, 10, 1, "x"),
    lambda administer, actor: administer.reset(actor, ADA.member_id, "x"),
]


@pytest.fixture
def administer(harness: UseCaseHarness) -> AdministerQuota:
    return AdministerQuota(harness.database, RULE, harness.clock)


async def _balance(harness: UseCaseHarness, actor: Actor = ADA) -> Balance:
    owner = actor.member
    return await quota.balance(harness.database.read, owner, RULE, harness.clock.now_ms())


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("actor", [ADA, BOB, MODERATOR, replace(ADA, is_owner=True)])
async def test_only_an_admin_of_the_server_may(
    harness: UseCaseHarness, administer: AdministerQuota, operation: Operation, actor: Actor
) -> None:
    with pytest.raises(Refusal) as caught:
        await operation(administer, actor)
    assert caught.value.code is Code.NOT_AN_ADMIN
    assert await harness.database.read.number("SELECT COUNT(*) FROM audit") == 0


async def test_another_number_keeps_the_windows_and_clearing_tells_what_was_and_is(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    week = QuotaTerms(1000, hours=168, hourly_tenths=100, burst_tenths=30)
    await administer.set_default(ADMIN, week)
    await administer.set_default_number(ADMIN, 2000)
    now = replace(week, tenths=2000)
    with pytest.raises(Refusal) as caught:
        await administer.set_default_number(ADMIN, 100)  # what an hour allows already
    assert caught.value.code is Code.QUOTA_WINDOW_IDLE
    await administer.set(ADMIN, ADA.member_id, QuotaTerms(50))
    assert await administer.to_clear(ELSEWHERE, ADA.member_id) is None
    assert await administer.clear(ELSEWHERE, None) is None
    found = await administer.clear(ADMIN, ADA.member_id)
    assert found == Clearing(QuotaTerms(50), now, RULE.host_terms, has_role_rules=False)
    assert await administer.clear(ADMIN, ADA.member_id) is None
    asked = await administer.to_clear(ADMIN, None)
    assert asked == await administer.clear(ADMIN, None)
    assert asked is not None
    assert (asked.terms, asked.then) == (now, QuotaTerms(600, 24))
    written = "SELECT COUNT(*) FROM audit WHERE details NOT LIKE '%tenths%'"
    assert await harness.database.read.number(written) == 2


async def test_an_admin_of_another_server_neither_sees_nor_touches_this_one(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    await harness.imagine(count=2)
    await administer.set(ADMIN, ADA.member_id, QuotaTerms(300))
    for operation in OPERATIONS:
        await operation(administer, ELSEWHERE)
    assert (await administer.view(ELSEWHERE, ADA.member_id)).balance.spent_tenths == 0
    here = await administer.view(ADMIN, ADA.member_id)
    assert (here.balance.limit_tenths, here.balance.spent_tenths, here.balance.grants) == (300, 20, ())
    assert len(await administer.changes(ADMIN)) == 1


async def test_each_change_is_one_audit_row(harness: UseCaseHarness, administer: AdministerQuota) -> None:
    for operation in OPERATIONS:
        await operation(administer, ADMIN)
    actions = [
        row[0] for row in await harness.database.read.all("SELECT action FROM audit ORDER BY audit_id")
    ]
    assert actions == ["quota-set", *["quota-set-default"] * 3, "quota-grant", "quota-reset"]


async def test_the_nearest_rule_applies(harness: UseCaseHarness, administer: AdministerQuota) -> None:
    assert (await _balance(harness)).source is LimitSource.HOST
    await administer.set_default(ADMIN, QuotaTerms(50))
    assert (await _balance(harness)).source is LimitSource.SERVER
    await administer.set(ADMIN, ADA.member_id, QuotaTerms(0))
    mine = await _balance(harness)
    assert (mine.limit_tenths, mine.source, mine.left_tenths) == (0, LimitSource.MEMBER, 0)
    async with harness.database.transaction() as transaction:
        await servers.set_most(transaction, ADA.server_id, 20)
    assert (await _balance(harness, BOB)).source is LimitSource.MOST
    assert (await _balance(harness, BOB)).left_tenths == 20


async def test_a_lowered_limit_leaves_nothing_but_no_debt(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    await harness.imagine(count=4)
    found = await administer.set(ADMIN, ADA.member_id, QuotaTerms(10))
    assert found.balance.left_tenths == 0
    granted = await administer.grant(ADMIN, ADA.member_id, 20, 1, "sorry")
    assert granted.balance.left_tenths == 20


async def test_unspent_grants_are_bounded_by_what_the_host_allows(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    await administer.grant(ADMIN, ADA.member_id, 5000, 1, "a lot")
    with pytest.raises(Refusal) as caught:
        await administer.grant(ADMIN, ADA.member_id, 1001, 1, "more")
    assert caught.value.code is Code.GRANTS_ABOVE_MOST
    assert caught.value.parameters == {"most": 600, "unspent": 500}
    await administer.grant(ADMIN, ADA.member_id, 1000, 1, "just enough")


async def test_one_picture_is_paid_from_several_pots_and_comes_back_to_each(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    await administer.set(ADMIN, ADA.member_id, QuotaTerms(5))
    await administer.grant(ADMIN, ADA.member_id, 2, 9, "later")
    await administer.grant(ADMIN, ADA.member_id, 4, 3, "sooner")
    job = (await harness.imagine()).status.job
    assert [grant.left_tenths for grant in (await _balance(harness)).grants] == [1]
    await harness.cancel.by_id(ADA, job.job_id)
    back = await _balance(harness)
    assert (back.left_tenths, [grant.left_tenths for grant in back.grants]) == (11, [4, 2])


async def test_what_comes_back_to_an_expired_grant_is_not_alive(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    await administer.set(ADMIN, ADA.member_id, QuotaTerms(0))
    await administer.grant(ADMIN, ADA.member_id, 30, 1, "short")
    job = (await harness.imagine(count=2)).status.job
    harness.clock.advance(DAY_S)
    await harness.cancel.by_id(ADA, job.job_id)
    assert (await _balance(harness)).left_tenths == 0
    assert await harness.database.read.number("SELECT SUM(amount_tenths) FROM ledger") == 0
    found = await QuotaView(harness.database, RULE, harness.clock).mine(ADA)
    kinds = [(entry.kind, entry.tenths) for entry in found.entries]
    assert kinds == [
        (EntryKind.EXPIRE, -30), (EntryKind.REFUND, 20), (EntryKind.RESERVE, -20), (EntryKind.GRANT, 30),
    ]  # fmt: skip


async def test_a_refund_after_a_reset_gives_nothing_twice(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    job = (await harness.imagine(count=3)).status.job
    returned, _ = await administer.reset(ADMIN, ADA.member_id, "")
    assert returned == 30
    await harness.cancel.by_id(ADA, job.job_id)
    assert (await _balance(harness)).left_tenths == 600
    assert await harness.database.read.number("SELECT COUNT(*) FROM ledger WHERE kind = 'refund'") == 3


async def test_it_is_known_when_what_was_spent_returns(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    first_ms = harness.clock.now_ms()
    await harness.imagine(count=1)
    harness.clock.advance(60)
    await harness.imagine(count=2)
    found = await _balance(harness)
    assert found.next_return() == Returning(first_ms + DAY_MS, 10)
    assert found.affordable_at_ms(600) == first_ms + 60_000 + DAY_MS
    assert found.affordable_at_ms(601) is None
    lowered = (await administer.set(ADMIN, ADA.member_id, QuotaTerms(10))).balance
    assert lowered.next_return() == Returning(first_ms + 60_000 + DAY_MS, 10)


async def test_a_grant_that_will_have_expired_does_not_count_for_later(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    await administer.set(ADMIN, ADA.member_id, QuotaTerms(20))
    await harness.imagine(count=2)
    found = (await administer.grant(ADMIN, ADA.member_id, 10, 1, "short")).balance
    assert found.affordable_at_ms(30) is None
    assert found.affordable_at_ms(20) == harness.clock.now_ms() + DAY_MS


async def test_a_strangers_quota_is_their_own(harness: UseCaseHarness, administer: AdministerQuota) -> None:
    await administer.grant(ADMIN, ADA.member_id, 10, 1, "x")
    assert (await _balance(harness, STRANGER)).left_tenths == 600


async def test_of_racing_grants_only_as_many_are_given_as_the_host_allows(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    outcomes = await asyncio.gather(
        *(administer.grant(ADMIN, ADA.member_id, 1000, 1, "race") for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Refusal) for outcome in outcomes) == 14
    assert (await _balance(harness)).granted_tenths == 6000


async def test_requests_racing_with_resets_and_grants_never_overdraw(
    harness: UseCaseHarness, administer: AdministerQuota
) -> None:
    await administer.set(ADMIN, ADA.member_id, QuotaTerms(30))
    outcomes = await asyncio.gather(
        *(harness.imagine(count=1) for _ in range(12)),
        administer.reset(ADMIN, ADA.member_id, "race"),
        administer.grant(ADMIN, ADA.member_id, 25, 1, "race"),
        *(harness.imagine(count=1) for _ in range(12)),
        return_exceptions=True,
    )
    unexpected = [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, Refusal)]
    assert unexpected == []
    after = await _balance(harness)
    assert 0 <= after.left_tenths < 10
    assert await harness.database.read.number(
        "SELECT COUNT(*) FROM (SELECT SUM(amount_tenths) AS rest FROM ledger WHERE grant_id IS NOT NULL"
        " GROUP BY grant_id) WHERE rest < 0"
    ) == 0  # fmt: skip
