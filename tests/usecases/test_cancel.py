from dataclasses import replace

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import JobState
from kleinbot.domain.people import Actor
from kleinbot.usecases.quota.administer import AdministerQuota
from kleinbot.usecases.quota.quota import QuotaRule
from tests.usecase_harness import ADA, BOB, DAY_MS, MODERATOR, STRANGER, UseCaseHarness


@pytest.mark.parametrize("actor", [ADA, MODERATOR])
async def test_the_owner_and_a_moderator_cancel_and_the_owner_gets_it_back(
    harness: UseCaseHarness, actor: Actor
) -> None:
    job = (await harness.imagine(count=4)).status.job
    cancelled = await harness.cancel.by_id(actor, job.job_id)
    assert (cancelled.number, cancelled.refunded_tenths) == (job.number, 40)
    assert await harness.spent_tenths() == 0
    ended = await harness.queries.job(job.job_id)
    assert ended is not None
    assert ended.state is JobState.CANCELLED
    assert harness.queue.waiting == ()
    assert harness.deliveries


@pytest.mark.parametrize(("actor", "code"), [(BOB, Code.JOB_NOT_YOURS), (STRANGER, Code.JOB_NOT_HERE)])
async def test_nobody_else_can(harness: UseCaseHarness, actor: Actor, code: Code) -> None:
    job = (await harness.imagine()).status.job
    with pytest.raises(Refusal) as caught:
        await harness.cancel.by_id(actor, job.job_id)
    assert caught.value.code is code
    assert await harness.spent_tenths() == 10


async def test_a_second_cancel_gives_nothing_more(harness: UseCaseHarness) -> None:
    job = (await harness.imagine()).status.job
    await harness.cancel.by_id(ADA, job.job_id)
    with pytest.raises(Refusal) as caught:
        await harness.cancel.by_id(ADA, job.job_id)
    assert caught.value.code is Code.JOB_ALREADY_ENDED
    assert await harness.spent_tenths() == 0


async def test_without_a_number_the_newest_open_job_is_meant(harness: UseCaseHarness) -> None:
    first, second = (await harness.imagine()).status.job, (await harness.imagine()).status.job
    assert (await harness.cancel.by_number(ADA, None)).number == second.number
    assert (await harness.cancel.by_number(ADA, None)).number == first.number
    with pytest.raises(Refusal) as caught:
        await harness.cancel.by_number(ADA, None)
    assert caught.value.code is Code.NOTHING_OPEN


async def test_a_number_of_another_server_is_unknown(harness: UseCaseHarness) -> None:
    job = (await harness.imagine()).status.job
    with pytest.raises(Refusal) as caught:
        await harness.cancel.by_number(STRANGER, job.number)
    assert caught.value.code is Code.JOB_UNKNOWN


async def test_what_a_reset_gave_back_before_is_not_told_again(harness: UseCaseHarness) -> None:
    before = (await harness.imagine(count=4)).status.job
    admin = replace(MODERATOR, is_admin=True)
    rule = QuotaRule(600, DAY_MS)
    await AdministerQuota(harness.database, rule, harness.clock).reset(admin, ADA.member_id, "sorry")
    harness.clock.advance(1)
    after = (await harness.imagine(count=2)).status.job
    assert (await harness.cancel.by_id(ADA, before.job_id)).refunded_tenths == 0
    assert (await harness.cancel.by_id(ADA, after.job_id)).refunded_tenths == 20
    ended = await harness.queries.job(before.job_id)
    assert ended is not None
    assert ended.refunded_tenths == 0
    assert await harness.spent_tenths() == 0


async def test_what_was_told_of_a_cancelled_job_is_forgotten(harness: UseCaseHarness) -> None:
    job = (await harness.imagine()).status.job
    await harness.cancel.by_id(ADA, job.job_id)
    assert harness.errors.started(job.job_id, harness.clock.now_ms()) is None


async def test_what_has_ended_already_is_not_noted_as_cancelled(harness: UseCaseHarness) -> None:
    job = (await harness.imagine()).status.job
    await harness.cancel.by_id(MODERATOR, job.job_id)
    with pytest.raises(Refusal) as caught:
        await harness.cancel.by_id(MODERATOR, job.job_id)
    assert caught.value.code is Code.JOB_ALREADY_ENDED
    assert await harness.database.read.number("SELECT COUNT(*) FROM audit") == 1


@pytest.mark.parametrize("actor", [ADA, MODERATOR, replace(MODERATOR, is_admin=True)])
async def test_only_the_host_cancels_with_the_hosts_power(harness: UseCaseHarness, actor: Actor) -> None:
    job = (await harness.imagine(BOB)).status.job
    for work in (
        harness.cancel.by_owner(actor, job.job_id),
        harness.cancel.by_owner_and_number(actor, job.number),
    ):
        with pytest.raises(Refusal) as caught:
            await work
        assert caught.value.code is Code.NOT_THE_HOST
    assert (await harness.job(job.job_id)).state is JobState.QUEUED
    assert await harness.spent_tenths(BOB) == 10
