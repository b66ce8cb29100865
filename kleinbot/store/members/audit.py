"""The audit log: changes by admins and the owner, recorded in the transaction of the change. Append-only."""

import json
from collections.abc import Mapping

from kleinbot.domain.errors import Parameter
from kleinbot.domain.quota import AuditAction, AuditRow
from kleinbot.store.database import Reader, Transaction


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


async def of_server(reader: Reader, server_id: int, most: int) -> tuple[AuditRow, ...]:
    """Return the changes in one server, newest first."""
    rows = await reader.all(
        "SELECT * FROM audit WHERE server_id = ? ORDER BY audit_id DESC LIMIT ?", server_id, most
    )
    return tuple(
        AuditRow(
            AuditAction(row["action"]), row["actor_id"], row["server_id"], row["member_id"],
            json.loads(row["details"]), row["made_ms"],
        )
        for row in rows
    )  # fmt: skip
