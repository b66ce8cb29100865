"""A clock that ran ahead for a while costs nobody anything once it is right again."""

import sqlite3
from collections.abc import Sequence

import pytest

from kleinbot.chat.delivery.due_rows import LONGEST_PAUSE_S
from kleinbot.domain.clock import DAY_MS, HOUR_MS, MS_PER_S
from kleinbot.domain.job import JobState
from kleinbot.domain.people import MemberKey
from kleinbot.domain.quota import Fund
from kleinbot.domain.requests import Press
from kleinbot.store import clock_repair
from kleinbot.store.clock_repair import AHEAD_MS, RepairedRows
from kleinbot.store.database import Database
from kleinbot.store.delivery import posted
from kleinbot.store.delivery.posted import PostedFor
from kleinbot.store.jobs import jobs, presses
from kleinbot.store.members import grants, ledger, members
from tests.manual_clock import START_MS
from tests.store.rows import ADA, due_jobs, new_job, store

AHEAD = START_MS + 30 * DAY_MS
"""The clock's time while it runs ahead; afterwards it is right, at ``START_MS``."""

A, B, C = ("a" * 24, "b" * 24, "c" * 24)
BOB = MemberKey(ADA.server_id, 2)
_DISCORD_EPOCH_MS = 1_420_070_400_000


async def brought_back(database: Database, now_ms: int = START_MS) -> RepairedRows:
    async with database.transaction() as transaction:
        return await clock_repair.repair(transaction, now_ms)


async def cancelled(database: Database, job_id: str, now_ms: int) -> None:
    async with database.transaction() as transaction:
        assert await jobs.stop(transaction, job_id, JobState.CANCELLED, now_ms)


async def spent_tenths(database: Database, now_ms: int, owner: MemberKey = ADA) -> int:
    since_ms = now_ms - DAY_MS
    return sum(spending.tenths for spending in await ledger.spendings(database.read, owner, since_ms))


async def entries(database: Database, columns: str) -> Sequence[tuple[object, ...]]:
    return [tuple(row) for row in await database.read.all(f"SELECT {columns} FROM ledger ORDER BY entry_id")]


async def grant_left(database: Database, now_ms: int) -> int:
    return sum(grant.left_tenths for grant in await grants.alive(database.read, ADA, now_ms))


async def test_a_grant_that_was_made_ahead_lasts_as_long_as_was_meant(database: Database) -> None:
    async with database.transaction() as transaction:
        await members.remember(transaction, ADA, START_MS)
        for made_ms in (AHEAD, START_MS):
            await grants.give(transaction, ADA, 50, made_ms + 30 * DAY_MS, 7, "a thank-you", made_ms)
    assert (await brought_back(database)).granted == 1
    assert not await brought_back(database)
    assert await grant_left(database, START_MS + 30 * DAY_MS - 1) == 100
    assert await grant_left(database, START_MS + 30 * DAY_MS) == 0


async def test_what_was_spent_comes_back_a_window_after_it_was_noticed(database: Database) -> None:
    await store(database, new_job(A, count=2, now_ms=AHEAD))
    await store(database, new_job(B, owner=BOB, now_ms=START_MS))
    assert (await brought_back(database)).spendings == 2
    assert await spent_tenths(database, START_MS + DAY_MS - 1) == 20
    assert await spent_tenths(database, START_MS + DAY_MS) == 0
    assert await spent_tenths(database, AHEAD + 1) == 0


async def test_of_an_entry_only_the_moment_it_counts_at_is_changed(database: Database) -> None:
    await store(database, new_job(A, now_ms=AHEAD))
    kept = "entry_id, server_id, member_id, job_id, position, grant_id, kind, amount_tenths, made_ms, reason"
    before = await entries(database, kept)
    await brought_back(database)
    assert await entries(database, kept) == before
    assert await entries(database, "counts_ms, made_ms") == [(START_MS, AHEAD)]


@pytest.mark.parametrize(
    "change",
    [
        "amount_tenths = -1",
        "counts_ms = counts_ms",
        "counts_ms = counts_ms + 1",
        "made_ms = 1, counts_ms = 1",
    ],
)
async def test_the_ledger_takes_no_other_change(database: Database, change: str) -> None:
    await store(database, new_job(A))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        async with database.transaction() as transaction:
            await transaction.change(f"UPDATE ledger SET {change}")


async def test_a_refund_after_it_gives_back_exactly_what_was_spent(database: Database) -> None:
    await store(database, new_job(A, count=2, now_ms=AHEAD))
    await brought_back(database)
    await cancelled(database, A, START_MS + HOUR_MS)
    assert await spent_tenths(database, START_MS + HOUR_MS) == 0
    assert await spent_tenths(database, START_MS + DAY_MS) == 0


