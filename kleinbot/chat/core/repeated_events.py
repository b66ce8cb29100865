"""Recognises interactions that Discord sends again, so that none is handled twice."""

import logging
import sqlite3

from kleinbot.store.database import Database
from kleinbot.store.jobs import events

_log = logging.getLogger(__name__)

VERIFIED_FILES = 20_000
"""Interactions, of some 100 bytes each. A repeat comes at once or when the connection is resumed."""


class RepeatedEvents:
    """Remembers recent events in memory, and finds those that an earlier process accepted in the database.

    This only avoids a second answer. The transaction of each change ensures that nothing is changed twice
    (``store.jobs.events``).
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[int, None] = {}
        self.count = 0
        """How many events came again so far."""

    async def is_repeated(self, event_id: int) -> bool:
        """Tell whether the event came before, and remember it."""
        is_repeated = event_id in self._seen
        if not is_repeated:
            self._seen[event_id] = None
            if len(self._seen) > VERIFIED_FILES:
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
