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
from kleinbot.domain.errors import Code, Refusal, RenderError
from kleinbot.domain.job import JobState
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import USED, EntryKind
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import RenderTask
from kleinbot.store.members import ledger
from kleinbot.usecases.cancel import Cancelled
from kleinbot.usecases.owner.departures import GRACE_MS, Departures
from tests.dispatch.restarting import restarted
from tests.dispatch.running import ended, running, until, until_true
from tests.dispatch.test_preemption import RESTS_AT, suspended_by_a_newcomer
from tests.scheduler.late_cancelling import late_cancelling
from tests.usecase_harness import ADA, BOB, MODERATOR, OWNER, UseCaseHarness

HOUR_S = HOUR_MS // MS_PER_S
STEPS = 4
PRICE = 10


async def drawn(harness: UseCaseHarness, within_step: int, actor: Actor = ADA, steps: int = STEPS) -> str:
    """Let a picture be drawn until ``within_step`` is made; it stays there until ``let_go``."""
    harness.engine.within_gates = {within_step: asyncio.Event()}
    job_id = (await harness.steps(steps, actor)).status.job.job_id
    await until_true(lambda: harness.dispatcher.used(job_id) == {0: Fraction(within_step, steps)})
    return job_id


async def let_go(harness: UseCaseHarness) -> None:
    """Let what is on the card end."""
    for gate in harness.engine.within_gates.values():
        gate.set()
    await until_true(lambda: not harness.queue.running)


async def cancelled(
    harness: UseCaseHarness, within_step: int, actor: Actor = ADA, steps: int = STEPS
) -> Cancelled:
    """Cancel a picture of one's own while ``within_step`` of it is made."""
    job_id = await drawn(harness, within_step, actor, steps)
    outcome = await harness.cancel.by_id(actor, job_id)
    await let_go(harness)
    return outcome


async def test_the_first_is_free_and_from_the_second_in_an_hour_on_what_was_used_counts(
    harness: UseCaseHarness,
) -> None:
    async with running(harness):
        first = await cancelled(harness, 4)
        assert (first.refunded_tenths, first.used_tenths) == (PRICE, 0)
        assert first.next_counts_until_ms == harness.clock.now_ms() + HOUR_MS
        assert await harness.spent_tenths() == 0
        harness.clock.advance(600)
        second = await cancelled(harness, 2)
        assert (second.refunded_tenths, second.used_tenths) == (5, 5)
        third = await cancelled(harness, 3)
        assert (third.refunded_tenths, third.used_tenths) == (3, 7)  # 7.5, in the member's favour
    assert await harness.spent_tenths() == 5 + 7


async def test_the_hour_begins_with_the_latest(harness: UseCaseHarness) -> None:
    async with running(harness):
        await cancelled(harness, 4)
        harness.clock.advance(HOUR_S - 1)
        assert (await cancelled(harness, 4)).used_tenths == PRICE
        harness.clock.advance(HOUR_S - 1)
        assert (await cancelled(harness, 4)).used_tenths == PRICE
        harness.clock.advance(HOUR_S)
        assert (await cancelled(harness, 4)).used_tenths == 0


@pytest.mark.parametrize(
    ("steps", "within_step"), [(4, 1), (4, 2), (4, 3), (4, 4), (50, 1), (50, 40), (50, 50)]
)
async def test_whoever_cancels_again_and_again_pays_for_what_they_use(
    harness: UseCaseHarness, steps: int, within_step: int
) -> None:
    """The card makes the step in hand to its end; less than a tenth is given away each time."""
    async with running(harness):
        await cancelled(harness, within_step, steps=steps)
        before = harness.engine.steps_made
        outcomes = [await cancelled(harness, within_step, steps=steps) for _ in range(5)]
        made = harness.engine.steps_made - before
    assert made == 5 * within_step
    paid = await harness.spent_tenths()
    price = outcomes[0].refunded_tenths + outcomes[0].used_tenths
    used = price * Fraction(made, steps)
    assert paid == sum(outcome.used_tenths for outcome in outcomes)
    assert used - 5 < paid <= used
    if within_step > 1:
        assert paid >= Fraction(8, 10) * used


async def test_cancelling_just_before_the_end_ends_with_the_quota(harness: UseCaseHarness) -> None:
    """Before it counted this went on for ever, at a part of the card and no quota."""
    times = 0
    async with running(harness):
        with pytest.raises(Refusal) as caught:
            for _ in range(200):
                await cancelled(harness, 4)
                times += 1
    assert caught.value.code is Code.QUOTA_EXHAUSTED
    assert times == 1 + 600 // PRICE


