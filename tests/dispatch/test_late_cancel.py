"""Whoever cancels what is being drawn pays for what was used, from the second time in an hour on."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kleinbot.archive.archive import DiskFullError, StoredFile
from kleinbot.domain.clock import HOUR_MS, MS_PER_S
from kleinbot.domain.door import Door
from kleinbot.domain.errors import Code, Refusal, RenderError
from kleinbot.domain.job import JobState
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import USED, EntryKind
from kleinbot.domain.work import RenderTask
from kleinbot.store import ledger
from kleinbot.store.ledger import Owner
from kleinbot.studio.cancel import Cancelled
from kleinbot.studio.departures import GRACE_MS, Departures
from tests.dispatch.restarting import restarted
from tests.dispatch.running import ended, running, until, until_true
from tests.dispatch.test_yielding import RESTS_AT, suspended_by_a_newcomer
from tests.queueing.late_cancelling import late_cancelling
from tests.studio_harness import ADA, BOB, HOST, MODERATOR, Studio

HOUR_S = HOUR_MS // MS_PER_S
STEPS = 4
PRICE = 10


async def drawn(studio: Studio, within_step: int, actor: Actor = ADA, steps: int = STEPS) -> str:
    """Let a picture be drawn until ``within_step`` is made; it stays there until ``let_go``."""
    studio.engine.within_gates = {within_step: asyncio.Event()}
    job_id = (await studio.steps(steps, actor)).card.job.job_id
    await until_true(lambda: studio.dispatcher.used(job_id) == {0: Fraction(within_step, steps)})
    return job_id


async def let_go(studio: Studio) -> None:
    """Let what is on the card end."""
    for gate in studio.engine.within_gates.values():
        gate.set()
    await until_true(lambda: not studio.line.running)


async def cancelled(studio: Studio, within_step: int, actor: Actor = ADA, steps: int = STEPS) -> Cancelled:
    """Cancel a picture of one's own while ``within_step`` of it is made."""
    job_id = await drawn(studio, within_step, actor, steps)
    outcome = await studio.cancel.by_id(actor, job_id)
    await let_go(studio)
    return outcome


async def test_the_first_is_free_and_from_the_second_in_an_hour_on_what_was_used_counts(
    studio: Studio,
) -> None:
    async with running(studio):
        first = await cancelled(studio, 4)
        assert (first.refunded_tenths, first.used_tenths) == (PRICE, 0)
        assert first.next_counts_until_ms == studio.clock.now_ms() + HOUR_MS
        assert await studio.spent_tenths() == 0
        studio.clock.advance(600)
        second = await cancelled(studio, 2)
        assert (second.refunded_tenths, second.used_tenths) == (5, 5)
        third = await cancelled(studio, 3)
        assert (third.refunded_tenths, third.used_tenths) == (3, 7)  # 7.5, in the member's favour
    assert await studio.spent_tenths() == 5 + 7


async def test_the_hour_begins_with_the_latest(studio: Studio) -> None:
    async with running(studio):
        await cancelled(studio, 4)
        studio.clock.advance(HOUR_S - 1)
        assert (await cancelled(studio, 4)).used_tenths == PRICE
        studio.clock.advance(HOUR_S - 1)
        assert (await cancelled(studio, 4)).used_tenths == PRICE
        studio.clock.advance(HOUR_S)
        assert (await cancelled(studio, 4)).used_tenths == 0


@pytest.mark.parametrize(
    ("steps", "within_step"), [(4, 1), (4, 2), (4, 3), (4, 4), (50, 1), (50, 40), (50, 50)]
)
async def test_whoever_cancels_again_and_again_pays_for_what_they_use(
    studio: Studio, steps: int, within_step: int
) -> None:
    """The card makes the step in hand to its end; less than a tenth is given away each time."""
    async with running(studio):
        await cancelled(studio, within_step, steps=steps)
        before = studio.engine.steps_made
        outcomes = [await cancelled(studio, within_step, steps=steps) for _ in range(5)]
        made = studio.engine.steps_made - before
    assert made == 5 * within_step
    paid = await studio.spent_tenths()
    price = outcomes[0].refunded_tenths + outcomes[0].used_tenths
    used = price * Fraction(made, steps)
    assert paid == sum(outcome.used_tenths for outcome in outcomes)
    assert used - 5 < paid <= used
    if within_step > 1:
        assert paid >= Fraction(8, 10) * used


async def test_cancelling_just_before_the_end_ends_with_the_quota(studio: Studio) -> None:
    """Before it counted this went on for ever, at a part of the card and no quota."""
    times = 0
    async with running(studio):
        with pytest.raises(Refusal) as caught:
            for _ in range(200):
                await cancelled(studio, 4)
                times += 1
    assert caught.value.code is Code.QUOTA_EXHAUSTED
    assert times == 1 + 600 // PRICE


