"""Bans, time-outs and channel rules, at the use case."""

import asyncio
from dataclasses import replace

import pytest

from kleinbot.domain.clock import DAY_MS, HOUR_MS
from kleinbot.domain.errors import Code, Refusal, RepeatedEvent
from kleinbot.domain.job import JobState
from kleinbot.domain.moderation.bans import BanKind, Target
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction
from kleinbot.store.members import audit
from kleinbot.usecases.moderation.ban_members import BanMembers
from kleinbot.usecases.moderation.channels import Channels
from tests.usecase_harness import ADA, BOB, MODERATOR, STRANGER, UseCaseHarness

_OF_ADA = Target(ADA.member_id)
_OF_BOB = Target(BOB.member_id)
ADMIN = Actor(server_id=10, member_id=4, locale="en-US", is_admin=True)


def _ban_members(harness: UseCaseHarness) -> BanMembers:
    return BanMembers(
        harness.database,
        harness.scheduler,
        lambda: harness.deliveries.append(harness.clock.now_ms()),
        harness.clock,
    )


async def _refused(harness: UseCaseHarness, actor: Actor = ADA) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await harness.imagine(actor)
    return caught.value


async def test_waiting_and_running_jobs_end_with_everything_given_back(harness: UseCaseHarness) -> None:
    dispatching = asyncio.create_task(harness.dispatcher.run())
    harness.engine.gate.clear()
    running = (await harness.imagine(count=2)).status.job
    waiting = [(await harness.imagine()).status.job for _ in range(3)]
    others = (await harness.imagine(BOB)).status.job
    await harness.engine.started.wait()
    banned = await _ban_members(harness).ban(MODERATOR, _OF_ADA, BanKind.BAN, None, "spam\n@everyone")
    assert banned.ended == (running.number, *(job.number for job in waiting))
    assert banned.refunded_tenths == 50
    assert banned.ban.reason == "spam @everyone"
    assert await harness.spent_tenths() == 0
    harness.engine.gate.set()
    for job in (running, *waiting):
        assert (await harness.job(job.job_id)).state is JobState.CANCELLED
    async with asyncio.timeout(10):
        while (await harness.job(others.job_id)).state is not JobState.DONE:
            await asyncio.sleep(0)
    assert {task.key.job_id for batch in harness.engine.batches for task in batch} <= {
        running.job_id,
        others.job_id,
    }
    assert await harness.spent_tenths() == 0
    assert await harness.spent_tenths(BOB) == 10
    refusal = await _refused(harness)
    assert refusal.code is Code.BANNED
    assert refusal.parameters == {"kind": "ban", "until_s": 0, "reason": "spam @everyone"}
    assert [row.action for row in await audit.of_server(harness.database.read, 10, 5)] == [AuditAction.BAN]
    dispatching.cancel()
    await asyncio.gather(dispatching, return_exceptions=True)


async def test_a_time_out_ends_by_itself_and_a_ban_when_it_is_lifted(harness: UseCaseHarness) -> None:
    ban_members = _ban_members(harness)
    await ban_members.ban(MODERATOR, _OF_ADA, BanKind.TIMEOUT, HOUR_MS, "rest")
    harness.clock.advance(3599)
    assert (await _refused(harness)).parameters["kind"] == "timeout"
    harness.clock.advance(1)
    await harness.imagine()
    await ban_members.ban(MODERATOR, _OF_ADA, BanKind.BAN, DAY_MS, "again")
    assert [ban.reason for ban in await ban_members.listed(MODERATOR)] == ["again"]
    assert (await ban_members.lift(ADMIN, ADA.member_id)).reason == "again"
    await harness.imagine()
    with pytest.raises(Refusal, match="error-not-banned"):
        await ban_members.lift(ADMIN, ADA.member_id)
    assert await ban_members.listed(ADMIN) == []


async def test_it_stops_the_member_in_this_server_alone(harness: UseCaseHarness) -> None:
    await _ban_members(harness).ban(MODERATOR, _OF_ADA, BanKind.BAN, None, "spam")
    await harness.imagine(replace(ADA, server_id=11))
    await harness.imagine(BOB)
    with pytest.raises(Refusal, match="error-not-banned"):
        await _ban_members(harness).lift(STRANGER, ADA.member_id)
    assert await _ban_members(harness).listed(STRANGER) == []


@pytest.mark.parametrize(
    ("actor", "target", "code"),
    [
        (BOB, _OF_ADA, Code.NOT_A_MODERATOR),
        (replace(BOB, moderated_channel_id=5), _OF_ADA, Code.NOT_A_MODERATOR),
        (MODERATOR, Target(MODERATOR.member_id), Code.BAN_REFUSED),
        (MODERATOR, Target(ADA.member_id, is_owner=True), Code.BAN_REFUSED),
        (ADMIN, Target(ADA.member_id, is_admin=True), Code.BAN_REFUSED),
    ],
)
async def test_who_may_not_and_whom_nobody_may(
    harness: UseCaseHarness, actor: Actor, target: Target, code: Code
) -> None:
    with pytest.raises(Refusal) as caught:
        await _ban_members(harness).ban(actor, target, BanKind.BAN, None, "because")
    assert caught.value.code is code
    await harness.imagine()
    for call in (_ban_members(harness).listed(BOB), _ban_members(harness).lift(BOB, 1)):
        with pytest.raises(Refusal, match="error-not-a-moderator"):
            await call


