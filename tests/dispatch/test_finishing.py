"""What goes wrong while a picture is finished never leaves its image behind."""

import asyncio
import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import JobState
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.pictures import Pixels
from kleinbot.store.jobs import jobs
from tests.usecase_harness import UseCaseHarness

_BROKEN = """
    CREATE TRIGGER broken BEFORE UPDATE OF state ON jobs WHEN NEW.state = 'failed'
    BEGIN SELECT RAISE(ABORT, 'broken on purpose'); END
"""


async def _claimed(harness: UseCaseHarness) -> ImageKey:
    """Have an image claimed whose job cannot be failed: the database refuses that, and not for a moment."""
    key = ImageKey((await harness.imagine()).status.job.job_id, 0)
    async with harness.database.transaction() as transaction:
        await jobs.claim(transaction, key, "batch", harness.clock.now_ms())
        await transaction.change(_BROKEN)
    return key


def _tries(caplog: pytest.LogCaptureFixture) -> int:
    return sum("could not be failed" in record.getMessage() for record in caplog.records)


async def _until(harness: UseCaseHarness, holds: Callable[[], bool]) -> None:
    """Let time pass until something holds."""
    async with asyncio.timeout(10):
        while not holds():
            harness.clock.advance(1)
            await asyncio.sleep(0)


async def test_a_failure_that_cannot_be_noted_is_noted_later(
    harness: UseCaseHarness, caplog: pytest.LogCaptureFixture
) -> None:
    key = await _claimed(harness)
    harness.finisher.refuse(key, RenderError(Code.RENDER_FAILED))
    await _until(harness, lambda: _tries(caplog) == 2)
    async with harness.database.transaction() as transaction:
        await transaction.change("DROP TRIGGER broken")
    await _until(harness, lambda: not harness.finisher.is_busy)
    assert (await harness.job(key.job_id)).state is JobState.FAILED
    assert await harness.spent_tenths() == 0


async def test_what_can_never_be_noted_is_put_back_at_the_end(
    harness: UseCaseHarness, caplog: pytest.LogCaptureFixture
) -> None:
    key = await _claimed(harness)
    harness.finisher.refuse(key, RenderError(Code.RENDER_FAILED))
    await _until(harness, lambda: _tries(caplog) == 1)
    await asyncio.wait_for(harness.finisher.close(), 10)
    assert (await harness.job(key.job_id)).state is JobState.QUEUED
    assert await harness.spent_tenths() == 10


async def test_the_file_of_a_cancelled_picture_that_cannot_be_deleted_holds_up_nothing(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = (await harness.imagine()).status.job
    key = ImageKey(job.job_id, 0)
    async with harness.database.transaction() as transaction:
        await jobs.claim(transaction, key, "batch", harness.clock.now_ms())
        assert await jobs.stop(transaction, key.job_id, JobState.CANCELLED, harness.clock.now_ms())
    unlink = Path.unlink

    def locked(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".png":
            raise PermissionError(errno.EACCES, "in use", str(path))
        unlink(path, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", locked)
        harness.finisher.accept(job, key, Pixels(16, 16, bytes(16 * 16 * 3)), 0.5)
        await asyncio.wait_for(harness.finisher.emptied(), 10)
    assert not harness.finisher.is_busy
    assert await harness.spent_tenths() == 0