async def test_one_of_ten_who_cancels_again_and_again_gets_a_tenth_of_the_card_and_pays_for_it(
    tmp_path: Path,
) -> None:
    got = await late_cancelling(tmp_path, 6)
    assert got.of_card == pytest.approx(0.1, abs=0.001)
    assert got.paid == pytest.approx(5 / 6)  # the first is free


async def test_what_waits_is_given_back_in_full_and_what_is_done_stays_paid(studio: Studio) -> None:
    async with running(studio):
        await cancelled(studio, 4)

        def hold_the_second(batch: Sequence[RenderTask]) -> None:
            if batch[0].key.position == 1:
                studio.engine.within_gates = {2: asyncio.Event()}

        studio.engine.within_gates = {}
        studio.engine.before = hold_the_second
        job_id = (await studio.imagine(count=4)).card.job.job_id
        await until(studio, job_id, lambda job: len(job.done_images) == 1)
        await until_true(lambda: studio.dispatcher.used(job_id) == {1: Fraction(2, 4)})
        outcome = await studio.cancel.by_id(ADA, job_id)
        await let_go(studio)
    assert (outcome.used_tenths, outcome.refunded_tenths) == (5, 3 * PRICE - 5)
    assert await studio.spent_tenths() == PRICE + 5


async def test_what_has_not_begun_counts_neither_now_nor_later(studio: Studio) -> None:
    async with running(studio):
        studio.doorkeeper.door = Door.PAUSED
        for _ in range(3):
            waiting = (await studio.imagine(count=2)).card.job.job_id
            outcome = await studio.cancel.by_id(ADA, waiting)
            assert (outcome.refunded_tenths, outcome.next_counts_until_ms) == (2 * PRICE, None)
        studio.doorkeeper.door = Door.OPEN
        studio.dispatcher.door_moved()
        assert (await cancelled(studio, 4)).used_tenths == 0


@pytest.mark.parametrize("power", ["moderator", "host", "host of their own"])
async def test_whoever_is_cancelled_by_power_pays_nothing_and_it_is_no_first_one(
    studio: Studio, power: str
) -> None:
    member = replace(HOST, server_id=ADA.server_id) if power == "host of their own" else ADA
    async with running(studio):
        await cancelled(studio, 4, BOB)
        for _ in range(2):
            job_id = await drawn(studio, 4, member)
            if power == "moderator":
                outcome = await studio.cancel.by_id(MODERATOR, job_id)
            else:
                outcome = await studio.cancel.by_host(HOST, job_id)
            await let_go(studio)
            assert (outcome.refunded_tenths, outcome.used_tenths) == (PRICE, 0)
            assert outcome.next_counts_until_ms is None
        assert (await cancelled(studio, 4, member)).used_tenths == 0
    assert await studio.spent_tenths(member) == 0


async def test_a_moderator_pays_for_their_own(studio: Studio) -> None:
    async with running(studio):
        await cancelled(studio, 4, MODERATOR)
        assert (await cancelled(studio, 4, MODERATOR)).used_tenths == PRICE


async def test_a_departure_and_a_failure_cost_nothing(studio: Studio) -> None:
    gone = Departures(
        studio.database, studio.line, studio.dispatcher, lambda _: False, lambda: None, studio.clock
    )
    async with running(studio):
        await cancelled(studio, 4)
        await drawn(studio, 4)
        await gone.look()
        studio.clock.advance(GRACE_MS / MS_PER_S - 1)
        assert await studio.spent_tenths() == PRICE
        studio.clock.advance(1)
        await gone.look()
        await let_go(studio)
        assert await studio.spent_tenths() == 0
        studio.engine.within_gates = {}
        studio.engine.failures = [RenderError(Code.RENDER_FAILED)]
        failing = (await studio.imagine()).card.job.job_id
        await until(studio, failing, ended)
    assert await studio.spent_tenths() == 0
    assert (await studio.job(failing)).used_tenths is None


async def test_the_first_one_is_known_after_a_restart(studio: Studio, tmp_path: Path) -> None:
    async with running(studio):
        await cancelled(studio, 4)
    again = await restarted(studio, tmp_path)
    async with running(again):
        assert (await cancelled(again, 4)).used_tenths == PRICE
    await again.finisher.close()
    await again.archive.close()


async def test_what_a_process_had_begun_before_it_ended_is_not_paid(studio: Studio, tmp_path: Path) -> None:
    async with running(studio):
        await cancelled(studio, 4)
        job_id = await drawn(studio, 4)
    again = await restarted(studio, tmp_path)
    outcome = await again.cancel.by_id(ADA, job_id)
    assert (outcome.refunded_tenths, outcome.next_counts_until_ms) == (PRICE, None)
    await again.finisher.close()
    await again.archive.close()