async def test_one_of_ten_who_cancels_again_and_again_gets_a_tenth_of_the_gpu_and_pays_for_it(
    tmp_path: Path,
) -> None:
    got = await late_cancelling(tmp_path, 6)
    assert got.of_gpu == pytest.approx(0.1, abs=0.001)
    assert got.paid == pytest.approx(5 / 6)  # the first is free


async def test_what_waits_is_given_back_in_full_and_what_is_done_stays_paid(harness: UseCaseHarness) -> None:
    async with running(harness):
        await cancelled(harness, 4)

        def hold_the_second(batch: Sequence[RenderTask]) -> None:
            if batch[0].key.position == 1:
                harness.engine.within_gates = {2: asyncio.Event()}

        harness.engine.within_gates = {}
        harness.engine.before = hold_the_second
        job_id = (await harness.imagine(count=4)).status.job.job_id
        await until(harness, job_id, lambda job: len(job.done_images) == 1)
        await until_true(lambda: harness.dispatcher.used(job_id) == {1: Fraction(2, 4)})
        outcome = await harness.cancel.by_id(ADA, job_id)
        await let_go(harness)
    assert (outcome.used_tenths, outcome.refunded_tenths) == (5, 3 * PRICE - 5)
    assert await harness.spent_tenths() == PRICE + 5


async def test_what_has_not_begun_counts_neither_now_nor_later(harness: UseCaseHarness) -> None:
    async with running(harness):
        harness.scheduler.set_service_mode(ServiceMode.PAUSED)
        for _ in range(3):
            waiting = (await harness.imagine(count=2)).status.job.job_id
            outcome = await harness.cancel.by_id(ADA, waiting)
            assert (outcome.refunded_tenths, outcome.next_counts_until_ms) == (2 * PRICE, None)
        harness.scheduler.set_service_mode(ServiceMode.OPEN)
        assert (await cancelled(harness, 4)).used_tenths == 0


@pytest.mark.parametrize("power", ["moderator", "host", "host of their own"])
async def test_whoever_is_cancelled_by_power_pays_nothing_and_it_is_no_first_one(
    harness: UseCaseHarness, power: str
) -> None:
    member = replace(OWNER, server_id=ADA.server_id) if power == "host of their own" else ADA
    async with running(harness):
        await cancelled(harness, 4, BOB)
        for _ in range(2):
            job_id = await drawn(harness, 4, member)
            if power == "moderator":
                outcome = await harness.cancel.by_id(MODERATOR, job_id)
            else:
                outcome = await harness.cancel.by_owner(OWNER, job_id)
            await let_go(harness)
            assert (outcome.refunded_tenths, outcome.used_tenths) == (PRICE, 0)
            assert outcome.next_counts_until_ms is None
        assert (await cancelled(harness, 4, member)).used_tenths == 0
    assert await harness.spent_tenths(member) == 0


async def test_a_moderator_pays_for_their_own(harness: UseCaseHarness) -> None:
    async with running(harness):
        await cancelled(harness, 4, MODERATOR)
        assert (await cancelled(harness, 4, MODERATOR)).used_tenths == PRICE


async def test_a_departure_and_a_failure_cost_nothing(harness: UseCaseHarness) -> None:
    gone = Departures(harness.database, harness.scheduler, lambda _: False, lambda: None, harness.clock)
    async with running(harness):
        await cancelled(harness, 4)
        await drawn(harness, 4)
        await gone.check()
        harness.clock.advance(GRACE_MS / MS_PER_S - 1)
        assert await harness.spent_tenths() == PRICE
        harness.clock.advance(1)
        await gone.check()
        await let_go(harness)
        assert await harness.spent_tenths() == 0
        harness.engine.within_gates = {}
        harness.engine.failures = [RenderError(Code.RENDER_FAILED)]
        failing = (await harness.imagine()).status.job.job_id
        await until(harness, failing, ended)
    assert await harness.spent_tenths() == 0
    assert (await harness.job(failing)).used_tenths is None


async def test_the_first_one_is_known_after_a_restart(harness: UseCaseHarness, tmp_path: Path) -> None:
    async with running(harness):
        await cancelled(harness, 4)
    again = await restarted(harness, tmp_path)
    async with running(again):
        assert (await cancelled(again, 4)).used_tenths == PRICE
    await again.finisher.close()
    await again.archive.close()


