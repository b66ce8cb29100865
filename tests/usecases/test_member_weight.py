"""Members' weights in the queue: set by their server's admins and effective at once."""

from dataclasses import replace

import pytest

from kleinbot.domain.capacity import LimitsOnly
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.members import audit
from kleinbot.usecases.owner.server_shares import ServerShares
from kleinbot.usecases.quota.member_weight import SetMemberWeight
from tests.scheduler.builders import job
from tests.usecase_harness import ADA, BOB, MODERATOR, UseCaseHarness

ADMIN = Actor(server_id=10, member_id=4, locale="en-US", is_admin=True)


@pytest.mark.parametrize("actor", [ADA, MODERATOR, replace(ADA, is_owner=True)])
async def test_only_an_admin_may(harness: UseCaseHarness, actor: Actor) -> None:
    shares = ServerShares()
    with pytest.raises(Refusal) as caught:
        await SetMemberWeight(harness.database, harness.scheduler, shares, harness.clock).set(
            actor, ADA.member_id, 10.0
        )
    assert caught.value.code is Code.NOT_AN_ADMIN
    assert shares.weight(ADA.server_id, ADA.member_id) == 1.0
    assert await harness.database.read.number("SELECT COUNT(*) FROM audit") == 0


async def test_it_holds_in_that_server_alone_at_once_and_after_a_restart_and_is_noted(
    harness: UseCaseHarness,
) -> None:
    shares, restarted = ServerShares(), ServerShares()
    await SetMemberWeight(harness.database, harness.scheduler, shares, harness.clock).set(
        ADMIN, BOB.member_id, 2.5
    )
    await restarted.load(harness.database.read)
    for known in (shares, restarted):
        assert known.weight(ADMIN.server_id, BOB.member_id) == 2.5
        assert known.weight(ADMIN.server_id, ADA.member_id) == 1.0
        assert known.weight(ADMIN.server_id + 1, BOB.member_id) == 1.0
    (row,) = await audit.of_server(harness.database.read, ADMIN.server_id, 5)
    assert (row.action, row.actor_id, row.member_id, dict(row.details)) == (
        AuditAction.WEIGHT, ADMIN.member_id, BOB.member_id, {"weight": 2.5},
    )  # fmt: skip


async def test_what_is_foreseen_follows_at_once(harness: UseCaseHarness) -> None:
    shares = ServerShares()
    capacity = LimitsOnly(harness.engine.profile)
    scheduler = Scheduler([(harness.engine, capacity)], CostModel(1.0), harness.clock, weights=shares)
    queue = scheduler.queue
    queue.submit((*job("a", 1, 12, server_id=10), *job("b", 2, 12, server_id=10)))
    before = [each.member_id for each in queue.order()]
    await SetMemberWeight(harness.database, scheduler, shares, harness.clock).set(ADMIN, 2, 10.0)
    assert before == [1] * 8 + [2] * 8 + [1, 2] * 4
    assert [each.member_id for each in queue.order()] == [1] * 8 + [2] * 12 + [1] * 4
