"""A use case that is asked twice by the same event, at once, changes once what it changes."""

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
from tests.usecase_harness import ADA, MODERATOR, Studio, reply

EVENT = replace(ADA, event_id=7)


async def once(act: Callable[[], Awaitable[object]], times: int = 5) -> None:
    """Ask ``times`` times at once: one is done, the others are told that it was."""
    outcomes = await asyncio.gather(*(act() for _ in range(times)), return_exceptions=True)
    assert [type(each) for each in outcomes].count(RepeatedEvent) == times - 1
    with pytest.raises(RepeatedEvent):
        await act()


async def test_a_request_is_one_job_and_one_charge(studio: Studio) -> None:
    await once(lambda: studio.imagine(EVENT, count=2))
    assert await studio.database.read.number("SELECT COUNT(*) FROM jobs") == 1
    assert await studio.spent_tenths() == 20
    assert len(studio.queue.waiting) == 2
    await studio.imagine(replace(ADA, event_id=8))
    assert await studio.database.read.number("SELECT COUNT(*) FROM jobs") == 2


async def test_what_was_fetched_for_the_second_is_not_kept(studio: Studio, tmp_path: Path) -> None:
    inputs = (Input(Role.REFERENCE, b"png", Grid(16, 16)),)
    draft = Draft(JobSpec(JobKind.EDIT, "more fog", Grid(16, 16)), inputs)
    options = Options(1, None, private=False)
    await once(lambda: studio.submit.accept(EVENT, draft, options, reply(studio.clock)))
    assert len(list(tmp_path.rglob("references/*/*.png"))) == 1


async def test_a_repeat_is_no_refusal_when_the_quota_is_spent(studio: Studio) -> None:
    await once(lambda: studio.imagine(EVENT, count=4))
    assert studio.metrics.refusals == []


async def test_of_several_open_jobs_one_is_cancelled(studio: Studio) -> None:
    for _ in range(3):
        await studio.imagine()
    await once(lambda: studio.cancel.by_number(EVENT, None))
    assert await studio.database.read.number("SELECT COUNT(*) FROM jobs WHERE state = 'cancelled'") == 1
    assert await studio.spent_tenths() == 20


async def test_a_moderators_cancelling_is_noted_once(studio: Studio) -> None:
    job_id = (await studio.imagine()).status.job.job_id
    await once(lambda: studio.cancel.by_id(replace(MODERATOR, event_id=9), job_id), times=1)
    assert await studio.database.read.number("SELECT COUNT(*) FROM audit") == 1


def test_each_change_that_a_person_makes_accepts_their_event() -> None:
    # What expired, where a picture was posted, which servers came and went: nobody's change.
    no_change = {"quota_view.py", "history.py", "newcomers.py", "departures.py"}
    for module in Path(studio_package.__file__).parent.glob("*.py"):
        code = module.read_text("utf-8")
        if module.name not in no_change:
            assert code.count(" as transaction:") == code.count("events.accept("), module.name
