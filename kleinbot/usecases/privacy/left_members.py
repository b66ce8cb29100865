"""Favourites of members who left keep no old picture: Discord is asked for whoever marked one.

Only where a server does not keep pictures for good, once their term has ended and the purge has begun. No
list of members is needed, which would take a privileged intent.
"""

import logging
import sqlite3

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import DAY_MS, MS_PER_S, Clock
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.people import MemberKey
from kleinbot.domain.ports.look_ups import Found, LookUps
from kleinbot.store.database import Database
from kleinbot.store.results import left_members, purges

_log = logging.getLogger(__name__)

ASKED_AGAIN_MS = 30 * DAY_MS
_BETWEEN_S = 1.0
_MOST_ASKED = 500
"""In one server and round; the next round goes on with the others."""

_EVERY_S = DAY_MS / MS_PER_S


class LeftMembers:
    """``run`` is its only task."""

    def __init__(
        self, database: Database, archive: Archive, look_ups: LookUps, clock: Clock, faults: Faults
    ) -> None:
        self._database = database
        self._archive = archive
        self._look_ups = look_ups
        self._clock = clock
        self._faults = faults

    async def run(self) -> None:
        """Ask every day until cancelled."""
        while True:
            await self._clock.sleep(_EVERY_S)
            try:
                await self.work()
            except (sqlite3.OperationalError, OSError) as error:
                _log.warning("favourites of members who left stay for now: %s", error)

    async def work(self) -> None:
        """Ask for everybody who has marked a picture whose term has ended."""
        now_ms = self._clock.now_ms()
        for choice in await purges.choices(self._database.read):
            purge = await purges.of_server(self._database.read, choice.server_id)
            if purge is None or purge.chosen_ms != choice.chosen_ms or purge.begins_ms > now_ms:
                continue
            await self._ask_for_members(choice.server_id, now_ms - choice.days * DAY_MS)

    async def _ask_for_members(self, server_id: int, before_ms: int) -> None:
        after_id, asked = 0, 0
        while page := await left_members.holders(self._database.read, server_id, after_id):
            after_id = page[-1].member_id
            for holder in page:
                member = MemberKey(server_id, holder.member_id)
                if not await self._is_due(holder, member, before_ms):
                    continue
                asked += 1
                found = await self._look_ups.member(server_id, holder.member_id)
                if found is Found.UNKNOWN or asked > _MOST_ASKED:
                    return
                if found is Found.GONE:
                    await self._forget_marks(member, before_ms)
                async with self._database.transaction() as transaction:
                    await left_members.note_asked(transaction, member, self._clock.now_ms())
                await self._clock.sleep(_BETWEEN_S)

    async def _is_due(self, holder: left_members.FavouriteHolder, member: MemberKey, before_ms: int) -> bool:
        asked_ms = holder.asked_ms
        if asked_ms is not None and asked_ms <= self._clock.now_ms() < asked_ms + ASKED_AGAIN_MS:
            return False
        return bool(await left_members.old_marked(self._database.read, member, before_ms))

    async def _forget_marks(self, member: MemberKey, before_ms: int) -> None:
        """Let go what only this member's favourites have kept; after a crash a page is done again."""
        read = self._database.read
        while job_ids := await left_members.old_marked(read, member, before_ms):
            for file in await purges.files(read, job_ids, without=member.member_id):
                await self._archive.delete(file)
            self._faults.reach(FaultPoint.PURGE_FILES_GONE)
            async with self._database.transaction() as transaction:
                await left_members.unmark(transaction, member, job_ids)
                await purges.note_gone(transaction, job_ids, self._clock.now_ms())
            await self._clock.sleep(_BETWEEN_S)
