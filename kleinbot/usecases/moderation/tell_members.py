"""What a member reads below the answer to their next command, and moderators below that of /mod."""

from collections.abc import Sequence

from kleinbot.domain.clock import Clock
from kleinbot.domain.moderation.reports import MemberNotice
from kleinbot.domain.people import Actor
from kleinbot.store.database import Database, Reader
from kleinbot.store.moderation import cases, member_notices
from kleinbot.usecases.notices import Notice

MOST_TOLD = 5
"""At once; the rest waits for the next command."""

_MOST_COUNTED = 99


async def waiting_reports(reader: Reader, server_id: int) -> Sequence[Notice]:
    """Return the notice for admins while reports wait that stand in no moderators' channel."""
    count = await cases.count_waiting(reader, server_id, _MOST_COUNTED)
    return [Notice("notice-reports-wait", {"count": count})] if count else []


class TellMembers:
    """Each is told once, unless the bot ends between the telling and its note."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def waiting(self, actor: Actor) -> list[MemberNotice]:
        return await member_notices.waiting(self._database.read, actor.member, MOST_TOLD)

    async def told(self, given: Sequence[MemberNotice]) -> None:
        """Record what a member has read."""
        async with self._database.transaction() as transaction:
            await member_notices.mark_given(transaction, given, self._clock.now_ms())

    async def count_reports(self, actor: Actor) -> int:
        """Return how many reports a moderator does not find in any channel; 0 for others."""
        if not (actor.is_moderator or actor.is_admin):
            return 0
        return await cases.count_waiting(self._database.read, actor.server_id, _MOST_COUNTED)