async def test_a_reset_before_it_gives_nothing_back_twice_and_takes_nothing_away(database: Database) -> None:
    """The reset covered B. A was older than the window then, so it is spent and can still be given back."""
    await store(database, new_job(C, now_ms=START_MS))
    await store(database, new_job(A, now_ms=AHEAD))
    await store(database, new_job(B, now_ms=AHEAD + 2 * DAY_MS))
    now_ms = AHEAD + 2 * DAY_MS
    async with database.transaction() as transaction:
        assert await ledger.reset(transaction, ADA, now_ms - DAY_MS, now_ms, 9, "") == 10
    assert (await brought_back(database)).spendings == 3
    assert await spent_tenths(database, START_MS) == 20
    await cancelled(database, B, START_MS)
    assert await spent_tenths(database, START_MS) == 20
    await cancelled(database, A, START_MS)
    assert await spent_tenths(database, START_MS) == 10
    await cancelled(database, C, START_MS)
    assert await spent_tenths(database, START_MS) == 0


async def test_a_grant_that_expired_too_early_is_given_back_and_expires_at_its_time(
    database: Database,
) -> None:
    expires_ms = START_MS + 7 * DAY_MS
    await store(database, new_job(A))
    async with database.transaction() as transaction:
        await grants.give(transaction, ADA, 50, expires_ms, 9, "", START_MS)
        await ledger.expire(transaction, ADA, AHEAD)
    assert await grant_left(database, START_MS) == 0
    assert (await brought_back(database)).grants == 1
    assert await grant_left(database, START_MS) == 50
    assert await brought_back(database) == RepairedRows()
    async with database.transaction() as transaction:
        await ledger.expire(transaction, ADA, expires_ms)
    assert not await brought_back(database, expires_ms)
    assert await grant_left(database, expires_ms) == 0
    assert await database.read.number("SELECT SUM(amount_tenths) FROM ledger WHERE grant_id = 1") == 0


async def test_what_a_grant_paid_counts_over_all_servers_from_now_on_too(database: Database) -> None:
    async with database.transaction() as transaction:
        await members.remember(transaction, ADA, AHEAD)
        await grants.give(transaction, ADA, 15, AHEAD + 7 * DAY_MS, 9, "", START_MS)
        await jobs.insert(transaction, new_job(A, now_ms=AHEAD), [Fund(1, 10)])
        await jobs.insert(transaction, new_job(B, now_ms=AHEAD + 1), [Fund(None, 5), Fund(1, 5)])
    assert (await brought_back(database)).spendings == 3
    assert await brought_back(database) == RepairedRows()
    found = await ledger.spendings_everywhere(database.read, ADA, START_MS - DAY_MS)
    assert [(each.counts_ms, each.tenths) for each in found] == [(START_MS - 2, 10), (START_MS - 1, 10)]
    await cancelled(database, A, START_MS + HOUR_MS)
    found = await ledger.spendings_everywhere(database.read, ADA, START_MS - DAY_MS)
    assert [each.tenths for each in found] == [10]


async def test_results_and_removals_are_due_at_once(database: Database) -> None:
    await store(database, new_job(A, now_ms=AHEAD))
    await cancelled(database, A, AHEAD)
    async with database.transaction() as transaction:
        await posted.remove(transaction, A, channel_id=5, message_id=7, now_ms=AHEAD)
    assert await due_jobs(database.read, START_MS) == []
    assert (await brought_back(database)).due == 2
    assert await due_jobs(database.read, START_MS) == [A]
    assert [
        row.message_id for row in await posted.due_removals(database.read, START_MS, without=(), of_channel=4)
    ] == [7]


async def test_a_button_is_not_taken_for_pressed_just_now_for_a_month(database: Database) -> None:
    press = Press(message_id=5, custom_id="kb:reroll:x")
    await store(database, new_job(A, now_ms=AHEAD))
    async with database.transaction() as transaction:
        await presses.note(transaction, ADA, press, A, AHEAD)
    await cancelled(database, A, AHEAD)
    await brought_back(database)
    async with database.transaction() as transaction:
        later_ms = START_MS + presses.AGAIN_AFTER_MS
        assert await presses.earlier(transaction, ADA, press, later_ms) is None


async def test_a_clock_that_is_corrected_by_seconds_changes_nothing(database: Database) -> None:
    later_ms = START_MS + AHEAD_MS
    await store(database, new_job(A, now_ms=later_ms))
    await cancelled(database, A, later_ms)
    assert await brought_back(database) == RepairedRows()
    assert {row[0] for row in await entries(database, "counts_ms")} == {later_ms}


async def test_a_clock_that_is_behind_moves_nothing(database: Database) -> None:
    await store(database, new_job(A))
    async with database.transaction() as transaction:
        message_id = START_MS - _DISCORD_EPOCH_MS << 22
        await posted.note(transaction, A, [0], 5, message_id, PostedFor.DELIVERY, START_MS)
    assert await brought_back(database, START_MS - DAY_MS) == RepairedRows()
    assert {row[0] for row in await entries(database, "counts_ms")} == {START_MS}


def test_nothing_of_ours_is_put_off_so_long() -> None:
    assert 2 * LONGEST_PAUSE_S * MS_PER_S <= AHEAD_MS
