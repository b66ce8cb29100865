"""Deletes what had to stay for a while after a deletion, as soon as it need not any more."""

from kleinbot.domain.clock import HOUR_MS, Clock
from kleinbot.domain.people import MemberKey
from kleinbot.domain.quota import LONGEST_WINDOW_HOURS
from kleinbot.store import personal_data
from kleinbot.store.database import Database
from kleinbot.store.members import erasures
from kleinbot.store.members.erasures import Erasure
from kleinbot.store.moderation import bans

LONGEST_WINDOW_MS = LONGEST_WINDOW_HOURS * HOUR_MS
_BETWEEN_PAGES_S = 0.05


class LateErasure:
    """``window_ms``: how long a spending counts by the host's rule.

    Servers, roles and members may have longer windows, and get them at any time.
    """

    def __init__(self, database: Database, window_ms: int, clock: Clock) -> None:
        self._database = database
        self.window_ms = max(window_ms, LONGEST_WINDOW_MS)
        self._clock = clock

    async def work(self) -> None:
        """Delete what need not stay any more."""
        for erasure in await erasures.listed(self._database.read):
            if erasure.waits:
                await self._go_on(erasure)
        while await self._ended_bans_page():
            await self._clock.sleep(_BETWEEN_PAGES_S)

    async def _ended_bans_page(self) -> bool:
        async with self._database.transaction() as transaction:
            return await bans.forget_ended(transaction, self._clock.now_ms())

    async def _go_on(self, erasure: Erasure) -> None:
        now_ms = self._clock.now_ms()
        async with self._database.transaction() as transaction:
            # Of a deletion that an earlier version carried out, bans still name the person.
            await bans.keep_hashed(transaction, erasure.member_id, erasure.asked_ms)
        is_forgotten = True
        for server_id in await personal_data.servers_of(self._database.read, erasure.member_id):
            member = MemberKey(server_id, erasure.member_id)
            while await self._spent_page(member, now_ms):
                await self._clock.sleep(_BETWEEN_PAGES_S)
            async with self._database.transaction() as transaction:
                is_forgotten &= await erasures.forget_member(transaction, member, now_ms)
        is_forgotten &= await self._forget_audited(erasure, now_ms)
        if is_forgotten:
            async with self._database.transaction() as transaction:
                await erasures.end(transaction, erasure.member_id)
            await self._database.truncate_log()

    async def _spent_page(self, member: MemberKey, now_ms: int) -> bool:
        async with self._database.transaction() as transaction:
            return await erasures.erase_spent(transaction, member, now_ms - self.window_ms, now_ms)

    async def _forget_audited(self, erasure: Erasure, now_ms: int) -> bool:
        """Take the person's name out of the audit once its time has passed. Return whether none is left."""
        if not await erasures.is_audited(self._database.read, erasure.member_id):
            return True
        if now_ms < erasure.asked_ms + erasures.AUDIT_KEPT_MS:
            return False
        while True:
            async with self._database.transaction() as transaction:
                if await erasures.forget_audited(transaction, erasure.member_id, erasure.asked_ms):
                    return True
            await self._clock.sleep(_BETWEEN_PAGES_S)
