import asyncio
from pathlib import Path

import pytest

from kleinbot.dispatch.recovery import MOST_LOST_ATTEMPTS, recover
from kleinbot.domain.errors import Code, FatalEngineError
from kleinbot.domain.job import JobState
from kleinbot.store import tags
from tests.scripted_engine import ScriptedEngine
from tests.studio_harness import BOB, Studio, build


async def _restarted(studio: Studio, folder: Path) -> Studio:
    """Build everything anew over the same rows, as a new process does."""
    again = build(folder, studio.database, studio.clock, ScriptedEngine())
    await again.learning.load(again.database.read)
    await recover(again.database, again.line, again.admission, again.clock)
    return again


async def _dies(studio: Studio) -> None:
    studio.engine.failures = [FatalEngineError("illegal memory access")]
    with pytest.raises(FatalEngineError):
        await asyncio.wait_for(studio.dispatcher.run(), 10)


async def test_a_picture_that_kills_the_card_again_and_again_is_given_up_and_refunded(
    studio: Studio, tmp_path: Path
) -> None:
    job_id = (await studio.imagine()).card.job.job_id
    studio.clock.advance(1)
    await studio.imagine(BOB)
    for attempt in range(1, MOST_LOST_ATTEMPTS + 1):
        await _dies(studio)
        studio = await _restarted(studio, tmp_path)
        assert await studio.database.read.number(
            "SELECT COUNT(*) FROM attempts WHERE outcome = 'lost'"
        ) == attempt  # fmt: skip
    job = await studio.recall.job(job_id)
    assert job is not None
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code is Code.GAVE_UP_AFTER_CRASHES
    assert await studio.spent_tenths() == 0
    assert await studio.spent_tenths(BOB) == 10
    assert [image.member_id for image in studio.line.waiting] == [BOB.member_id]


async def test_a_suspect_runs_alone_after_the_restart(studio: Studio, tmp_path: Path) -> None:
    await studio.imagine()
    await _dies(studio)
    studio = await _restarted(studio, tmp_path)
    assert [image.alone for image in studio.line.waiting] == [True]


async def test_what_was_served_is_remembered_over_a_restart(studio: Studio, tmp_path: Path) -> None:
    await studio.imagine(count=4)
    running = asyncio.create_task(studio.dispatcher.run())
    async with asyncio.timeout(10):
        while await studio.database.read.number("SELECT COUNT(*) FROM images WHERE state = 'done'") < 4:
            pass
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    kept = await tags.load(studio.database.read)
    assert any(tag.finish > 0 for tag in kept)
    again = await _restarted(studio, tmp_path)
    assert {tag for tag in again.line.tags() if tag.finish > 0} <= set(kept)
    assert any(tag.finish > 0 for tag in again.line.tags())
