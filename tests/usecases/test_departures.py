"""Jobs of a server that has removed the bot wait for an hour and are then refunded."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from kleinbot.domain.clock import HOUR_MS
from kleinbot.domain.job import JobState
from kleinbot.store.members import servers
from kleinbot.usecases.owner.departures import GRACE_MS, Departures
from tests.dispatch.running import ended, running, until, until_true
from tests.manual_clock import ManualClock, passes
from tests.usecase_harness import ADA, STRANGER, UseCaseHarness

OTHER = STRANGER
"""A member of a different server than ADA."""


@dataclass
class Membership:
    """The servers that the bot is in; None: not known yet."""

    is_in: dict[int, bool | None] = field(default_factory=dict)

    def asked(self, server_id: int) -> bool | None:
        return self.is_in.get(server_id, True)


def departures_of(
    harness: UseCaseHarness, membership: Membership, clock: ManualClock | None = None
) -> Departures:
    """Return a bot's departures; call it again for a restarted bot."""
    return Departures(
        harness.database, harness.scheduler, membership.asked, lambda: None, clock or harness.clock
    )  # fmt: skip


@pytest.fixture
def membership() -> Membership:
    return Membership()


@pytest.fixture
def departures(harness: UseCaseHarness, membership: Membership) -> Departures:
    return departures_of(harness, membership)


async def left_ms(harness: UseCaseHarness) -> int | None:
    found = {row.server_id: row.left_ms for row in await servers.with_open_jobs(harness.database.read)}
    return found[ADA.server_id]


async def test_while_the_bot_is_gone_nothing_is_drawn_and_afterwards_everything_in_its_order(
    harness: UseCaseHarness, membership: Membership, departures: Departures
) -> None:
    first = (await harness.imagine(prompt="first")).status.job.job_id
    second = (await harness.imagine(prompt="second")).status.job.job_id
    membership.is_in[ADA.server_id] = False
    await departures.check()
    other = (await harness.imagine(OTHER, prompt="other")).status.job.job_id
    async with running(harness):
        await until(harness, other, ended)
        await until_true(lambda: harness.dispatcher.idle_s == 0.0)
        harness.clock.advance(600)
        assert harness.dispatcher.idle_s == 600, "what may not be drawn is no work"
        assert [task.spec.prompt for batch in harness.engine.batches for task in batch] == ["other"]
        assert [harness.queue.place(job_id) for job_id in (first, second)] == [1, 2]
        membership.is_in[ADA.server_id] = True
        await departures.check()
        for job_id in (first, second):
            assert (await until(harness, job_id, ended)).state is JobState.DONE
    assert [task.spec.prompt for batch in harness.engine.batches for task in batch] == [
        "other",
        "first",
        "second",
    ]
    assert await harness.spent_tenths() == 20


async def test_what_had_left_before_a_start_waits_until_discord_says_that_it_is_back(
    harness: UseCaseHarness, membership: Membership, departures: Departures
) -> None:
    job_id = (await harness.imagine()).status.job.job_id
    membership.is_in[ADA.server_id] = False
    await departures.check()
    harness.queue.release(ADA.server_id)  # a rebuilt queue holds no server
    membership.is_in[ADA.server_id] = None
    again = departures_of(harness, membership)
    await again.check()
    async with running(harness):
        other = (await harness.imagine(OTHER)).status.job.job_id
        await until(harness, other, ended)
        assert (await harness.job(job_id)).state is JobState.QUEUED
        membership.is_in[ADA.server_id] = True
        await again.check()
        assert (await until(harness, job_id, ended)).state is JobState.DONE


async def test_where_nothing_is_known_yet_nothing_is_held(
    harness: UseCaseHarness, membership: Membership, departures: Departures
) -> None:
    membership.is_in[ADA.server_id] = None
    job_id = (await harness.imagine()).status.job.job_id
    await departures.check()
    async with running(harness):
        assert (await until(harness, job_id, ended)).state is JobState.DONE


