import sqlite3

import pytest

from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import ImageState, JobState
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Database
from kleinbot.store.jobs import jobs, lookup
from kleinbot.store.members import ledger
from tests.manual_clock import START_MS
from tests.store.rows import ADA, due_jobs, finished, new_job, store

LATER = START_MS + 1000


async def _spent(database: Database) -> int:
    return sum(spent.tenths for spent in await ledger.spendings(database.read, ADA, START_MS - 1))


async def _claim(database: Database, *keys: ImageKey) -> list[bool]:
    async with database.transaction() as transaction:
        return [await jobs.claim(transaction, key, "batch", LATER) for key in keys]


async def _finish(database: Database, key: ImageKey) -> bool:
    async with database.transaction() as transaction:
        return await jobs.finish_image(transaction, finished(key), LATER)


async def test_a_stored_job_is_reserved_and_read_back_whole(database: Database) -> None:
    wanted = new_job(count=2)
    number = await store(database, wanted)
    job = await lookup.by_number(database.read, 10, number)
    assert job is not None
    assert (job.job_id, job.spec.prompt, job.spec.grid, job.state) == (
        wanted.job_id, "a red fox", wanted.spec.grid, JobState.QUEUED,
    )  # fmt: skip
    assert [image.noise for image in job.images] == [image.noise for image in wanted.images]
    assert await lookup.reply_address(database.read, job.job_id) == wanted.reply
    assert await _spent(database) == 20


async def test_numbers_count_up_within_each_server(database: Database) -> None:
    assert [await store(database, new_job(f"{i:024x}")) for i in range(3)] == [1, 2, 3]
    elsewhere = MemberKey(server_id=11, member_id=1)
    assert await store(database, new_job("f" * 24, owner=elsewhere)) == 1


async def test_an_image_is_claimed_by_one_only(database: Database) -> None:
    key = ImageKey("0" * 24, 0)
    await store(database, new_job())
    assert await _claim(database, key, key) == [True, False]


async def test_the_last_image_ends_the_job_and_asks_for_delivery_once(database: Database) -> None:
    first, second = ImageKey("0" * 24, 0), ImageKey("0" * 24, 1)
    await store(database, new_job(count=2))
    await _claim(database, first, second)
    assert await _finish(database, second)
    assert await due_jobs(database.read, LATER) == []
    assert await _finish(database, first)
    job = await lookup.by_id(database.read, first.job_id)
    assert job is not None
    assert job.state is JobState.DONE
    assert len(await due_jobs(database.read, LATER)) == 1
    assert await _spent(database) == 20


async def test_a_picture_is_paid_once_however_often_it_is_finished(database: Database) -> None:
    key = ImageKey("0" * 24, 0)
    await store(database, new_job())
    await _claim(database, key)
    assert [await _finish(database, key) for _ in range(2)] == [True, False]
    kinds = [row[0] for row in await database.read.all("SELECT kind FROM ledger ORDER BY entry_id")]
    assert kinds == ["reserve", "settle"]


async def test_a_cancelled_job_pays_for_what_is_done_and_gets_back_the_rest(database: Database) -> None:
    done, running = ImageKey("0" * 24, 0), ImageKey("0" * 24, 1)
    await store(database, new_job(count=3))
    await _claim(database, done, running)
    await _finish(database, done)
    async with database.transaction() as transaction:
        assert await jobs.stop(transaction, "0" * 24, JobState.CANCELLED, LATER)
    assert await _spent(database) == 10
    assert not await _finish(database, running)
    assert await _spent(database) == 10
    job = await lookup.by_id(database.read, "0" * 24)
    assert job is not None
    assert [image.state for image in job.images] == [
        ImageState.DONE, ImageState.CANCELLED, ImageState.CANCELLED,
    ]  # fmt: skip
    async with database.transaction() as transaction:
        assert not await jobs.stop(transaction, "0" * 24, JobState.CANCELLED, LATER)


async def test_a_failed_job_keeps_its_reason(database: Database) -> None:
    await store(database, new_job())
    error = RenderError(Code.GAVE_UP_AFTER_CRASHES, times=3)
    async with database.transaction() as transaction:
        await jobs.stop(transaction, "0" * 24, JobState.FAILED, LATER, error)
    job = await lookup.by_id(database.read, "0" * 24)
    assert job is not None
    assert job.error is not None
    assert (job.error.code, job.error.parameters) == (error.code, {"times": 3})
    assert await _spent(database) == 0


async def test_what_was_running_is_back_in_line_after_a_crash_and_its_attempts_are_counted(
    database: Database,
) -> None:
    key = ImageKey("0" * 24, 0)
    await store(database, new_job())
    for crashes in (1, 2):
        await _claim(database, key)
        async with database.transaction() as transaction:
            assert await jobs.recover(transaction, LATER) == [key]
        assert await jobs.lost_attempts(database.read, key) == crashes
    job = await lookup.by_id(database.read, key.job_id)
    assert job is not None
    assert (job.state, job.images[0].state) == (JobState.QUEUED, ImageState.WAITING)


@pytest.mark.parametrize("statement", ["UPDATE ledger SET amount_tenths = 0", "DELETE FROM ledger"])
async def test_the_ledger_only_grows(database: Database, statement: str) -> None:
    await store(database, new_job())
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        async with database.transaction() as transaction:
            await transaction.change(statement)


async def test_a_reservation_ends_once_even_if_the_code_tries_twice(database: Database) -> None:
    await store(database, new_job())
    async with database.transaction() as transaction:
        await ledger.settle(transaction, "0" * 24, 0, LATER)
    with pytest.raises(sqlite3.IntegrityError):
        async with database.transaction() as transaction:
            await ledger.refund(transaction, "0" * 24, 0, LATER, "again")


async def test_a_refund_leaves_the_window_together_with_its_reservation(database: Database) -> None:
    await store(database, new_job())
    async with database.transaction() as transaction:
        await ledger.refund(transaction, "0" * 24, 0, START_MS + 5000, "late")
    assert await ledger.spendings(database.read, ADA, START_MS + 1) == ()
    assert await ledger.spendings(database.read, ADA, START_MS - 1) == ()
