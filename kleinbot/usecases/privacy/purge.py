"""Lets old pictures go where a server does not keep them: counted, announced for 30 days, then page by page.

Favourites stay. Recipe and buttons outlive the file: variations and rerolls are drawn anew.
"""

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import DAY_MS, HOUR_MS, MS_PER_S, Clock
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.store.database import Database, Reader
from kleinbot.store.results import purges
from kleinbot.store.results.purges import Choice, Purge
from kleinbot.usecases.notices import Notice

_log = logging.getLogger(__name__)

ANNOUNCED_MS = 30 * DAY_MS
_PAGE = 20
_COUNTED_AT_ONCE = 500
_BETWEEN_S = 0.1
_EVERY_S = HOUR_MS / MS_PER_S


class PurgePictures:
    """``run`` is its only task."""

    def __init__(self, database: Database, archive: Archive, clock: Clock, faults: Faults) -> None:
        self._database = database
        self._archive = archive
        self._clock = clock
        self._faults = faults

    async def run(self) -> None:
        """Let pictures go until cancelled."""
        while True:
            try:
                await self.work()
            except (sqlite3.OperationalError, OSError) as error:
                _log.warning("old pictures stay for now: %s", error)
            await self._clock.sleep(_EVERY_S)

    async def work(self) -> None:
        """Do what is due now."""
        for choice in await purges.choices(self._database.read):
            purge = await purges.of_server(self._database.read, choice.server_id)
            if purge is None or purge.chosen_ms != choice.chosen_ms:
                await self._announce(choice)
            elif purge.begins_ms <= self._clock.now_ms():
                await self._purge(purge, self._before_ms(choice))

    def _before_ms(self, choice: Choice) -> int:
        return self._clock.now_ms() - choice.days * DAY_MS

    async def _announce(self, choice: Choice) -> None:
        """Count what is due, and begin 30 days later."""
        after_ms, pictures = 0, 0
        while page := await purges.page(
            self._database.read, choice.server_id, after_ms, self._before_ms(choice), _COUNTED_AT_ONCE
        ):
            pictures += sum(result.pictures for result in page)
            after_ms = page[-1].ended_ms
            await self._clock.sleep(_BETWEEN_S)
        begins_ms = self._clock.now_ms() + ANNOUNCED_MS
        async with self._database.transaction() as transaction:
            purge = Purge(choice.server_id, choice.chosen_ms, begins_ms, pictures, 0)
            await purges.put(transaction, purge)

    async def _purge(self, purge: Purge, before_ms: int) -> None:
        """Delete files, then note that they are gone; after a crash in between the page is done again."""
        read = self._database.read
        while page := await purges.page(read, purge.server_id, purge.until_ms, before_ms, _PAGE):
            job_ids = [result.job_id for result in page]
            for file in await purges.files(read, job_ids):
                await self._archive.delete(file)
            self._faults.reach(FaultPoint.PURGE_FILES_GONE)
            # Further results may have ended within the same millisecond.
            is_whole = len(page) < _PAGE or page[0].ended_ms == page[-1].ended_ms
            purge = replace(purge, until_ms=page[-1].ended_ms - (not is_whole))
            async with self._database.transaction() as transaction:
                await purges.note_gone(transaction, job_ids, self._clock.now_ms())
                await purges.put(transaction, purge)
            await self._clock.sleep(_BETWEEN_S)


async def purge_notices(reader: Reader, server_id: int) -> Sequence[Notice]:
    """Tell a server's admins that pictures will go, once each."""
    purge = await purges.announced(reader, server_id)
    if purge is None:
        return ()
    return (
        Notice(
            "notice-purge",
            {"pictures": purge.pictures, "at_s": -(-purge.begins_ms // MS_PER_S)},
            once=f"purge-{purge.chosen_ms}",
        ),
    )
