"""The audit log: changes by admins and the owner, recorded in the transaction of the change. Append-only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from kleinbot.domain.errors import Parameter
from kleinbot.domain.quota import AuditAction, AuditRow
from kleinbot.store.database import Reader, Row, Transaction

_AFTER_ALL = 2**62
_OF_SERVER = """
    SELECT * FROM audit INDEXED BY audit_of_server WHERE server_id = ?1
    AND (?2 IS NULL AND ?3 IS NULL) AND audit_id < ?4 AND audit_id >= ?5 ORDER BY audit_id DESC LIMIT ?6
"""
_OF_ACTION = """
    SELECT * FROM audit INDEXED BY audit_by_action WHERE server_id = ?1 AND action = ?3
    AND ?2 IS NULL AND audit_id < ?4 AND audit_id >= ?5 ORDER BY audit_id DESC LIMIT ?6
"""
_OF_MEMBER = """
    SELECT * FROM audit INDEXED BY audit_of_member WHERE member_id = ?2 AND server_id = ?1
    AND ?3 IS NULL AND audit_id < ?4 AND audit_id >= ?5 ORDER BY audit_id DESC LIMIT ?6
"""
_OF_MEMBER_AND_ACTION = """
    SELECT * FROM audit INDEXED BY audit_by_member_and_action
    WHERE member_id = ?2 AND server_id = ?1 AND action = ?3
    AND audit_id < ?4 AND audit_id >= ?5 ORDER BY audit_id DESC LIMIT ?6
"""
_FILTERED = {
    (False, False): _OF_SERVER,
    (False, True): _OF_ACTION,
    (True, False): _OF_MEMBER,
    (True, True): _OF_MEMBER_AND_ACTION,
}
"""By whether a member and an action are given: each reads no more rows than it returns."""


async def note(
    transaction: Transaction,
    action: AuditAction,
    actor_id: int,
    now_ms: int,
    *,
    server_id: int | None = None,
    member_id: int | None = None,
    details: Mapping[str, Parameter] | None = None,
) -> None:
    """Add a row. ``server_id`` None: the change concerned the whole bot."""
    await transaction.change(
        "INSERT INTO audit (server_id, actor_id, action, member_id, details, made_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        server_id, actor_id, action, member_id, json.dumps(dict(details or {})), now_ms,
    )  # fmt: skip


@dataclass(frozen=True)
class AuditFilter:
    """What to read of a server's audit; None: everything. ``member_id``: whom a change concerned."""

    member_id: int | None = None
    action: AuditAction | None = None
    since_ms: int | None = None


async def of_server(reader: Reader, server_id: int, most: int) -> tuple[AuditRow, ...]:
    """Return the changes in one server, newest first."""
    rows = await reader.all(
        "SELECT * FROM audit WHERE server_id = ? ORDER BY audit_id DESC LIMIT ?", server_id, most
    )
    return tuple(map(_row, rows))


async def filtered(
    reader: Reader, server_id: int, wanted: AuditFilter, before: int | None, most: int
) -> tuple[AuditRow, ...]:
    """Return the changes in one server that ``wanted`` selects, newest first, older than row ``before``."""
    first = 0 if wanted.since_ms is None else await _first_since(reader, server_id, wanted.since_ms)
    sql = _FILTERED[wanted.member_id is not None, wanted.action is not None]
    rows = await reader.all(
        sql, server_id, wanted.member_id, wanted.action, _AFTER_ALL if before is None else before, first, most
    )
    return tuple(map(_row, rows))


async def _first_since(reader: Reader, server_id: int, since_ms: int) -> int:
    """Return the first row of a server that was noted at or after a moment."""
    row = await reader.one(
        "SELECT audit_id FROM audit INDEXED BY audit_by_time"
        " WHERE server_id = ? AND made_ms >= ? ORDER BY made_ms LIMIT 1",
        server_id,
        since_ms,
    )
    return _AFTER_ALL if row is None else row[0]


def _row(row: Row) -> AuditRow:
    return AuditRow(
        AuditAction(row["action"]), row["actor_id"], row["server_id"], row["member_id"],
        json.loads(row["details"]), row["made_ms"], row["audit_id"],
    )  # fmt: skip
