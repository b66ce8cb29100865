"""Events that come again: what was looked at once is not looked at a second time."""

import logging
import sqlite3

from kleinbot.store.database import Database
from kleinbot.store.jobs import events

_log = logging.getLogger(__name__)

REMEMBERED = 20_000
"""Interactions, of some 100 bytes each. A repeat comes at once or when the connection is resumed."""


class RepeatedEvents:
    """Remembers in memory what came, and asks the rows for what an earlier process has accepted.

    This spares members answers to what was answered. That nothing is changed twice is decided by the
    transaction of each change (``store.events``).
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[int, None] = {}
        self.count = 0
        """How many events came again so far."""

    async def is_repeated(self, event_id: int) -> bool:
        """Tell whether the event came before; from now on it did."""
        is_repeated = event_id in self._seen
        if not is_repeated:
            self._seen[event_id] = None
            if len(self._seen) > REMEMBERED:
                del self._seen[next(iter(self._seen))]
            is_repeated = await self._is_accepted(event_id)
        if is_repeated:
            _log.info("event %d came again", event_id)
            self.count += 1
        return is_repeated

    async def _is_accepted(self, event_id: int) -> bool:
        try:
            return await events.is_accepted(self._database.read, event_id)
        except sqlite3.Error as error:
            _log.warning("event %d: its row cannot be looked for: %s", event_id, error)
            return False
