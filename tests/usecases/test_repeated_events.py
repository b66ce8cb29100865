"""A use case called twice at once by the same event makes its change once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

import kleinbot.usecases as studio_package
from kleinbot.domain.errors import RepeatedEvent
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import JobKind, JobSpec
from kleinbot.domain.reference import Role
from kleinbot.usecases.recipes import Draft, Input, Options
from tests.usecase_harness import ADA, MODERATOR, UseCaseHarness, reply

EVENT = replace(ADA, event_id=7)


async def once(act: Callable[[], Awaitable[object]], times: int = 5) -> None:
    """Call it ``times`` times at once: one call takes effect, the others raise RepeatedEvent."""
    outcomes = await asyncio.gather(*(act() for _ in range(times)), return_exceptions=True)
    assert [type(each) for each in outcomes].count(RepeatedEvent) == times - 1
    with pytest.raises(RepeatedEvent):
        await act()


async def test_a_request_is_one_job_and_one_charge(harness: UseCaseHarness) -> None:
    await once(lambda: harness.imagine(EVENT, count=2))
    assert await harness.database.read.number("SELECT COUNT(*) FROM jobs") == 1
    assert await harness.spent_tenths() == 20
    assert len(harness.queue.waiting) == 2
    await harness.imagine(replace(ADA, event_id=8))
    assert await harness.database.read.number("SELECT COUNT(*) FROM jobs") == 2


async def test_what_was_fetched_for_the_second_is_not_kept(harness: UseCaseHarness, tmp_path: Path) -> None:
    inputs = (Input(Role.REFERENCE, b"png", Grid(16, 16)),)
    draft = Draft(JobSpec(JobKind.EDIT, "more fog", Grid(16, 16)), inputs)
    options = Options(1, None, private=False)
    await once(lambda: harness.submit.accept(EVENT, draft, options, reply(harness.clock)))
    assert len(list(tmp_path.rglob("references/*/*.png"))) == 1


async def test_a_repeat_is_no_refusal_when_the_quota_is_spent(harness: UseCaseHarness) -> None:
    await once(lambda: harness.imagine(EVENT, count=4))
    assert harness.metrics.refusals == []


async def test_of_several_open_jobs_one_is_cancelled(harness: UseCaseHarness) -> None:
    for _ in range(3):
        await harness.imagine()
    await once(lambda: harness.cancel.by_number(EVENT, None))
    assert await harness.database.read.number("SELECT COUNT(*) FROM jobs WHERE state = 'cancelled'") == 1
    assert await harness.spent_tenths() == 20


async def test_a_moderators_cancelling_is_noted_once(harness: UseCaseHarness) -> None:
    job_id = (await harness.imagine()).status.job.job_id
    await once(lambda: harness.cancel.by_id(replace(MODERATOR, event_id=9), job_id), times=1)
    assert await harness.database.read.number("SELECT COUNT(*) FROM audit") == 1


def test_each_change_that_a_person_makes_accepts_their_event() -> None:
    # Expiry, posted messages, joined and left servers: no member's change.
    no_change = {"quota_view.py", "history.py", "newcomers.py", "departures.py", "notices.py"}
    for module in Path(studio_package.__file__).parent.glob("*.py"):
        code = module.read_text("utf-8")
        if module.name not in no_change:
            assert code.count(" as transaction:") == code.count("events.accept("), module.name