async def test_of_two_moderators_one_bans_and_the_other_is_told_who(harness: UseCaseHarness) -> None:
    await harness.imagine()
    outcomes = await asyncio.gather(
        *(
            _ban_members(harness).ban(actor, _OF_ADA, BanKind.TIMEOUT, HOUR_MS, "rest")
            for actor in (MODERATOR, ADMIN)
        ),
        return_exceptions=True,
    )
    [refusal] = [each for each in outcomes if isinstance(each, Refusal)]
    assert (refusal.code, refusal.parameters["by"]) == (Code.ALREADY_BANNED, str(MODERATOR.member_id))
    assert len(await audit.of_server(harness.database.read, 10, 5)) == 1
    assert await harness.spent_tenths() == 0
    # Something stronger is no repetition.
    await _ban_members(harness).ban(ADMIN, _OF_ADA, BanKind.BAN, None, "enough")
    assert (await _refused(harness)).parameters["reason"] == "enough"


async def test_an_event_that_comes_again_bans_once(harness: UseCaseHarness) -> None:
    ban_members, actor = _ban_members(harness), replace(MODERATOR, event_id=77)
    await ban_members.ban(actor, _OF_ADA, BanKind.BAN, None, "spam")
    await ban_members.lift(MODERATOR, ADA.member_id)
    with pytest.raises(RepeatedEvent):
        await ban_members.ban(actor, _OF_ADA, BanKind.BAN, None, "spam")
    await harness.imagine()


async def test_a_ban_that_is_interrupted_has_ended_everything_or_nothing(harness: UseCaseHarness) -> None:
    job = (await harness.imagine()).status.job
    async with harness.database.transaction() as transaction:
        await transaction.change(
            "CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'on purpose'); END"
        )
    with pytest.raises(Exception, match="on purpose"):
        await _ban_members(harness).ban(MODERATOR, _OF_ADA, BanKind.BAN, None, "spam")
    assert (await harness.job(job.job_id)).state is JobState.QUEUED
    assert harness.queue.waiting_count == 1
    assert await harness.spent_tenths() == 10
    await harness.imagine()


def _in(actor: Actor, *channel_ids: int) -> Actor:
    return replace(actor, channel_ids=channel_ids)


async def test_allowed_and_denied_channels_with_their_threads(harness: UseCaseHarness) -> None:
    channels = Channels(harness.database, harness.clock)
    await harness.imagine(_in(ADA, 5))
    await channels.choose(ADMIN, 6, is_allowed=False)
    await harness.imagine(_in(ADA, 5))
    for place in ((6,), (66, 6)):
        assert (await _refused(harness, _in(ADA, *place))).parameters["where"] == "others"
    await channels.choose(ADMIN, 7, is_allowed=True)
    await channels.choose(ADMIN, 8, is_allowed=True)
    await harness.imagine(_in(ADA, 7))
    await harness.imagine(_in(ADA, 77, 7))
    refusal = await _refused(harness, _in(ADA, 5))
    assert (refusal.code, refusal.parameters["channels"]) == (Code.CHANNEL_CLOSED, "<#7> <#8>")
    blind = replace(_in(ADA, 5), sees_channel=lambda channel_id: channel_id == 8)
    assert (await _refused(harness, blind)).parameters["channels"] == "<#8>"
    blind = replace(blind, sees_channel=lambda _: False)
    assert (await _refused(harness, blind)).parameters["where"] == "none"
    await harness.imagine(replace(_in(ADA, 5), server_id=11))
    await channels.clear(ADMIN, 7)
    assert (await channels.listed(ADMIN)).allowed == {8}
    assert (await channels.clear(ADMIN, None)).denied == frozenset()
    await harness.imagine(_in(ADA, 6))
    with pytest.raises(Refusal, match="error-no-channel-rule"):
        await channels.clear(ADMIN, None)


async def test_only_admins_choose_channels_and_a_hundred_at_most(harness: UseCaseHarness) -> None:
    channels = Channels(harness.database, harness.clock)
    for call in (
        channels.choose(MODERATOR, 5, is_allowed=True),
        channels.clear(MODERATOR, None),
        channels.listed(MODERATOR),
    ):
        with pytest.raises(Refusal, match="error-not-an-admin"):
            await call
    for channel_id in range(1, 101):
        await channels.choose(ADMIN, channel_id, is_allowed=True)
    with pytest.raises(Refusal, match="error-too-many-channels"):
        await channels.choose(ADMIN, 101, is_allowed=True)
    await channels.choose(ADMIN, 100, is_allowed=False)
