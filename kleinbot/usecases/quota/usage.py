"""Who used most in a server, and its changes of quotas as a table; for its admins."""

import asyncio
from dataclasses import dataclass

from kleinbot.domain.clock import DAY_MS, Clock
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import MemberUsage
from kleinbot.store.database import Database
from kleinbot.store.members import usage
from kleinbot.usecases.permissions import require_admin
from kleinbot.usecases.quota import changes_table

MOST_MEMBERS = 15
MOST_ENTRIES = 100_000
"""Ledger entries that are summed; a card that draws a picture a second needs half a day for so many."""

EXPORT_DAYS = 31
MOST_ROWS = 10_000


@dataclass(frozen=True)
class Exported:
    """A table. ``is_cut``: there were older changes that it does not hold."""

    data: bytes
    rows: int
    is_cut: bool


class QuotaUsage:
    """Every method raises Refusal NOT_AN_ADMIN unless the actor may manage the server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def top(self, actor: Actor, days: int) -> tuple[MemberUsage, ...]:
        """Return who spent most in the last ``days``, the first of them first."""
        require_admin(actor)
        since_ms = self._clock.now_ms() - days * DAY_MS
        return await usage.most_used(
            self._database.read, actor.server_id, since_ms, most=MOST_MEMBERS, most_entries=MOST_ENTRIES
        )

    async def export(self, actor: Actor, most_bytes: int) -> Exported:
        """Return the changes of the last 31 days as CSV, the newest first, in at most ``most_bytes``."""
        require_admin(actor)
        since_ms = self._clock.now_ms() - EXPORT_DAYS * DAY_MS
        found = await usage.changes(self._database.read, actor.server_id, since_ms, MOST_ROWS + 1)
        data, rows = await asyncio.to_thread(changes_table.written, found[:MOST_ROWS], most_bytes)
        return Exported(data, rows, rows < len(found))
