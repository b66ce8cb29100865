"""What was ordered in a server that has removed the bot: it waits for an hour, and is given back then."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from kleinbot.domain.clock import HOUR_MS
from kleinbot.domain.job import JobState
from kleinbot.store import servers
from kleinbot.studio.departures import GRACE_MS, Departures
from tests.dispatch.running import ended, running, until, until_true
from tests.manual_clock import ManualClock, passes
from tests.studio_harness import ADA, STRANGER, Studio

OTHER = STRANGER
"""Of another server than ADA."""


@dataclass
class Membership:
    """In which servers the bot is; None: not known yet."""

    is_in: dict[int, bool | None] = field(default_factory=dict)

    def asked(self, server_id: int) -> bool | None:
        return self.is_in.get(server_id, True)


def departures_of(studio: Studio, membership: Membership, clock: ManualClock | None = None) -> Departures:
    """Return a bot's departures; once more for one that is started again."""
    return Departures(
        studio.database, studio.line, studio.dispatcher, membership.asked,
        lambda: None, clock or studio.clock,
    )  # fmt: skip


@pytest.fixture
def membership() -> Membership:
    return Membership()


@pytest.fixture
def departures(studio: Studio, membership: Membership) -> Departures:
    return departures_of(studio, membership)


async def left_ms(studio: Studio) -> int | None:
    found = {row.server_id: row.left_ms for row in await servers.with_open_jobs(studio.database.read)}
    return found[ADA.server_id]


async def test_while_the_bot_is_gone_nothing_is_drawn_and_afterwards_everything_in_its_order(
    studio: Studio, membership: Membership, departures: Departures
) -> None:
    first = (await studio.imagine(prompt="first")).card.job.job_id
    second = (await studio.imagine(prompt="second")).card.job.job_id
    membership.is_in[ADA.server_id] = False
    await departures.look()
    other = (await studio.imagine(OTHER, prompt="other")).card.job.job_id
    async with running(studio):
        await until(studio, other, ended)
        await until_true(lambda: studio.dispatcher.idle_s == 0.0)
        studio.clock.advance(600)
        assert studio.dispatcher.idle_s == 600, "what may not be drawn is no work"
        assert [task.prompt for batch in studio.engine.batches for task in batch] == ["other"]
        assert [studio.line.place(job_id) for job_id in (first, second)] == [1, 2]
        membership.is_in[ADA.server_id] = True
        await departures.look()
        for job_id in (first, second):
            assert (await until(studio, job_id, ended)).state is JobState.DONE
    assert [task.prompt for batch in studio.engine.batches for task in batch] == ["other", "first", "second"]
    assert await studio.spent_tenths() == 20


async def test_what_had_left_before_a_start_waits_until_discord_says_that_it_is_back(
    studio: Studio, membership: Membership, departures: Departures
) -> None:
    job_id = (await studio.imagine()).card.job.job_id
    membership.is_in[ADA.server_id] = False
    await departures.look()
    studio.line.release(ADA.server_id)  # a line that was built anew holds nothing
    membership.is_in[ADA.server_id] = None
    again = departures_of(studio, membership)
    await again.look()
    async with running(studio):
        other = (await studio.imagine(OTHER)).card.job.job_id
        await until(studio, other, ended)
        assert (await studio.job(job_id)).state is JobState.QUEUED
        membership.is_in[ADA.server_id] = True
        await again.look()
        assert (await until(studio, job_id, ended)).state is JobState.DONE


async def test_where_nothing_is_known_yet_nothing_is_held(
    studio: Studio, membership: Membership, departures: Departures
) -> None:
    membership.is_in[ADA.server_id] = None
    job_id = (await studio.imagine()).card.job.job_id
    await departures.look()
    async with running(studio):
        assert (await until(studio, job_id, ended)).state is JobState.DONE


async def test_whoever_leaves_again_has_an_hour_again(
    studio: Studio, membership: Membership, departures: Departures
) -> None:
    """Back, an order, and gone again between two looks."""
    await studio.imagine()
    membership.is_in[ADA.server_id] = False
    await departures.look()
    await passes(studio.clock, 1800)
    job_id = (await studio.imagine()).card.job.job_id
    await passes(studio.clock, 1801)
    await departures.look()
    assert (await studio.job(job_id)).state is JobState.QUEUED
    assert await left_ms(studio) == studio.clock.now_ms()
    await passes(studio.clock, 3599)
    await departures.look()
    assert (await studio.job(job_id)).state is JobState.QUEUED
    await passes(studio.clock, 1)
    await departures.look()
    assert (await studio.job(job_id)).state is JobState.CANCELLED
    assert await studio.spent_tenths() == 0


async def test_a_departure_of_months_ago_ends_nothing_new(
    studio: Studio, membership: Membership, departures: Departures
) -> None:
    await studio.imagine()
    membership.is_in[ADA.server_id] = False
    await departures.look()
    await passes(studio.clock, 3600, slice_s=3600)
    await departures.look()
    assert await studio.spent_tenths() == 0
    studio.clock.advance(90 * 24 * 3600)
    job_id = (await studio.imagine()).card.job.job_id
    studio.clock.advance(30)
    await departures.look()
    assert (await studio.job(job_id)).state is JobState.QUEUED


async def test_whoever_orders_after_what_was_given_back_need_not_wait_for_a_look(
    studio: Studio, membership: Membership, departures: Departures
) -> None:
    await studio.imagine()
    membership.is_in[ADA.server_id] = False
    await departures.look()
    studio.clock.advance(3600)
    await departures.look()
    async with running(studio):
        job_id = (await studio.imagine()).card.job.job_id
        assert (await until(studio, job_id, ended)).state is JobState.DONE


class SetClock(ManualClock):
    """Its time of day can be set; the monotonic clock goes on."""

    set_by_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.set_by_ms


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_clock_that_is_set_back_does_not_prolong_the_hour(
    studio: Studio, membership: Membership, restarts: bool
) -> None:
    clock = SetClock()
    departures = departures_of(studio, membership, clock)
    job_id = (await studio.imagine()).card.job.job_id
    membership.is_in[ADA.server_id] = False
    clock.set_by_ms = 10 * HOUR_MS
    await departures.look()
    clock.set_by_ms = 0
    if restarts:
        departures = departures_of(studio, membership, clock)
    await departures.look()
    assert await left_ms(studio) == clock.now_ms()
    clock.advance(GRACE_MS / 1000)
    await departures.look()
    assert (await studio.job(job_id)).state is JobState.CANCELLED


async def test_a_clock_that_is_set_forward_does_not_cut_the_hour_short(
    studio: Studio, membership: Membership
) -> None:
    clock = SetClock()
    departures = departures_of(studio, membership, clock)
    job_id = (await studio.imagine()).card.job.job_id
    membership.is_in[ADA.server_id] = False
    await departures.look()
    clock.set_by_ms = 10 * HOUR_MS
    await departures.look()
    assert (await studio.job(job_id)).state is JobState.QUEUED
    clock.advance(GRACE_MS / 1000)
    await departures.look()
    assert (await studio.job(job_id)).state is JobState.CANCELLED


async def test_it_is_looked_at_once_where_that_is_asked_for(
    studio: Studio, membership: Membership, departures: Departures
) -> None:
    await studio.imagine()
    looking = asyncio.create_task(departures.run())
    await _turned_until(studio, lambda: studio.line.next_due() is not None)
    membership.is_in[ADA.server_id] = False
    await departures.look_soon()
    await _turned_until(studio, lambda: studio.line.next_due() is None)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def _turned_until(studio: Studio, holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await studio.database.read.number("SELECT 1")
