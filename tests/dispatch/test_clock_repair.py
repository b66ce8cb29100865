"""The bot notices by itself that its clock was ahead."""

import asyncio
import logging

import pytest

from kleinbot.dispatch.clock_repair import _EVERY_S, ClockRepair
from kleinbot.domain.clock import DAY_MS, MS_PER_S
from kleinbot.store.delivery import posted
from kleinbot.usecases.quota import quota
from kleinbot.usecases.quota.quota import QuotaRule
from tests.dispatch.running import ended, running, until, until_true
from tests.store.rows import due_jobs
from tests.usecase_harness import ADA, UseCaseHarness

RULE = QuotaRule(20, DAY_MS)
MONTH_S = 30 * DAY_MS / MS_PER_S


async def test_what_a_clock_that_was_ahead_held_back_is_due_and_returns_once_it_is_right(
    harness: UseCaseHarness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.clock.advance(MONTH_S)
    job_id = (await harness.imagine(count=2)).status.job.job_id
    async with running(harness):
        await until(harness, job_id, ended)
    harness.clock.advance(-MONTH_S)
    now_ms = harness.clock.now_ms()
    woken = asyncio.Event()
    with caplog.at_level(logging.WARNING):
        await ClockRepair(harness.database, woken.set, harness.clock).look()
    assert woken.is_set()
    said = [
        record.getMessage() for record in caplog.records if record.name == "kleinbot.dispatch.clock_repair"
    ]
    assert ["the clock was ahead" in words for words in said] == [True]
    assert await due_jobs(harness.database.read, now_ms) == [job_id]
    balance = await quota.balance(harness.database.read, ADA.member, RULE, now_ms)
    assert balance.left_tenths == 0
    assert balance.affordable_at_ms(20) == now_ms + DAY_MS


async def test_it_looks_again_and_again_and_says_nothing_while_the_clock_is_right(
    harness: UseCaseHarness, caplog: pytest.LogCaptureFixture
) -> None:
    woken = asyncio.Event()
    job_id = (await harness.imagine()).status.job.job_id
    looking = asyncio.create_task(ClockRepair(harness.database, woken.set, harness.clock).run())
    try:
        await until_true(lambda: bool(harness.clock._sleepers))
        assert not woken.is_set()
        assert caplog.records == []
        async with harness.database.transaction() as transaction:
            due_ms = harness.clock.now_ms() + round(MONTH_S * MS_PER_S)
            await posted.remove(transaction, job_id, channel_id=5, message_id=7, now_ms=due_ms)
        harness.clock.advance(_EVERY_S)
        await asyncio.wait_for(woken.wait(), 10)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
