"""Favourites, deletion and the messages that show a picture, in rows and files."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import Actor
from kleinbot.domain.requests import ImagineRequest
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.store.delivery import posted
from kleinbot.store.delivery.posted import PostedFor
from kleinbot.store.jobs import deletion, jobs
from kleinbot.store.results import picture_rows
from kleinbot.usecases.delete import Delete
from kleinbot.usecases.favourites import Favourites
from kleinbot.usecases.history import History, Search
from kleinbot.usecases.permissions import Action, may
from tests.store.rows import finished
from tests.usecase_harness import ADA, BOB, MODERATOR, STRANGER, UseCaseHarness, reply


def _history(harness: UseCaseHarness) -> History:
    return History(harness.database, harness.queries, CpuPool(), lambda: None, harness.clock)


def _delete(harness: UseCaseHarness, woken: list[int]) -> Delete:
    return Delete(
        harness.database,
        harness.archive,
        _history(harness),
        lambda: woken.append(1),
        harness.clock,
        NoFaults(),
    )


async def _done(harness: UseCaseHarness, actor: Actor = ADA, count: int = 1) -> Job:
    job = (await harness.imagine(actor, count=count)).status.job
    for position in range(count):
        key = ImageKey(job.job_id, position)
        async with harness.database.transaction() as transaction:
            await jobs.claim(transaction, key, "batch", harness.clock.now_ms())
            await jobs.finish_image(transaction, finished(key), harness.clock.now_ms())
    found = await harness.queries.job(job.job_id)
    assert found is not None
    return found


async def test_marking_twice_is_marking_once(harness: UseCaseHarness) -> None:
    job = await _done(harness, count=2)
    favour = Favourites(harness.database, _history(harness), harness.clock)
    key = ImageKey(job.job_id, 1)
    await asyncio.gather(*(favour.mark(BOB, key) for _ in range(10)))
    assert (await favour.marked(BOB, job.job_id))[1] == {1}
    assert (await favour.marked(ADA, job.job_id))[1] == frozenset()
    assert (await favour.unmark(BOB, key))[1] == frozenset()


async def test_a_picture_that_was_never_made_cannot_be_marked(harness: UseCaseHarness) -> None:
    job = await _done(harness)
    favour = Favourites(harness.database, _history(harness), harness.clock)
    with pytest.raises(Refusal) as caught:
        await favour.mark(BOB, ImageKey(job.job_id, 1))
    assert caught.value.code is Code.RESULT_UNKNOWN


async def test_deleting_keeps_the_row_and_the_ledger_and_removes_what_shows_it(
    harness: UseCaseHarness, tmp_path: Path
) -> None:
    job = await _done(harness)
    spent = await harness.spent_tenths()
    async with harness.database.transaction() as transaction:
        for message_id in (70, 71):
            await posted.note(transaction, job.job_id, [0], 5, message_id, PostedFor.SHOW, 1)
    woken: list[int] = []
    await _delete(harness, woken).delete(ADA, job.job_id)
    assert woken == [1]
    removals = await posted.due_removals(
        harness.database.read, harness.clock.now_ms(), without=(), of_channel=4
    )
    assert [row.message_id for row in removals] == [70, 71]
    kept = await harness.queries.job(job.job_id)
    assert kept is not None
    assert kept.deleted_ms == harness.clock.now_ms()
    assert kept.images[0].file is None
    with picture_rows.reading(tmp_path / "kleinbot.sqlite3") as connection:
        assert picture_rows.jobs_of(connection, [job.job_id])[job.job_id].kept == frozenset()
    assert await harness.spent_tenths() == spent


async def test_what_is_deleted_while_somebody_marks_it_is_not_marked(harness: UseCaseHarness) -> None:
    job = await _done(harness)
    history = _history(harness)
    async with harness.database.transaction() as transaction:
        marking = asyncio.ensure_future(
            Favourites(harness.database, history, harness.clock).mark(BOB, ImageKey(job.job_id, 0))
        )
        for _ in range(20):  # until it has read the result and waits for its transaction
            await harness.database.read.number("SELECT 1")
        assert (
            await deletion.delete(transaction, job.job_id, ADA.member_id, harness.clock.now_ms()) is not None
        )
    with pytest.raises(Refusal) as caught:
        await marking
    assert caught.value.code is Code.RESULT_DELETED
    async with harness.database.transaction() as transaction:  # as an older database may hold it
        await transaction.change(
            "INSERT INTO favourites (server_id, member_id, job_id, position, made_ms, number)"
            " SELECT server_id, ?, job_id, 0, 1, number FROM jobs", BOB.member_id,
        )  # fmt: skip
    assert (await history.page(BOB, Search(favourites=True))).entries == ()


async def test_a_file_that_cannot_be_removed_now_does_not_unsay_that_its_result_is_deleted(
    harness: UseCaseHarness, caplog: pytest.LogCaptureFixture
) -> None:
    job = await _done(harness, count=2)
    files = [harness.archive.root / (image.file or "") for image in job.images]
    for file, is_stuck in zip(files, (True, False), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        if is_stuck:
            file.mkdir()
        else:
            file.write_bytes(b"a picture")
    assert await _delete(harness, []).delete(ADA, job.job_id) == job
    assert "stays for now" in caplog.text
    assert not files[1].exists()


async def test_of_ten_who_delete_at_once_one_does(harness: UseCaseHarness) -> None:
    job = await _done(harness)
    woken: list[int] = []
    delete = _delete(harness, woken)
    outcomes = await asyncio.gather(
        *(delete.delete(ADA, job.job_id) for _ in range(10)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert {refusal.code for refusal in refused} == {Code.RESULT_DELETED}
    assert len(refused) == 9
    assert woken == [1]


@pytest.mark.parametrize(("actor", "code"), [(BOB, Code.RESULT_NOT_YOURS), (STRANGER, Code.RESULT_UNSEEN)])
async def test_nobody_else_deletes(harness: UseCaseHarness, actor: Actor, code: Code) -> None:
    job = await _done(harness)
    with pytest.raises(Refusal) as caught:
        await _delete(harness, []).delete(actor, job.job_id)
    assert caught.value.code is code


async def test_a_moderator_deletes_and_an_open_job_is_not_deleted(harness: UseCaseHarness) -> None:
    job = await _done(harness)
    await _delete(harness, []).delete(MODERATOR, job.job_id)
    still_open = (await harness.imagine()).status.job
    with pytest.raises(Refusal) as caught:
        await _delete(harness, []).delete(ADA, still_open.job_id)
    assert caught.value.code is Code.RESULT_UNKNOWN


async def test_a_message_that_is_noted_after_its_job_was_deleted_is_removed_too(
    harness: UseCaseHarness,
) -> None:
    job = await _done(harness)
    await _delete(harness, []).delete(ADA, job.job_id)
    async with harness.database.transaction() as transaction:
        await posted.note(transaction, job.job_id, [0], 5, 73, PostedFor.DELIVERY, harness.clock.now_ms())
    assert await posted.delivered(harness.database.read, job.job_id) == {}
    removals = await posted.due_removals(
        harness.database.read, harness.clock.now_ms(), without=(), of_channel=4
    )
    assert [row.message_id for row in removals] == [73]


async def test_a_moderator_does_not_delete_what_only_its_member_sees(harness: UseCaseHarness) -> None:
    private = ImagineRequest("a fox", private=True)
    job = (await harness.submit.imagine(ADA, private, reply(harness.clock))).status.job
    assert job.private
    assert may(ADA, Action.DELETE, job)
    assert not may(MODERATOR, Action.DELETE, job)
    assert may(MODERATOR, Action.DELETE, replace(job, private=False))
