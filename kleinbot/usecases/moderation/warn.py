"""Warnings: counted, and read once by their member at the next command."""

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Parameter, Refusal
from kleinbot.domain.moderation.bans import REASON_CHARACTERS, Target
from kleinbot.domain.moderation.reports import NoticeKind
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.quota import AuditAction
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Transaction
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, servers
from kleinbot.store.moderation import member_notices
from kleinbot.usecases.permissions import require_moderator

MOST_COUNTED = 99


class Warn:
    """For whoever moderates the whole server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def warn(self, actor: Actor, target: Target, reason: str) -> int:
        """Warn a member and return how often they were warned here.

        Raises Refusal NOT_A_MODERATOR, and BAN_REFUSED for the actor themselves.
        """
        require_moderator(actor)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            return await self.warn_in(transaction, actor, target, reason)

    async def warn_in(self, transaction: Transaction, actor: Actor, target: Target, reason: str) -> int:
        """Do what ``warn`` does as a part of ``transaction``, which has accepted the actor's event."""
        if target.member_id == actor.member_id:
            raise Refusal(Code.BAN_REFUSED, who="self")
        member, now_ms = MemberKey(actor.server_id, target.member_id), self._clock.now_ms()
        reason = one_line(reason, REASON_CHARACTERS)
        await servers.remember(transaction, actor.server_id, now_ms)
        count = await member_notices.count_warnings(transaction, member, MOST_COUNTED) + 1
        details: dict[str, Parameter] = {"reason": reason, "count": count}
        await member_notices.put(transaction, member, NoticeKind.WARNING, now_ms, details)
        await audit.note(
            transaction, AuditAction.WARN, actor.member_id, now_ms,
            server_id=member.server_id, member_id=member.member_id, details=details,
        )  # fmt: skip
        return count
