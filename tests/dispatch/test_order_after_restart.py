"""What decides the order is in the rows once its cause is, and a restart changes no order."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from kleinbot.domain.capacity import LimitsOnly
from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.job import JobState
from kleinbot.domain.people import Actor
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import RenderTask
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.entries import Shape, UniformLimit, Weights
from kleinbot.scheduler.queue import ImageQueue
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.jobs import tags
from kleinbot.usecases.owner.bot_control import BotControl
from kleinbot.usecases.owner.departures import Departures
from kleinbot.usecases.owner.new_servers import NewServers
from kleinbot.usecases.owner.server_shares import ServerShares
from kleinbot.usecases.quota.member_weight import SetMemberWeight
from kleinbot.usecases.quota.quota import QuotaRule
from tests.dispatch.restarting import restarted
from tests.dispatch.running import ended, running, until, until_true
from tests.dispatch.test_preemption import suspended_by_a_newcomer
from tests.dispatch.test_state_machine import DORA, StudioMachine
from tests.scheduler.builders import job
from tests.usecase_harness import ADA, BOB, OWNER, STRANGER, UseCaseHarness, never_asked

ONE = UniformLimit(1)


async def assert_stored(
    harness: UseCaseHarness, queue: ImageQueue | None = None, weights: Weights | None = None
) -> None:
    """Assert that the rows suffice to rebuild the queue and its tags."""
    async with harness.database.transaction():
        pass  # what is being committed is
    queue, rebuilt = queue or harness.queue, ImageQueue(weights)
    images = sorted((*queue.waiting, *queue.running), key=lambda image: image.order)
    stored = await tags.load(harness.database.read)
    rebuilt.restore(stored, images, {image.key for image in queue.running})
    assert [image.key for image in rebuilt.order()] == [image.key for image in queue.order()]
    assert set(rebuilt.tags()) == set(queue.tags())


def test_a_stop_changes_no_order_where_what_is_on_the_gpu_was_cancelled() -> None:
    """One of two images is done, the process crashes, more jobs come and the other image is cancelled."""
    machine = StudioMachine()
    try:
        machine.first_start()
        machine.submit(asked=[(DORA, 2, Aspect.SQUARE)])
        machine.draw(times=1)
        machine.crash(pushes=False, turns=13, passes_s=0)
        machine.submit(asked=[(DORA, 1, Aspect.SQUARE)])
        machine.submit(
            asked=[(BOB, 3, Aspect.SQUARE), (DORA, 3, Aspect.SQUARE), *[(BOB, 2, Aspect.SQUARE)] * 2]
        )
        [image] = machine.harness.queue.running
        machine.cancel(by="moderator", which=sorted(machine.accepted).index(image.key.job_id))
        machine.stop(in_hand=False, passes_s=0)  # asserts the order
    finally:
        machine.teardown()


@pytest.mark.parametrize("is_clean", [True, False])
async def test_what_is_cancelled_on_the_gpu_keeps_its_charge_over_a_restart(
    harness: UseCaseHarness, tmp_path: Path, is_clean: bool
) -> None:
    harness.engine.gate.clear()
    job_id = (await harness.imagine(STRANGER)).status.job.job_id
    async with running(harness):
        await harness.engine.started.wait()
        await harness.imagine(ADA, count=3)
        await harness.imagine(STRANGER, count=3)
        await harness.cancel.by_id(STRANGER, job_id)
        told = [image.key for image in harness.queue.order()]
        if not is_clean:
            again = await restarted(harness, tmp_path)
    if is_clean:
        again = await restarted(harness, tmp_path)
    assert [image.key for image in again.queue.order()] == told


async def test_what_ended_while_the_bot_is_paused_is_charged_in_the_rows(harness: UseCaseHarness) -> None:
    """Nothing is claimed then, which would store it."""
    for _ in range(9):
        harness.cost_model.observe(Shape(Grid(16, 16), 4), 2.0)
    harness.engine.gate.clear()
    await harness.imagine(STRANGER, count=2)
    async with running(harness):
        await harness.engine.started.wait()
        await harness.imagine(ADA)
        harness.scheduler.set_service_mode(ServiceMode.PAUSED)
        harness.engine.gate.set()
        charged = set(harness.queue.tags())
        await until_true(lambda: not harness.queue.running)
        assert set(harness.queue.tags()) != charged, "it took less than was expected"
        await harness.finisher.emptied()
        await assert_stored(harness)


async def test_what_is_dropped_while_the_bot_is_paused_is_charged_in_the_rows(
    harness: UseCaseHarness,
) -> None:
    harness.engine.gate.clear()
    job_id = (await harness.imagine(STRANGER)).status.job.job_id
    async with running(harness):
        await harness.engine.started.wait()
        await harness.imagine(ADA)
        harness.scheduler.set_service_mode(ServiceMode.PAUSED)
        await harness.cancel.by_id(STRANGER, job_id)
        harness.engine.gate.set()
        await until_true(lambda: not harness.queue.running)
        await until_true(lambda: harness.dispatcher.idle_s == 0.0)
        await assert_stored(harness)


async def test_a_suspended_batch_that_is_dropped_while_the_bot_is_paused_is_charged_in_the_rows(
    harness: UseCaseHarness,
) -> None:
    async with running(harness):
        long, short = await suspended_by_a_newcomer(harness)
        await harness.imagine(STRANGER)
        harness.scheduler.set_service_mode(ServiceMode.PAUSED)
        await harness.cancel.by_id(BOB, short)
        await harness.cancel.by_id(ADA, long)
        harness.engine.gate.set()
        await until_true(lambda: not harness.queue.running)
        await assert_stored(harness)


async def test_a_failure_while_the_bot_is_paused_is_charged_in_the_rows(harness: UseCaseHarness) -> None:
    def takes_two_seconds(_: Sequence[RenderTask]) -> None:
        harness.clock.advance(2)

    harness.engine.before = takes_two_seconds
    harness.engine.failures = [RenderError(Code.RENDER_FAILED)]
    harness.engine.gate.clear()
    job_id = (await harness.imagine(STRANGER, count=3)).status.job.job_id
    async with running(harness):
        await harness.engine.started.wait()
        await harness.imagine(ADA)
        harness.scheduler.set_service_mode(ServiceMode.PAUSED)
        harness.engine.gate.set()
        assert (await until(harness, job_id, ended)).state is JobState.FAILED
        await assert_stored(harness)


async def owing(harness: UseCaseHarness) -> str:
    """Have a member wait who owes a little for an image that has ended; return their last job."""
    await harness.imagine(STRANGER, count=3)
    job_id = (await harness.imagine(STRANGER)).status.job.job_id
    await harness.imagine(ADA)
    [image] = harness.queue.next_batch(ONE)
    harness.queue.finished(image.key, image.cost * 1.001)
    assert any(tag.owed for tag in harness.queue.tags())
    return job_id


async def test_what_a_member_owes_is_in_the_rows_after_a_cancel(harness: UseCaseHarness) -> None:
    await harness.cancel.by_id(STRANGER, await owing(harness))
    assert not any(tag.owed for tag in harness.queue.tags())
    await assert_stored(harness)


async def test_what_a_member_owes_is_in_the_rows_after_a_failure(harness: UseCaseHarness) -> None:
    await harness.claims.fail(await owing(harness), RenderError(Code.RENDER_FAILED))
    await assert_stored(harness)


async def test_what_a_member_owes_survives_a_restart(harness: UseCaseHarness, tmp_path: Path) -> None:
    await owing(harness)
    await harness.imagine(BOB)
    before = set(harness.queue.tags())
    again = await restarted(harness, tmp_path)
    assert set(again.queue.tags()) == before


async def test_a_server_that_is_back_has_its_tag_in_the_rows(harness: UseCaseHarness) -> None:
    """A restart would else give it the GPU until it has had as much as those who worked meanwhile."""
    is_in = {STRANGER.server_id: False}
    departures = Departures(
        harness.database,
        harness.scheduler,
        lambda server: is_in.get(server, True),
        lambda: None,
        harness.clock,
    )
    await harness.imagine(STRANGER, count=2)
    await departures.check()
    await harness.imagine(ADA, count=4)
    for _ in range(3):
        [image] = harness.queue.next_batch(ONE)
        harness.queue.finished(image.key, image.cost)
    is_in[STRANGER.server_id] = True
    await departures.check()
    assert not harness.queue.is_held(STRANGER.server_id)
    await assert_stored(harness)


async def test_weights_that_change_while_an_image_is_on_the_gpu_are_in_its_charge_in_the_rows(
    harness: UseCaseHarness,
) -> None:
    """A restart refunds what is on the GPU by the weights that hold then."""
    admin = Actor(server_id=10, member_id=4, locale="en-US", is_admin=True)
    shares, clock = ServerShares(), harness.clock
    scheduler = Scheduler(
        [(harness.engine, LimitsOnly(harness.engine.profile))], CostModel(1.0), clock, weights=shares
    )
    scheduler.submit((*job("a", 1, 3, server_id=10), *job("b", 2, 3, server_id=10)))
    scheduler.submit(job("c", 3, 3, server_id=11))
    before = {tag for tag in scheduler.queue.tags() if tag.server_id is not None}
    [image] = scheduler.queue.next_batch(ONE)
    await SetMemberWeight(harness.database, scheduler, shares, clock).set(admin, image.member_id, 0.1)
    await assert_stored(harness, scheduler.queue, shares)
    control = BotControl(
        database=harness.database,
        scheduler=scheduler,
        shares=shares,
        rule=QuotaRule(600, DAY_MS),
        health=never_asked,
        service_mode_changed=lambda: None,
        clock=clock,
    )
    await control.share(OWNER, image.server_id, [image.server_id], 0.3, None)
    await assert_stored(harness, scheduler.queue, shares)
    await NewServers(harness.database, shares, scheduler, 0.25, clock).register_present([11])
    await assert_stored(harness, scheduler.queue, shares)
    scheduler.queue.returned(image.key)
    assert before <= set(scheduler.queue.tags()), "it was refunded as it was charged"
