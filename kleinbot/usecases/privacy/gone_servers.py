"""Deletes what a server holds that removed the bot: counted at once, and 30 days later, if Discord confirms.

A server that is merely unavailable was not left. What is there of its members goes as with a deletion that
they ask for, but for messages, which the bot cannot reach. What admins have decided stays, so that a server
that comes back finds its settings, words and bans. A row drives it, so a process that ends goes on.
"""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace

from kleinbot.domain.clock import DAY_MS, HOUR_MS, MS_PER_S, Clock
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.ports.look_ups import Found, LookUps
from kleinbot.store import personal_data
from kleinbot.store.database import Database, Transaction
from kleinbot.store.jobs import lookup
from kleinbot.store.members import erasures, left_servers, servers
from kleinbot.store.members.left_servers import LeftServer
from kleinbot.store.results import purges
from kleinbot.usecases.permissions import require_owner
from kleinbot.usecases.privacy.clear_index import clear_search_index
from kleinbot.usecases.privacy.result_pages import ResultPages

_log = logging.getLogger(__name__)

LEFT_MS = 30 * DAY_MS
_COUNTED_AT_ONCE = 500
_BETWEEN_S = 0.1
_EVERY_S = HOUR_MS / MS_PER_S


@dataclass(frozen=True)
class GoneSoon:
    """A server that was left. ``goes_ms``: when what it holds begins to go; None: that has begun."""

    server_id: int
    pictures: int
    goes_ms: int | None


class GoneServers:
    """``run`` is its only task."""

    def __init__(
        self,
        *,
        database: Database,
        pages: ResultPages,
        look_ups: LookUps,
        is_member_of: Callable[[int], bool | None],
        window_ms: int,
        clock: Clock,
        faults: Faults,
    ) -> None:
        """``is_member_of``: whether the bot is in a server, even an unavailable one; None: unknown.

        ``window_ms``: how long a spending counts by any rule.
        """
        self._database = database
        self._pages = pages
        self._look_ups = look_ups
        self._is_member_of = is_member_of
        self._window_ms = window_ms
        self._clock = clock
        self._faults = faults

    async def announced(self, actor: Actor) -> list[GoneSoon]:
        """Return the servers that were left, for the owner. Raises Refusal NOT_THE_HOST."""
        require_owner(actor)
        return [
            GoneSoon(left.server_id, left.pictures, None if left.gone_ms else left.left_ms + LEFT_MS)
            for left in await left_servers.listed(self._database.read)
            if left.done_ms is None
        ]

    async def run(self) -> None:
        """Look every hour until cancelled."""
        while True:
            try:
                await self.work()
            except (sqlite3.OperationalError, OSError) as error:
                _log.warning("what a server holds that was left stays for now: %s", error)
            await self._clock.sleep(_EVERY_S)

    async def work(self) -> None:
        """Do what is due now."""
        known = {left.server_id: left for left in await left_servers.listed(self._database.read)}
        for server_id in await servers.shares(self._database.read):
            left = known.get(server_id)
            match self._is_member_of(server_id):
                case True if left is not None:
                    await self._back(server_id)
                case False if left is None:
                    await self._left(server_id)
                case False if left is not None and left.done_ms is None:
                    await self._go_on(left)

    async def _back(self, server_id: int) -> None:
        async with self._database.transaction() as transaction:
            await left_servers.back(transaction, server_id)

    async def _left(self, server_id: int) -> None:
        """Count what the server holds. Nothing goes before 30 days have passed."""
        after_ms, pictures, now_ms = 0, 0, self._clock.now_ms()
        while page := await purges.page(self._database.read, server_id, after_ms, now_ms, _COUNTED_AT_ONCE):
            pictures += sum(result.pictures for result in page)
            after_ms = page[-1].ended_ms
            await self._clock.sleep(_BETWEEN_S)
        await self._note(LeftServer(server_id, now_ms, pictures))
        _log.info("server %d was left; its %d pictures go in 30 days if it stays so", server_id, pictures)

    async def _go_on(self, left: LeftServer) -> None:
        now_ms = self._clock.now_ms()
        if left.gone_ms is not None:
            await self._delete(left)
        elif left.left_ms > now_ms:  # stamped while the clock ran ahead
            await self._note(replace(left, left_ms=now_ms))
        elif left.left_ms + LEFT_MS <= now_ms:
            found = await self._look_ups.server(left.server_id)
            if found is Found.THERE:
                await self._back(left.server_id)
            elif found is Found.GONE and self._is_gone(left.server_id):
                gone = replace(left, gone_ms=now_ms)
                await self._note(gone)
                self._faults.reach(FaultPoint.SERVER_GONE)
                await self._delete(gone)

    async def _delete(self, left: LeftServer) -> None:
        """Delete everything of the members; what they have spent, once it no longer counts."""
        if await lookup.open_ids_of_server(self._database.read, left.server_id):
            return  # they are being refunded
        after_id, is_whole = 0, True
        while ids := await left_servers.members_page(self._database.read, left.server_id, after_id):
            after_id = ids[-1]
            for member_id in ids:
                if not self._is_gone(left.server_id):
                    return
                is_whole &= await self._delete_member(MemberKey(left.server_id, member_id))
            await self._clock.sleep(_BETWEEN_S)
        if is_whole:
            self._faults.reach(FaultPoint.SERVER_MEMBERS_GONE)
            await self._note(replace(left, done_ms=self._clock.now_ms()))
            await clear_search_index(self._database, self._clock)
            await self._database.truncate_log()
            _log.info("everything that members of server %d had is deleted", left.server_id)

    async def _delete_member(self, member: MemberKey) -> bool:
        """Return whether nothing is left."""

        async def drop_removals(transaction: Transaction) -> None:
            await left_servers.drop_removals(transaction, member.server_id)

        while await self._pages.delete(member, changed=drop_removals, told=_untold):
            await self._clock.sleep(_BETWEEN_S)
            if not self._is_gone(member.server_id):
                return False
        now_ms = self._clock.now_ms()
        while await self._page_of_member(member, now_ms):
            await self._clock.sleep(_BETWEEN_S)
        async with self._database.transaction() as transaction:
            return await erasures.forget_member(transaction, member, now_ms)

    async def _page_of_member(self, member: MemberKey, now_ms: int) -> bool:
        async with self._database.transaction() as transaction:
            until_ms = now_ms - self._window_ms
            is_more = await left_servers.erase_spent(transaction, member, until_ms, now_ms)
            return await personal_data.erase_page_of_member(transaction, member) or is_more

    def _is_gone(self, server_id: int) -> bool:
        return self._is_member_of(server_id) is False

    async def _note(self, left: LeftServer) -> None:
        async with self._database.transaction() as transaction:
            await left_servers.note(transaction, left)


async def _untold(_member: MemberKey) -> None:
    """Nobody can be told."""
