"""A process that ends while results are deleted, taken back or purged: the next one brings it to its end."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable
from pathlib import Path

import pytest

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import DAY_MS, MS_PER_S
from kleinbot.domain.errors import Refusal
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.server_settings import ServerSettings
from kleinbot.store.members import settings
from kleinbot.upkeep.sweep import Sweep
from kleinbot.usecases.privacy.take_back import OwnPictureUsed
from tests.manual_clock import START_MS, ManualClock
from tests.new_database import make_new
from tests.usecase_harness import ADA, BOB, UseCaseHarness
from tests.usecases.eve import EVE, Kill, KilledError, done, studio

DELETIONS = (FaultPoint.COMMITTING, FaultPoint.RESULT_DELETED)
TWO_HOURS_S = 7200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_new(tmp_path / "kleinbot.sqlite3")
    return tmp_path


def _files(folder: Path) -> set[str]:
    """Return the jobs whose files are there."""
    return {path.name.partition("-")[0] for path in (folder / "archive").rglob("*.png")}


def _sweep(folder: Path) -> None:
    """Run the sweep that begins every process, two hours later."""
    for path in (folder / "archive").rglob("*.png"):
        os.utime(path, (path.stat().st_mtime - TWO_HOURS_S,) * 2)
    sweep = Sweep(folder / "archive", folder / "kleinbot.sqlite3", remover=Archive(folder / "archive"))
    while sweep.page():
        pass


async def _until_killed(harness: UseCaseHarness, work: Awaitable[object]) -> None:
    """Let it go on until it is done or killed."""
    task = asyncio.ensure_future(work)
    while not task.done():
        harness.clock.advance(1)
        await asyncio.wait({task}, timeout=0.002)
    if task.exception() is not None and not isinstance(task.exception(), KilledError):
        task.result()


@pytest.mark.parametrize("at", DELETIONS)
async def test_a_deletion_is_whole_or_can_be_repeated(folder: Path, at: FaultPoint) -> None:
    clock, kill = ManualClock(START_MS), Kill()
    async with studio(folder, kill, clock) as harness:
        mine, theirs = await done(harness, ADA), await done(harness, BOB)
        paid = await harness.spent_tenths(ADA)
        kill.at = at
        await _until_killed(harness, harness.usecases.delete.delete(ADA, mine.job_id))
        assert kill.is_over
    async with studio(folder, kill, clock) as harness:
        with contextlib.suppress(Refusal):  # it may have been deleted
            await harness.usecases.delete.delete(ADA, mine.job_id)
        _sweep(folder)
        assert _files(folder) == {theirs.job_id}
        assert await harness.database.read.number("SELECT COUNT(*) FROM removals") == 1
        assert await harness.database.read.number("SELECT COUNT(*) FROM posted_images") == 1
        assert await harness.spent_tenths(ADA) == paid


async def _made_from(harness: UseCaseHarness, parent: ImageKey, child: ImageKey) -> None:
    async with harness.database.transaction() as transaction:
        await transaction.change(
            "UPDATE jobs SET parent_job = ?, parent_position = 0 WHERE job_id = ?",
            parent.job_id,
            child.job_id,
        )


@pytest.mark.parametrize("at", DELETIONS)
async def test_what_an_author_takes_back_goes_wholly(folder: Path, at: FaultPoint) -> None:
    clock, kill = ManualClock(START_MS), Kill()
    async with studio(folder, kill, clock) as harness:
        origin, other = await done(harness, BOB), await done(harness, ADA)
        child, grandchild = await done(harness, EVE), await done(harness, ADA)
        await _made_from(harness, origin, child)
        await _made_from(harness, child, grandchild)
        take_back = harness.usecases.privacy.take_back
        await take_back.begin(BOB, OwnPictureUsed(job_id=origin.job_id))
        kill.at = at
        await _until_killed(harness, take_back.work())
        assert kill.is_over
    async with studio(folder, kill, clock) as harness:
        await _until_killed(harness, harness.usecases.privacy.take_back.work())
        _sweep(folder)
        assert _files(folder) == {origin.job_id, other.job_id}
        read = harness.database.read
        assert await read.number("SELECT COUNT(*) FROM takedowns") == 0
        gone = await read.all("SELECT job_id FROM jobs WHERE deleted_ms IS NOT NULL AND deleted_by = 2")
        assert {row[0] for row in gone} == {child.job_id, grandchild.job_id}
        assert await read.number("SELECT COUNT(*) FROM removals") == 2
        assert await harness.spent_tenths(EVE) == 10  # what was paid stays paid


@pytest.mark.parametrize("at", [FaultPoint.COMMITTING, FaultPoint.PURGE_FILES_GONE])
async def test_a_purge_goes_on_where_it_was(folder: Path, at: FaultPoint) -> None:
    clock, kill = ManualClock(START_MS), Kill()
    async with studio(folder, kill, clock) as harness:
        old = [await done(harness, ADA) for _ in range(3)]
        async with harness.database.transaction() as transaction:
            kept = ServerSettings(retention_days=90, retention_chosen_ms=1)
            await settings.set_of_server(transaction, ADA.server_id, kept)
        clock.advance(91 * DAY_MS / MS_PER_S)
        await _until_killed(harness, harness.usecases.privacy.purge.work())
        clock.advance(31 * DAY_MS / MS_PER_S)
        kill.at = at
        await _until_killed(harness, harness.usecases.privacy.purge.work())
        assert kill.is_over
    async with studio(folder, kill, clock) as harness:
        await _until_killed(harness, harness.usecases.privacy.purge.work())
        assert _files(folder) == set()
        gone = "SELECT COUNT(*) FROM images WHERE gone_ms IS NOT NULL"
        assert await harness.database.read.number(gone) == len(old)