async def test_whoever_leaves_again_has_an_hour_again(
    harness: UseCaseHarness, membership: Membership, departures: Departures
) -> None:
    """The bot is back, a job is accepted, and the bot is removed again between two checks."""
    await harness.imagine()
    membership.is_in[ADA.server_id] = False
    await departures.check()
    await passes(harness.clock, 1800)
    job_id = (await harness.imagine()).status.job.job_id
    await passes(harness.clock, 1801)
    await departures.check()
    assert (await harness.job(job_id)).state is JobState.QUEUED
    assert await left_ms(harness) == harness.clock.now_ms()
    await passes(harness.clock, 3599)
    await departures.check()
    assert (await harness.job(job_id)).state is JobState.QUEUED
    await passes(harness.clock, 1)
    await departures.check()
    assert (await harness.job(job_id)).state is JobState.CANCELLED
    assert await harness.spent_tenths() == 0


async def test_a_departure_of_months_ago_ends_nothing_new(
    harness: UseCaseHarness, membership: Membership, departures: Departures
) -> None:
    await harness.imagine()
    membership.is_in[ADA.server_id] = False
    await departures.check()
    await passes(harness.clock, 3600, slice_s=3600)
    await departures.check()
    assert await harness.spent_tenths() == 0
    harness.clock.advance(90 * 24 * 3600)
    job_id = (await harness.imagine()).status.job.job_id
    harness.clock.advance(30)
    await departures.check()
    assert (await harness.job(job_id)).state is JobState.QUEUED


async def test_whoever_orders_after_what_was_given_back_need_not_wait_for_a_look(
    harness: UseCaseHarness, membership: Membership, departures: Departures
) -> None:
    await harness.imagine()
    membership.is_in[ADA.server_id] = False
    await departures.check()
    harness.clock.advance(3600)
    await departures.check()
    async with running(harness):
        job_id = (await harness.imagine()).status.job.job_id
        assert (await until(harness, job_id, ended)).state is JobState.DONE


class SetClock(ManualClock):
    """A clock whose time of day can be set; its monotonic time continues."""

    set_by_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.set_by_ms


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_clock_that_is_set_back_does_not_prolong_the_hour(
    harness: UseCaseHarness, membership: Membership, restarts: bool
) -> None:
    clock = SetClock()
    departures = departures_of(harness, membership, clock)
    job_id = (await harness.imagine()).status.job.job_id
    membership.is_in[ADA.server_id] = False
    clock.set_by_ms = 10 * HOUR_MS
    await departures.check()
    clock.set_by_ms = 0
    if restarts:
        departures = departures_of(harness, membership, clock)
    await departures.check()
    assert await left_ms(harness) == clock.now_ms()
    clock.advance(GRACE_MS / 1000)
    await departures.check()
    assert (await harness.job(job_id)).state is JobState.CANCELLED


async def test_a_clock_that_is_set_forward_does_not_cut_the_hour_short(
    harness: UseCaseHarness, membership: Membership
) -> None:
    clock = SetClock()
    departures = departures_of(harness, membership, clock)
    job_id = (await harness.imagine()).status.job.job_id
    membership.is_in[ADA.server_id] = False
    await departures.check()
    clock.set_by_ms = 10 * HOUR_MS
    await departures.check()
    assert (await harness.job(job_id)).state is JobState.QUEUED
    clock.advance(GRACE_MS / 1000)
    await departures.check()
    assert (await harness.job(job_id)).state is JobState.CANCELLED


async def test_it_is_looked_at_once_where_that_is_asked_for(
    harness: UseCaseHarness, membership: Membership, departures: Departures
) -> None:
    await harness.imagine()
    looking = asyncio.create_task(departures.run())
    await _turned_until(harness, lambda: harness.queue.next_due() is not None)
    membership.is_in[ADA.server_id] = False
    await departures.check_soon()
    await _turned_until(harness, lambda: harness.queue.next_due() is None)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def _turned_until(harness: UseCaseHarness, holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await harness.database.read.number("SELECT 1")
