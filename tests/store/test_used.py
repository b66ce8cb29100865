"""A refund that leaves out what was used: paid in the order of the pots, once."""

import sqlite3
from dataclasses import replace

import pytest

from kleinbot.domain.clock import DAY_MS, HOUR_MS
from kleinbot.domain.job import JobState
from kleinbot.domain.quota import Fund
from kleinbot.store import grants, jobs, ledger, lookup, members
from kleinbot.store.database import Database
from tests.manual_clock import START_MS
from tests.store.rows import ADA, new_job

JOB = "0" * 24
POTS = ((None, 4), (1, 3), (2, 3))
"""What a picture of 10 tenths is paid from: the allowance, and two grants."""


async def accept(database: Database, pictures: int = 1) -> None:
    job = replace(new_job(JOB, pictures), price_tenths=10)
    async with database.transaction() as transaction:
        await members.remember(transaction, ADA, START_MS)
        for days in (1, 2):
            await grants.give(transaction, ADA, 3, START_MS + days * DAY_MS, 1, "", START_MS)
        first = [Fund(pot, tenths) for pot, tenths in POTS]
        await jobs.insert(transaction, job, [*first, Fund(None, 10 * (pictures - 1))])


async def stop(database: Database, used: dict[int, int], now_ms: int = START_MS + 1) -> bool:
    async with database.transaction() as transaction:
        return await jobs.stop(transaction, JOB, JobState.CANCELLED, now_ms, used_tenths=used)


async def left_out(database: Database, position: int = 0) -> dict[int | None, int]:
    """Return what is paid from each pot once all is said."""
    rows = await database.read.all(
        "SELECT grant_id, -SUM(amount_tenths) FROM ledger WHERE job_id = ? AND position = ?"
        " GROUP BY grant_id",
        JOB,
        position,
    )
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize(
    ("used", "paid"),
    [
        (0, (0, 0, 0)), (1, (1, 0, 0)), (4, (4, 0, 0)), (5, (4, 1, 0)), (7, (4, 3, 0)), (9, (4, 3, 2)),
        (10, (4, 3, 3)), (99, (4, 3, 3)),
    ],
)  # fmt: skip
async def test_what_was_used_is_paid_from_the_pots_in_their_order(
    database: Database, used: int, paid: tuple[int, int, int]
) -> None:
    await accept(database)
    assert await stop(database, {0: used})
    assert await left_out(database) == dict(zip((None, 1, 2), paid, strict=True))
    job = await lookup.by_id(database.read, JOB)
    assert job is not None
    assert (job.used_tenths, job.refunded_tenths) == (sum(paid), 10 - sum(paid))


async def test_each_picture_pays_its_own_part(database: Database) -> None:
    await accept(database, 3)
    assert await stop(database, {0: 5, 2: 7})
    assert [sum((await left_out(database, position)).values()) for position in range(3)] == [5, 0, 7]
    job = await lookup.by_id(database.read, JOB)
    assert job is not None
    assert (job.used_tenths, job.refunded_tenths) == (12, 18)


async def test_a_second_time_changes_nothing(database: Database) -> None:
    await accept(database)
    assert await stop(database, {0: 5})
    assert not await stop(database, {0: 9})
    async with database.transaction() as transaction:
        with pytest.raises(sqlite3.IntegrityError):
            await ledger.refund(transaction, JOB, 0, START_MS + 2, "cancelled", 9)
    assert sum((await left_out(database)).values()) == 5
    assert await database.read.number("SELECT used_tenths FROM jobs") == 5


async def test_what_a_reset_has_given_back_is_neither_paid_nor_given_back_again(database: Database) -> None:
    await accept(database)
    async with database.transaction() as transaction:
        assert await ledger.reset(transaction, ADA, START_MS - 1, START_MS, 1, "") == 4
    assert await stop(database, {0: 5})
    job = await lookup.by_id(database.read, JOB)
    assert job is not None
    assert (job.used_tenths, job.refunded_tenths) == (1, 5)
    assert await ledger.spendings(database.read, ADA, START_MS - 1) == ()


async def test_a_reset_afterwards_gives_back_what_was_used(database: Database) -> None:
    await accept(database)
    assert await stop(database, {0: 3})
    async with database.transaction() as transaction:
        assert await ledger.reset(transaction, ADA, START_MS - 1, START_MS + 2, 1, "") == 3
    assert await ledger.spendings(database.read, ADA, START_MS - 1) == ()


async def test_what_goes_back_to_a_grant_that_has_expired_is_lost_and_what_was_used_is_not_told_as_such(
    database: Database,
) -> None:
    await accept(database)
    assert await stop(database, {0: 5}, START_MS + DAY_MS + HOUR_MS)
    left = "SELECT SUM(amount_tenths) FROM ledger WHERE grant_id = {}"
    assert await database.read.number(left.format(1)) == 0
    assert await database.read.number(left.format(2)) == 3
    job = await lookup.by_id(database.read, JOB)
    assert job is not None
    assert (job.used_tenths, job.refunded_tenths) == (5, 3)


async def test_whoever_has_cancelled_late_is_known_by_person_and_moment(database: Database) -> None:
    await accept(database)
    assert await stop(database, {0: 0}, START_MS + HOUR_MS)
    ended_ms = START_MS + HOUR_MS

    async def is_known(member_id: int, after_ms: int, until_ms: int) -> bool:
        return await jobs.has_cancelled_late(database.read, member_id, after_ms, until_ms)

    assert await is_known(ADA.member_id, ended_ms - 1, ended_ms)
    assert not await is_known(ADA.member_id, ended_ms, ended_ms + HOUR_MS)
    assert not await is_known(ADA.member_id, ended_ms - HOUR_MS, ended_ms - 1)
    assert not await is_known(ADA.member_id + 1, ended_ms - 1, ended_ms)
