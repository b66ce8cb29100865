"""Quota rules by role. Nothing is known here of the roles themselves: one may have been deleted."""

from dataclasses import astuple

from kleinbot.domain.quota import QuotaTerms, RoleRule
from kleinbot.store.database import Reader, Transaction

MOST_RULES = 25
"""Rules in one server; more could not be listed in one message or suggested at once."""

_OF_SERVER = """
    SELECT role_id, quota_tenths, hours, hourly_tenths, burst_tenths FROM role_quotas
    WHERE server_id = ? ORDER BY role_id LIMIT ?
"""
_SET = """
    INSERT OR REPLACE INTO role_quotas (server_id, role_id, quota_tenths, hours, hourly_tenths, burst_tenths)
    VALUES (?, ?, ?, ?, ?, ?)
"""


async def of_server(reader: Reader, server_id: int) -> tuple[RoleRule, ...]:
    """Return a server's rules by role, in the order of the roles' ids."""
    rows = await reader.all(_OF_SERVER, server_id, MOST_RULES)
    return tuple(RoleRule(row[0], QuotaTerms(*row[1:])) for row in map(tuple, rows))


async def put(transaction: Transaction, server_id: int, rule: RoleRule) -> None:
    """Set the rule of one role. The server's row must exist before."""
    await transaction.change(_SET, server_id, rule.role_id, *astuple(rule.terms))


async def remove(transaction: Transaction, server_id: int, role_id: int) -> bool:
    """Remove a role's rule; return whether there was one."""
    removed = await transaction.change(
        "DELETE FROM role_quotas WHERE server_id = ? AND role_id = ?", server_id, role_id
    )
    return removed > 0
