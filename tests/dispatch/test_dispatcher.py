import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kleinbot.archive.archive import Archive, DiskFullError, StoredFile
from kleinbot.dispatch import finishing
from kleinbot.domain.errors import Code, FatalEngineError, RenderError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import JobState
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import RenderTask
from kleinbot.images.labelled import decode_own
from kleinbot.process.disk_space import DiskCheck
from kleinbot.scheduler.entries import Shape
from tests.dispatch.restarting import restarted
from tests.dispatch.running import ended, running, until, until_true
from tests.usecase_harness import ADA, BOB, UseCaseHarness


def _slow_archive(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let nothing be stored until what is returned is set."""
    put = Archive.put
    may_store = asyncio.Event()

    async def slowly(self: Archive, *values: Any) -> StoredFile:
        await may_store.wait()
        return await put(self, *values)

    monkeypatch.setattr(Archive, "put", slowly)
    return may_store


def _refusing_archive(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let nothing be stored at all; return what is set once something was refused."""
    refused = asyncio.Event()

    async def refuse(self: Archive, *values: Any) -> StoredFile:
        del self, values
        refused.set()
        raise OSError("read-only file system")

    monkeypatch.setattr(Archive, "put", refuse)
    monkeypatch.setattr("kleinbot.dispatch.finishing._RETRY_S", 0.01)
    return refused


async def test_each_image_is_rendered_archived_settled_and_told(harness: UseCaseHarness) -> None:
    job_id = (await harness.imagine(count=2)).status.job.job_id
    async with running(harness):
        job = await until(harness, job_id, ended)
    assert job.state is JobState.DONE
    pictures = await harness.queries.pictures(job.done_images)
    shades = [decode_own(picture.data or b"").rgb[0] for picture in pictures]
    assert shades == [(job.seed + i) % 256 for i in range(2)]
    assert await harness.spent_tenths() == 20
    assert harness.deliveries
    assert [report.fraction for _, report in harness.progress.reports] == [0.25, 0.5, 0.75, 1.0] * 2


async def test_a_failed_picture_is_refunded_and_the_next_one_is_drawn(harness: UseCaseHarness) -> None:
    harness.engine.failures = [RenderError(Code.RENDER_FAILED)]
    first = (await harness.imagine(count=2)).status.job.job_id
    harness.clock.advance(1)
    second = (await harness.imagine(BOB)).status.job.job_id
    async with running(harness):
        failed = await until(harness, first, ended)
        done = await until(harness, second, ended)
    assert (failed.state, done.state) == (JobState.FAILED, JobState.DONE)
    assert failed.error is not None
    assert failed.error.code is Code.RENDER_FAILED
    assert await harness.spent_tenths(ADA) == 0
    assert await harness.spent_tenths(BOB) == 10


async def test_a_job_cancelled_while_it_is_drawn_is_refunded_and_leaves_no_file(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    harness.engine.gate.clear()
    job_id = (await harness.imagine()).status.job.job_id
    harness.clock.advance(1)
    other = (await harness.imagine(BOB)).status.job.job_id
    async with running(harness):
        await harness.engine.started.wait()
        assert (await harness.cancel.by_id(ADA, job_id)).refunded_tenths == 10
        harness.engine.gate.set()
        await until(harness, other, ended)
    assert await harness.spent_tenths() == 0
    await harness.finisher.emptied()
    kept = [(await harness.job(each)).images[0].file for each in (job_id, other)]
    assert kept[0] is None
    files = (file for file in (tmp_path / "archive").rglob("*") if file.is_file())
    assert [str(file.relative_to(tmp_path / "archive")) for file in files] == [kept[1]]


async def test_a_broken_engine_ends_the_loop_with_the_rows_safe(harness: UseCaseHarness) -> None:
    harness.engine.failures = [FatalEngineError("illegal memory access")]
    job_id = (await harness.imagine()).status.job.job_id
    async with running(harness) as task:
        with pytest.raises(FatalEngineError):
            await task
    job = await harness.queries.job(job_id)
    assert job is not None
    assert job.state is JobState.RUNNING  # so that the next start counts it as lost
    assert await harness.spent_tenths() == 10


async def test_a_loop_that_is_cancelled_does_not_wait_for_a_database_that_stays_locked(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("kleinbot.dispatch.engine_loop._LEAVING_S", 0.05)
    harness.engine.gate.clear()
    await harness.imagine()

    async def refused(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    async with running(harness):
        await harness.engine.started.wait()
        monkeypatch.setattr("kleinbot.store.jobs.jobs.put_back", refused)
    assert "could not be put back by now" in caplog.text


async def test_a_loop_that_is_cancelled_puts_its_picture_back(harness: UseCaseHarness) -> None:
    harness.engine.gate.clear()
    job_id = (await harness.imagine()).status.job.job_id
    async with running(harness):
        await harness.engine.started.wait()
    job = await harness.queries.job(job_id)
    assert job is not None
    assert job.state is JobState.QUEUED
    assert len(harness.queue.waiting) == 1


async def test_stop_lets_the_picture_in_hand_be_finished_and_begins_no_other(harness: UseCaseHarness) -> None:
    harness.engine.gate.clear()
    job_id = (await harness.imagine(count=2)).status.job.job_id
    async with running(harness) as task:
        await harness.engine.started.wait()
        await harness.dispatcher.stop()
        harness.engine.gate.set()
        await asyncio.wait_for(task, 10)
    await harness.finisher.close()
    job = await harness.queries.job(job_id)
    assert job is not None
    assert [image.state for image in job.images] == ["done", "waiting"]


async def test_a_picture_that_finds_the_disk_full_is_stored_once_there_is_room(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Archive.put
    refused = asyncio.Event()

    async def full_once(self: Archive, *values: Any) -> StoredFile:
        if not refused.is_set():
            refused.set()
            raise DiskFullError
        return await put(self, *values)

    monkeypatch.setattr(Archive, "put", full_once)
    job_id = (await harness.imagine()).status.job.job_id
    async with running(harness):
        await refused.wait()
        async with asyncio.timeout(10):
            while (await harness.job(job_id)).state is not JobState.DONE:
                harness.clock.advance(1)
    assert len(harness.engine.batches) == 1  # the card was not asked again
    assert await harness.spent_tenths() == 10


async def test_the_gpu_waits_while_too_many_pictures_are_not_stored_yet(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is held in memory: a slow disk must not fill it."""
    may_store = _slow_archive(monkeypatch)
    jobs = [(await harness.imagine(count=4)).status.job.job_id for _ in range(5)]
    async with running(harness):
        await until_true(lambda: len(harness.engine.batches) == finishing._AT_ONCE)
        for _ in range(50):
            await harness.database.read.number("SELECT 1")
        assert len(harness.engine.batches) == finishing._AT_ONCE
        may_store.set()
        for job_id in jobs:
            assert (await until(harness, job_id, ended)).state is JobState.DONE


async def test_nothing_is_drawn_while_the_disk_is_nearly_full(
    harness: UseCaseHarness,
) -> None:
    harness.disk.free_bytes = 0
    job_id = (await harness.imagine()).status.job.job_id
    async with running(harness):
        async with asyncio.timeout(10):
            while not harness.scheduler.disk_is_full:
                await harness.database.read.number("SELECT 1")
        assert harness.engine.batches == []
        harness.disk.free_bytes = 2**40
        harness.clock.advance(60)
        await until(harness, job_id, ended)
        assert not harness.scheduler.disk_is_full


async def test_nothing_is_started_before_its_claim_can_be_written(harness: UseCaseHarness) -> None:
    """Else a submission that is being written keeps tags with a charge of which no row knows."""
    await harness.imagine()
    async with harness.database.transaction():
        dispatching = asyncio.create_task(harness.dispatcher.run())
        for _ in range(100):
            await harness.database.read.number("SELECT 1")
        assert harness.queue.running == ()
    await until_true(lambda: harness.engine.batches != [])
    dispatching.cancel()
    await asyncio.gather(dispatching, return_exceptions=True)


async def test_a_picture_that_cannot_be_stored_at_a_clean_stop_is_no_suspect(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refused = _refusing_archive(monkeypatch)
    await harness.imagine()
    async with running(harness) as task:
        await refused.wait()
        await harness.dispatcher.stop()
        await asyncio.wait_for(task, 10)
    await harness.finisher.close()
    again = await restarted(harness, tmp_path)
    assert [image.alone for image in again.queue.waiting] == [False]
    assert await again.database.read.number("SELECT COUNT(*) FROM attempts WHERE outcome = 'lost'") == 0


async def test_a_picture_that_failed_just_before_a_clean_stop_is_no_suspect(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refused = _refusing_archive(monkeypatch)
    job_id = (await harness.imagine(count=2)).status.job.job_id
    harness.engine.image_errors = {ImageKey(job_id, 1): RenderError(Code.RENDER_FAILED)}
    async with running(harness) as task:
        await refused.wait()
        await until_true(lambda: len(harness.engine.batches) == 2 and not harness.queue.running)
        await harness.dispatcher.stop()
        await asyncio.wait_for(task, 10)
    await harness.finisher.close()
    again = await restarted(harness, tmp_path)
    assert [image.alone for image in again.queue.waiting] == [False, False]
    assert await again.database.read.number("SELECT COUNT(*) FROM attempts WHERE outcome = 'lost'") == 0


async def test_what_is_cancelled_while_it_is_put_back_does_not_come_back(harness: UseCaseHarness) -> None:
    """The cancellation has the database first: the dispatcher decided before it, and writes after it."""
    harness.engine.gate.clear()
    job_id = (await harness.imagine()).status.job.job_id
    async with running(harness) as task:
        await harness.engine.started.wait()
        async with harness.database.transaction():
            cancelling = asyncio.create_task(harness.cancel.by_id(ADA, job_id))
            for _ in range(200):
                await asyncio.sleep(0)
            task.cancel()
            for _ in range(200):
                await asyncio.sleep(0)
        await asyncio.gather(cancelling, task, return_exceptions=True)
    assert (await harness.job(job_id)).state is JobState.CANCELLED
    assert harness.queue.waiting == ()
    assert harness.queue.running == ()


async def test_a_picture_that_is_drawn_is_kept_where_the_next_one_of_its_job_fails(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = _slow_archive(monkeypatch)
    gate = asyncio.Event()
    harness.engine.step_gates = {4: gate}
    job_id = (await harness.imagine(count=2)).status.job.job_id
    async with running(harness):
        await until_true(lambda: len(harness.progress.reports) == 4)
        harness.engine.failures = [RenderError(Code.RENDER_FAILED)]
        gate.set()
        await until_true(lambda: len(harness.engine.batches) == 2)
        for _ in range(50):
            await harness.database.read.number("SELECT 1")
        stored.set()
        job = await until(harness, job_id, ended)
    assert job.state is JobState.FAILED
    assert [image.state for image in job.images] == ["done", "failed"]
    assert await harness.spent_tenths() == 10


async def test_a_pause_that_comes_while_the_disk_is_asked_holds_the_next_picture(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0

    async def paused_meanwhile(self: DiskCheck, least_bytes: int) -> bool:
        nonlocal looked
        del self, least_bytes
        looked += 1
        harness.scheduler.set_service_mode(ServiceMode.PAUSED)
        return True

    monkeypatch.setattr(DiskCheck, "has", paused_meanwhile)
    await harness.imagine()
    async with running(harness):
        await until_true(lambda: looked == 1)
        for _ in range(50):
            await harness.database.read.number("SELECT 1")
    assert harness.engine.batches == []


async def test_a_cancel_while_the_picture_is_being_stored_leaves_no_file(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    written, go_on = asyncio.Event(), asyncio.Event()
    put = harness.archive.put

    async def slowly(*values: Any) -> StoredFile:
        stored = await put(*values)
        written.set()
        await go_on.wait()
        return stored

    harness.archive.put = slowly  # type: ignore[method-assign, assignment]
    job_id = (await harness.imagine()).status.job.job_id
    async with running(harness):
        await asyncio.wait_for(written.wait(), 10)
        assert (await harness.cancel.by_id(ADA, job_id)).refunded_tenths == 10
        go_on.set()
        await harness.finisher.emptied()
    assert [file for file in (tmp_path / "archive").rglob("*") if file.is_file()] == []
    assert await harness.spent_tenths() == 0


async def test_a_picture_that_fails_is_charged_the_seconds_it_had_the_gpu(
    harness: UseCaseHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refunded, but who asks for what fails again and again has had the card nevertheless."""
    harness.cost_model.observe(Shape(Grid(16, 16), 4), 2.0)

    def takes_two_seconds(_: Sequence[RenderTask]) -> None:
        harness.clock.advance(2)

    harness.engine.before = takes_two_seconds
    harness.engine.failures = [RenderError(Code.RENDER_FAILED)]
    failed = (await harness.imagine()).status.job.job_id
    await harness.imagine(BOB)
    wanted, charged = harness.cost_model.measured_cost(2.0), list[float]()
    finished = harness.queue.finished

    def noting(key: ImageKey, measured_cost: float) -> None:
        charged.append(measured_cost)
        finished(key, measured_cost)

    monkeypatch.setattr(harness.queue, "finished", noting)
    async with running(harness):
        await until(harness, failed, ended)
    assert charged[0] == pytest.approx(wanted)


async def test_nothing_is_idle_while_something_waits_or_is_drawn(harness: UseCaseHarness) -> None:
    harness.clock.advance(100)
    assert harness.dispatcher.idle_s == 100
    gate = asyncio.Event()
    harness.engine.step_gates = {2: gate}
    job_id = (await harness.imagine()).status.job.job_id
    assert harness.dispatcher.idle_s == 0
    async with running(harness):
        await until_true(lambda: len(harness.progress.reports) == 2)
        harness.clock.advance(5)
        assert harness.dispatcher.idle_s == 0
        gate.set()
        await until(harness, job_id, ended)
        harness.clock.advance(7)
        await until_true(lambda: harness.dispatcher.idle_s == 7)
