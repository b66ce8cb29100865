"""The owner's operations, checked in the use case itself."""

import asyncio
from dataclasses import replace

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.scheduler.entries import UniformLimit
from kleinbot.scheduler.estimates import EndErrors, ErrorSpread
from kleinbot.scheduler.queue import ImageQueue
from kleinbot.usecases.owner.bot_control import ActivityCounts, BotControl, Health, stored_service_mode
from kleinbot.usecases.owner.server_shares import ServerShares
from kleinbot.usecases.quota.quota import QuotaRule
from tests.scheduler.builders import job
from tests.usecase_harness import ADA, DAY_MS, UseCaseHarness

OWNER = replace(ADA, is_owner=True)
ADMIN = replace(ADA, is_admin=True)


async def _health() -> Health:
    return Health(2**30, None, ActivityCounts(0.0, ErrorSpread(0, 0.0, 0.0), {}, {}, EndErrors()), None, None)


class _Bot:
    """The use case and the state that it changes."""

    def __init__(self, harness: UseCaseHarness) -> None:
        self.shares = ServerShares()
        self.moves = 0
        self.operate = BotControl(
            database=harness.database,
            scheduler=harness.scheduler,
            shares=self.shares,
            rule=QuotaRule(600, DAY_MS),
            health=_health,
            service_mode_changed=self._moved,
            clock=harness.clock,
        )

    def _moved(self) -> None:
        self.moves += 1


@pytest.fixture
def handlers(harness: UseCaseHarness) -> _Bot:
    return _Bot(harness)


async def test_nobody_but_the_host_may(harness: UseCaseHarness, handlers: _Bot) -> None:
    operate = handlers.operate
    for operation in (operate.pause, operate.resume, operate.drain, operate.status):
        with pytest.raises(Refusal) as caught:
            await operation(ADMIN)
        assert caught.value.code is Code.NOT_THE_HOST
    with pytest.raises(Refusal):
        await operate.servers(ADMIN, [])
    with pytest.raises(Refusal):
        await operate.share(ADMIN, 10, [10], 2.0, None)
    assert await harness.database.read.number("SELECT COUNT(*) FROM audit") == 0
    assert (harness.scheduler.service_mode, handlers.moves) == (ServiceMode.OPEN, 0)


async def test_the_door_is_kept_over_a_restart(harness: UseCaseHarness, handlers: _Bot) -> None:
    for operation, service_mode in (
        (handlers.operate.pause, ServiceMode.PAUSED),
        (handlers.operate.drain, ServiceMode.DRAINING),
        (handlers.operate.resume, ServiceMode.OPEN),
    ):
        await operation(OWNER)
        after = await stored_service_mode(harness.database.read)
        assert harness.scheduler.service_mode is after is service_mode
    assert handlers.moves == 3
    assert await harness.database.read.number("SELECT COUNT(*) FROM audit WHERE server_id IS NULL") == 3


async def test_the_audit_tells_a_freed_card_from_a_pause(harness: UseCaseHarness, handlers: _Bot) -> None:
    await handlers.operate.pause(OWNER, frees=True)
    await handlers.operate.pause(OWNER)
    found = await harness.database.read.all("SELECT action, details FROM audit ORDER BY audit_id")
    assert [tuple(row) for row in found] == [("pause", '{"frees": true}'), ("pause", "{}")]


async def test_a_share_reaches_the_line_at_once_and_after_a_restart(
    harness: UseCaseHarness, handlers: _Bot
) -> None:
    await handlers.operate.share(OWNER, 1, [1], 3.0, None)
    again = ServerShares()
    await again.load(harness.database.read)
    for shares in (handlers.shares, again):
        queue = ImageQueue(shares)
        queue.submit(job("a", 1, 40, server_id=1))
        queue.submit(job("b", 2, 40, server_id=2))
        turns = [queue.next_batch(UniformLimit(1))[0].server_id for _ in range(16)]
        assert turns.count(1) == 12


async def test_an_unknown_server_has_no_share(harness: UseCaseHarness, handlers: _Bot) -> None:
    with pytest.raises(Refusal) as caught:
        await handlers.operate.share(OWNER, 12, [10], 2.0, None)
    assert caught.value.code is Code.SERVER_UNKNOWN
    await harness.imagine()
    row = await handlers.operate.share(OWNER, ADA.server_id, [], None, 70)
    assert (row.share, row.most_tenths, row.open_jobs) == (1.0, 70, 1)


async def test_status_counts_what_waits(harness: UseCaseHarness, handlers: _Bot) -> None:
    await harness.imagine(count=3)
    found = await handlers.operate.status(OWNER)
    assert (found.waiting_images, found.running_images, found.free_bytes) == (3, 0, 2**30)


async def test_nothing_is_accepted_while_draining(harness: UseCaseHarness, handlers: _Bot) -> None:
    await handlers.operate.drain(OWNER)
    with pytest.raises(Refusal) as caught:
        await harness.imagine()
    assert caught.value.code is Code.DRAINING
    assert await harness.spent_tenths() == 0


async def test_of_racing_decisions_the_last_in_the_rows_is_the_one_that_holds(
    harness: UseCaseHarness, handlers: _Bot
) -> None:
    operate = handlers.operate
    await asyncio.gather(
        *(operation(OWNER) for _ in range(5) for operation in (operate.pause, operate.drain))
    )
    after = await stored_service_mode(harness.database.read)
    assert harness.scheduler.service_mode is after
    row = await harness.database.read.one("SELECT action FROM audit ORDER BY audit_id DESC")
    assert row is not None
    assert row[0] == {ServiceMode.PAUSED: "pause", ServiceMode.DRAINING: "drain"}[after]