async def test_a_person_has_one_free_over_all_servers(studio: Studio) -> None:
    elsewhere = replace(ADA, server_id=77)
    async with running(studio):
        await cancelled(studio, 4, elsewhere)
        assert (await cancelled(studio, 4)).used_tenths == PRICE
        assert (await cancelled(studio, 4, BOB)).used_tenths == 0
    assert await studio.spent_tenths(elsewhere) == 0


async def test_one_that_a_clock_ahead_has_stamped_does_not_count(studio: Studio) -> None:
    async with running(studio):
        await cancelled(studio, 4)
        studio.clock.advance(-5 * HOUR_S)
        assert (await cancelled(studio, 4)).used_tenths == 0
        assert (await cancelled(studio, 4)).used_tenths == PRICE


async def test_an_event_that_comes_twice_counts_once(studio: Studio) -> None:
    async with running(studio):
        await cancelled(studio, 4)
        job_id = await drawn(studio, 4)
        outcomes = await asyncio.gather(
            *(studio.cancel.by_id(ADA, job_id) for _ in range(4)), return_exceptions=True
        )
        await let_go(studio)
    [kept] = [outcome for outcome in outcomes if isinstance(outcome, Cancelled)]
    assert (kept.refunded_tenths, kept.used_tenths) == (0, PRICE)
    assert [each.code for each in outcomes if isinstance(each, Refusal)] == [Code.JOB_ALREADY_ENDED] * 3
    assert await studio.spent_tenths() == PRICE


async def test_of_what_rests_the_steps_that_are_made_count(studio: Studio) -> None:
    async with running(studio):
        await cancelled(studio, 4)
        studio.engine.within_gates = {}
        studio.progressed.reports.clear()
        long, short = await suspended_by_a_newcomer(studio)
        price = (await studio.job(long)).price_tenths
        outcome = await studio.cancel.by_id(ADA, long)
        studio.engine.gate.set()
        await until(studio, short, ended)
    assert outcome.used_tenths == price * RESTS_AT // 50
    assert outcome.refunded_tenths == price - outcome.used_tenths


async def test_what_is_drawn_and_being_stored_counts_whole(studio: Studio) -> None:
    put, written, go_on = studio.archive.put, asyncio.Event(), asyncio.Event()

    async def slowly(*values: Any) -> StoredFile:
        written.set()
        await go_on.wait()
        return await put(*values)

    async with running(studio):
        await cancelled(studio, 4)
        studio.engine.within_gates = {}
        studio.archive.put = slowly  # type: ignore[method-assign, assignment]
        job_id = (await studio.imagine()).card.job.job_id
        await asyncio.wait_for(written.wait(), 10)
        outcome = await studio.cancel.by_id(ADA, job_id)
        go_on.set()
        await studio.finisher.emptied()
    assert (outcome.refunded_tenths, outcome.used_tenths) == (0, PRICE)
    assert await studio.spent_tenths() == PRICE
    assert (await studio.job(job_id)).state is JobState.CANCELLED
    assert studio.dispatcher.used(job_id) == {}


async def test_what_is_drawn_and_cannot_be_stored_costs_nothing(studio: Studio) -> None:
    put, tried, full = studio.archive.put, asyncio.Event(), True

    async def onto_a_full_disk(*values: Any) -> StoredFile:
        if full:
            tried.set()
            raise DiskFullError
        return await put(*values)

    async with running(studio):
        await cancelled(studio, 4)
        studio.engine.within_gates = {}
        studio.archive.put = onto_a_full_disk  # type: ignore[method-assign, assignment]
        job_id = (await studio.imagine()).card.job.job_id
        await asyncio.wait_for(tried.wait(), 10)
        await until_true(lambda: studio.dispatcher.used(job_id) == {})
        outcome = await studio.cancel.by_id(ADA, job_id)
        full = False
        studio.clock.advance(60)
        await studio.finisher.emptied()
    assert (outcome.refunded_tenths, outcome.next_counts_until_ms) == (PRICE, None)
    assert await studio.spent_tenths() == 0


async def test_the_statement_says_what_was_left_out(studio: Studio) -> None:
    async with running(studio):
        await cancelled(studio, 4)
        await cancelled(studio, 2)
    entries = await ledger.history(studio.database.read, Owner(ADA.server_id, ADA.member_id), 4)
    said = [(entry.kind, entry.tenths, entry.reason == USED) for entry in entries]
    assert said == [
        (EntryKind.REFUND, 5, True),
        (EntryKind.RESERVE, -PRICE, False),
        (EntryKind.REFUND, PRICE, False),
        (EntryKind.RESERVE, -PRICE, False),
    ]
