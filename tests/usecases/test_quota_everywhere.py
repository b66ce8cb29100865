"""A person is bounded over all servers, and no server's admin can change or see that."""

from dataclasses import replace

import pytest

from kleinbot.domain.clock import HOUR_MS
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import QuotaTerms
from kleinbot.store.database import Database
from kleinbot.store.jobs import jobs
from kleinbot.store.members import ledger, members
from kleinbot.usecases.quota import quota
from kleinbot.usecases.quota.administer import AdministerQuota
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.quota.quota_view import QuotaView
from tests.manual_clock import START_MS, ManualClock
from tests.store.rows import new_job
from tests.usecase_harness import UseCaseHarness

DAY_MS = 24 * HOUR_MS
RULE = QuotaRule(limit_tenths=50, window_ms=DAY_MS)
SERVERS = range(10, 20)
SPENT = 5


class Person:
    """A person in many servers who is an admin of each."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock(START_MS)
        self.jobs = 0

    def actor(self, server_id: int) -> Actor:
        return Actor(server_id, 1, "en", is_admin=True)

    def admin(self) -> AdministerQuota:
        return AdministerQuota(self.database, RULE, self.clock)

    async def left(self, server_id: int, rule: QuotaRule = RULE) -> float:
        view = QuotaView(self.database, rule, self.clock)
        return (await view.mine(self.actor(server_id))).balance.left_tenths

    async def spend(self, server_id: int, rule: QuotaRule = RULE) -> str:
        """Reserve one image as the accepting transaction does; return the job id."""
        owner, now_ms = MemberKey(server_id, 1), self.clock.now_ms()
        async with self.database.transaction() as transaction:
            await members.remember(transaction, owner, now_ms)
            found = await quota.require(transaction, owner, rule, 10, now_ms)
            job = new_job(f"{self.jobs + 1:024x}", owner=owner, now_ms=now_ms)
            await jobs.insert(transaction, job, found.funds)
        self.jobs += 1
        return job.job_id

    async def refused(self, server_id: int, rule: QuotaRule = RULE) -> Refusal:
        with pytest.raises(Refusal) as refused:
            await self.spend(server_id, rule)
        return refused.value


@pytest.fixture
def person(harness: UseCaseHarness) -> Person:
    return Person(harness.database)


async def test_five_servers_do_not_give_five_quotas(person: Person) -> None:
    for server_id in SERVERS[:3]:
        for _ in range(SPENT):
            await person.spend(server_id)
    person.clock.advance(60)
    refusal = await person.refused(SERVERS[3])
    assert refusal.code is Code.QUOTA_EVERYWHERE
    assert refusal.parameters == {
        "spent": 15, "most": 15, "hours": 24, "needed": 1, "returns_s": (START_MS + DAY_MS) // 1000
    }  # fmt: skip
    assert await person.left(SERVERS[3]) == 0
    person.clock.advance(24 * 3600)
    await person.spend(SERVERS[3])


async def test_the_hosts_number_is_taken_where_there_is_one(person: Person) -> None:
    rule = replace(RULE, everywhere_tenths=60)
    for _ in range(5):
        await person.spend(SERVERS[0], rule)
    await person.spend(SERVERS[1], rule)
    assert (await person.refused(SERVERS[1], rule)).parameters["most"] == 6


async def test_what_a_single_server_gives_is_never_cut(person: Person) -> None:
    await person.admin().set(person.actor(SERVERS[0]), 1, QuotaTerms(400))
    for _ in range(40):
        await person.spend(SERVERS[0])
    assert (await person.refused(SERVERS[0])).code is Code.QUOTA_EXHAUSTED
    assert (await person.refused(SERVERS[1])).code is Code.QUOTA_EVERYWHERE


async def test_resets_grants_and_limits_of_own_servers_open_nothing_more(person: Person) -> None:
    admin = person.admin()
    for server_id in SERVERS[:3]:
        for _ in range(SPENT):
            await person.spend(server_id)
        await admin.reset(person.actor(server_id), 1, "")
        await admin.grant(person.actor(server_id), 1, 400, 5, "")
    for server_id in SERVERS[:4]:
        with pytest.raises(Refusal):
            for _ in range(100):
                await person.spend(server_id)
    most_of_one_server = (50 + 400) // 10
    assert person.jobs <= 15 + most_of_one_server


async def test_what_was_given_back_counts_no_more(person: Person) -> None:
    for server_id in SERVERS[:3]:
        for _ in range(SPENT):
            job_id = await person.spend(server_id)
    await person.refused(SERVERS[3])
    async with person.database.transaction() as transaction:
        await ledger.refund(transaction, job_id, 0, person.clock.now_ms(), "cancelled")
    await person.spend(SERVERS[3])
    await person.refused(SERVERS[3])


async def test_an_admin_sees_nothing_of_other_servers(person: Person) -> None:
    for server_id in SERVERS[:3]:
        for _ in range(SPENT):
            await person.spend(server_id)
    seen = await person.admin().view(person.actor(SERVERS[3]), 1)
    assert seen.balance.everywhere is None
    assert seen.balance.left_tenths == 50
    own = await QuotaView(person.database, RULE, person.clock).mine(person.actor(SERVERS[3]))
    assert own.balance.is_bounded_everywhere


async def test_other_people_of_the_same_servers_are_not_concerned(person: Person) -> None:
    for server_id in SERVERS[:3]:
        for _ in range(SPENT):
            await person.spend(server_id)
    other = MemberKey(SERVERS[0], 2)
    async with person.database.transaction() as transaction:
        await members.remember(transaction, other, START_MS)
        assert (await quota.require(transaction, other, RULE, 50, START_MS)).left_tenths == 50
