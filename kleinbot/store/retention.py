"""Deletes old rows that nobody can see and no decision depends on. Never touches the ledger or jobs.

Each table is scanned from its oldest row, page by page.
"""

import json
from collections.abc import Awaitable, Callable

from kleinbot.domain.clock import DAY_MS
from kleinbot.store.database import Row, Transaction

ATTEMPTS_KEPT_MS = 30 * DAY_MS
"""For ended jobs. An open job's attempts show whether it is suspected of crashing the process."""

DELIVERIES_KEPT_MS = 90 * DAY_MS
"""Counted from delivery. An undelivered result is kept until it is handed over."""

AUDIT_KEPT_MS = 2 * 365 * DAY_MS
AUDIT_ROWS_KEPT = 100
"""Per server, of any age; more than an admin can list. A trigger enforces it."""

Step = Callable[[Transaction, int, int, int], Awaitable[int | None]]
"""Scans at most so many rows after an id and deletes old ones. Returns the last id, or None at the end."""


async def attempts(transaction: Transaction, after_id: int, most: int, now_ms: int) -> int | None:
    rows = await transaction.all(
        "SELECT a.attempt_id, a.started_ms, j.ended_ms"
        " FROM attempts a CROSS JOIN jobs j USING (job_id)"
        " WHERE a.attempt_id > ? ORDER BY a.attempt_id LIMIT ?",
        after_id,
        most,
    )
    before_ms = now_ms - ATTEMPTS_KEPT_MS
    gone = [row[0] for row in rows if row["started_ms"] < before_ms and row["ended_ms"] is not None]
    await transaction.change(
        "DELETE FROM attempts WHERE attempt_id IN (SELECT value FROM json_each(?))", json.dumps(gone)
    )
    return _last(rows, most, "started_ms", before_ms)


async def deliveries(transaction: Transaction, after_id: int, most: int, now_ms: int) -> int | None:
    rows = await transaction.all(
        "SELECT outbox_id, state, COALESCE(sent_ms, due_ms) AS told_ms FROM outbox"
        " WHERE outbox_id > ? ORDER BY outbox_id LIMIT ?",
        after_id,
        most,
    )
    before_ms = now_ms - DELIVERIES_KEPT_MS
    gone = [row[0] for row in rows if row["state"] == "sent" and row["told_ms"] < before_ms]
    await transaction.change(
        "DELETE FROM outbox WHERE outbox_id IN (SELECT value FROM json_each(?))", json.dumps(gone)
    )
    return _last(rows, most, "told_ms", before_ms)


async def audit(transaction: Transaction, after_id: int, most: int, now_ms: int) -> int | None:
    rows = await transaction.all(
        "SELECT a.audit_id, a.made_ms, EXISTS (SELECT 1 FROM audit n WHERE n.server_id IS a.server_id"
        " AND n.audit_id > a.audit_id LIMIT 1 OFFSET ?) AS is_out_of_sight"
        " FROM audit a WHERE a.audit_id > ? ORDER BY a.audit_id LIMIT ?",
        AUDIT_ROWS_KEPT - 1,
        after_id,
        most,
    )
    before_ms = now_ms - AUDIT_KEPT_MS
    gone = [row[0] for row in rows if row["made_ms"] < before_ms and row["is_out_of_sight"]]
    await transaction.change(
        "DELETE FROM audit WHERE audit_id IN (SELECT value FROM json_each(?))", json.dumps(gone)
    )
    return _last(rows, most, "made_ms", before_ms)


def _last(rows: list[Row], most: int, moment: str, before_ms: int) -> int | None:
    """Return the id to continue after; None if all following rows are younger, since ids ascend in time."""
    if len(rows) < most or rows[-1][moment] >= before_ms:
        return None
    return int(rows[-1][0])


STEPS: tuple[Step, ...] = (attempts, deliveries, audit)