async def test_what_a_process_had_begun_before_it_ended_is_not_paid(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    async with running(harness):
        await cancelled(harness, 4)
        job_id = await drawn(harness, 4)
    again = await restarted(harness, tmp_path)
    outcome = await again.cancel.by_id(ADA, job_id)
    assert (outcome.refunded_tenths, outcome.next_counts_until_ms) == (PRICE, None)
    await again.finisher.close()
    await again.archive.close()


async def test_a_person_has_one_free_over_all_servers(harness: UseCaseHarness) -> None:
    elsewhere = replace(ADA, server_id=77)
    async with running(harness):
        await cancelled(harness, 4, elsewhere)
        assert (await cancelled(harness, 4)).used_tenths == PRICE
        assert (await cancelled(harness, 4, BOB)).used_tenths == 0
    assert await harness.spent_tenths(elsewhere) == 0


async def test_one_that_a_clock_ahead_has_stamped_does_not_count(harness: UseCaseHarness) -> None:
    async with running(harness):
        await cancelled(harness, 4)
        harness.clock.advance(-5 * HOUR_S)
        assert (await cancelled(harness, 4)).used_tenths == 0
        assert (await cancelled(harness, 4)).used_tenths == PRICE


async def test_an_event_that_comes_twice_counts_once(harness: UseCaseHarness) -> None:
    async with running(harness):
        await cancelled(harness, 4)
        job_id = await drawn(harness, 4)
        outcomes = await asyncio.gather(
            *(harness.cancel.by_id(ADA, job_id) for _ in range(4)), return_exceptions=True
        )
        await let_go(harness)
    [kept] = [outcome for outcome in outcomes if isinstance(outcome, Cancelled)]
    assert (kept.refunded_tenths, kept.used_tenths) == (0, PRICE)
    assert [each.code for each in outcomes if isinstance(each, Refusal)] == [Code.JOB_ALREADY_ENDED] * 3
    assert await harness.spent_tenths() == PRICE


async def test_of_what_rests_the_steps_that_are_made_count(harness: UseCaseHarness) -> None:
    async with running(harness):
        await cancelled(harness, 4)
        harness.engine.within_gates = {}
        harness.progress.reports.clear()
        long, short = await suspended_by_a_newcomer(harness)
        price = (await harness.job(long)).price_tenths
        outcome = await harness.cancel.by_id(ADA, long)
        harness.engine.gate.set()
        await until(harness, short, ended)
    assert outcome.used_tenths == price * RESTS_AT // 50
    assert outcome.refunded_tenths == price - outcome.used_tenths


async def test_what_is_drawn_and_being_stored_counts_whole(harness: UseCaseHarness) -> None:
    put, written, go_on = harness.archive.put, asyncio.Event(), asyncio.Event()

    async def slowly(*values: Any) -> StoredFile:
        written.set()
        await go_on.wait()
        return await put(*values)

    async with running(harness):
        await cancelled(harness, 4)
        harness.engine.within_gates = {}
        harness.archive.put = slowly  # type: ignore[method-assign, assignment]
        job_id = (await harness.imagine()).status.job.job_id
        await asyncio.wait_for(written.wait(), 10)
        outcome = await harness.cancel.by_id(ADA, job_id)
        go_on.set()
        await harness.finisher.emptied()
    assert (outcome.refunded_tenths, outcome.used_tenths) == (0, PRICE)
    assert await harness.spent_tenths() == PRICE
    assert (await harness.job(job_id)).state is JobState.CANCELLED
    assert harness.dispatcher.used(job_id) == {}


async def test_what_is_drawn_and_cannot_be_stored_costs_nothing(harness: UseCaseHarness) -> None:
    put, tried, full = harness.archive.put, asyncio.Event(), True

    async def onto_a_full_disk(*values: Any) -> StoredFile:
        if full:
            tried.set()
            raise DiskFullError
        return await put(*values)

    async with running(harness):
        await cancelled(harness, 4)
        harness.engine.within_gates = {}
        harness.archive.put = onto_a_full_disk  # type: ignore[method-assign, assignment]
        job_id = (await harness.imagine()).status.job.job_id
        await asyncio.wait_for(tried.wait(), 10)
        await until_true(lambda: harness.dispatcher.used(job_id) == {})
        outcome = await harness.cancel.by_id(ADA, job_id)
        full = False
        harness.clock.advance(60)
        await harness.finisher.emptied()
    assert (outcome.refunded_tenths, outcome.next_counts_until_ms) == (PRICE, None)
    assert await harness.spent_tenths() == 0


async def test_the_statement_says_what_was_left_out(harness: UseCaseHarness) -> None:
    async with running(harness):
        await cancelled(harness, 4)
        await cancelled(harness, 2)
    entries = await ledger.history(harness.database.read, MemberKey(ADA.server_id, ADA.member_id), 4)
    said = [(entry.kind, entry.tenths, entry.reason == USED) for entry in entries]
    assert said == [
        (EntryKind.REFUND, 5, True),
        (EntryKind.RESERVE, -PRICE, False),
        (EntryKind.REFUND, PRICE, False),
        (EntryKind.RESERVE, -PRICE, False),
    ]
