"""Which rows are deleted after a while, and which never are."""

import sqlite3

import pytest

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.job import JobState
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.quota import AuditAction
from kleinbot.store import retention
from kleinbot.store.database import Database
from kleinbot.store.delivery import outbox
from kleinbot.store.delivery.outbox import Route
from kleinbot.store.jobs import jobs
from kleinbot.store.members import audit
from kleinbot.store.retention import (
    ATTEMPTS_KEPT_MS,
    AUDIT_KEPT_MS,
    AUDIT_ROWS_KEPT,
    DELIVERIES_KEPT_MS,
    Step,
)
from tests.manual_clock import START_MS
from tests.store.rows import ADA, finished, new_job, store

ENDED, OPEN = "a" * 24, "b" * 24


async def _forget(database: Database, step: Step, now_ms: int, rows: int = 2) -> None:
    after_id: int | None = 0
    while after_id is not None:
        async with database.transaction() as transaction:
            after_id = await step(transaction, after_id, rows, now_ms)


async def _number(database: Database, sql: str) -> int:
    return await database.read.number(sql)


async def test_attempts_go_once_their_job_has_ended_and_they_are_old(database: Database) -> None:
    for job_id in (ENDED, OPEN):
        await store(database, new_job(job_id, count=2))
        async with database.transaction() as transaction:
            for position in range(2):
                await jobs.claim(transaction, ImageKey(job_id, position), "batch", START_MS)
            await jobs.recover(transaction, START_MS, "lost")
    async with database.transaction() as transaction:
        await jobs.stop(transaction, ENDED, JobState.CANCELLED, START_MS)
    await _forget(database, retention.attempts, START_MS + ATTEMPTS_KEPT_MS)
    assert await _number(database, "SELECT COUNT(*) FROM attempts") == 4
    await _forget(database, retention.attempts, START_MS + ATTEMPTS_KEPT_MS + 1)
    assert await _number(database, "SELECT COUNT(*) FROM attempts") == 2
    # They show whether an open job is suspected of crashing the process.
    assert await jobs.suspects(database.read) == {ImageKey(OPEN, 0), ImageKey(OPEN, 1)}


async def test_deliveries_go_once_they_were_told_and_kept_ones_never(database: Database) -> None:
    for index, job_id in enumerate((ENDED, OPEN, "c" * 24)):
        await store(database, new_job(job_id))
        key = ImageKey(job_id, 0)
        async with database.transaction() as transaction:
            await jobs.claim(transaction, key, "batch", START_MS)
            await jobs.finish_image(transaction, finished(key), START_MS)
            if index == 0:
                await outbox.mark_sent(transaction, 1, Route.REPLY, 5, 77, START_MS)
            elif index == 1:
                await outbox.mark_undelivered(transaction, 2)
    ledger = await database.read.all("SELECT * FROM ledger")
    await _forget(database, retention.deliveries, START_MS + DELIVERIES_KEPT_MS)
    assert await _number(database, "SELECT COUNT(*) FROM outbox") == 3
    await _forget(database, retention.deliveries, START_MS + 100 * DELIVERIES_KEPT_MS)
    rows = await database.read.all("SELECT state FROM outbox ORDER BY outbox_id")
    assert [row[0] for row in rows] == ["kept", "pending"]
    assert [row.job_id for row in await outbox.undelivered_for(database.read, ADA, 9)] == [OPEN]
    assert await database.read.all("SELECT * FROM ledger") == ledger


async def test_of_the_audit_go_old_rows_that_no_admin_is_shown(database: Database) -> None:
    async with database.transaction() as transaction:
        for number in range(AUDIT_ROWS_KEPT + 3):
            await audit.note(transaction, AuditAction.SHARE, 1, START_MS + number, server_id=ADA.server_id)
        await audit.note(transaction, AuditAction.PAUSE, 1, START_MS)  # concerns the whole bot, not a server
    shown = await audit.of_server(database.read, ADA.server_id, 15)
    await _forget(database, retention.audit, START_MS + AUDIT_KEPT_MS + 2)
    assert await _number(database, "SELECT COUNT(*) FROM audit") == AUDIT_ROWS_KEPT + 2
    await _forget(database, retention.audit, START_MS + 100 * AUDIT_KEPT_MS, rows=7)
    assert await _number(database, "SELECT COUNT(*) FROM audit") == AUDIT_ROWS_KEPT + 1
    assert await audit.of_server(database.read, ADA.server_id, 15) == shown


async def test_the_database_itself_keeps_what_is_shown_and_changes_nothing(database: Database) -> None:
    async with database.transaction() as transaction:
        await audit.note(
            transaction, AuditAction.SHARE, 1, START_MS - 9 * 365 * DAY_MS, server_id=ADA.server_id
        )
    for sql in ("DELETE FROM audit", "UPDATE audit SET actor_id = 2"):
        with pytest.raises(sqlite3.IntegrityError):
            async with database.transaction() as transaction:
                await transaction.change(sql)
