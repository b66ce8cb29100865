"""How much a member counts in a server's line: boosters more, say, but never strictly before the others."""

from kleinbot.domain.clock import Clock
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import AuditAction
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import MEMBER_PATIENCE_S, Database
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, members
from kleinbot.usecases.owner.server_shares import ServerShares
from kleinbot.usecases.permissions import require_admin


class SetMemberWeight:
    """For a server's admins, and in their own server only."""

    def __init__(self, database: Database, scheduler: Scheduler, shares: ServerShares, clock: Clock) -> None:
        self._database = database
        self._scheduler = scheduler
        self._shares = shares
        self._clock = clock

    async def set(self, actor: Actor, member_id: int, weight: float) -> None:
        """Let a member's pictures count ``weight`` times in line, from the next one that starts on.

        The weight is above 0 and relative to the other members of the server with work: it moves nothing
        between servers. Raises Refusal NOT_AN_ADMIN for who may not manage the server.
        """
        require_admin(actor)
        owner, now_ms = MemberKey(actor.server_id, member_id), self._clock.now_ms()
        async with self._database.transaction(MEMBER_PATIENCE_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await members.remember(transaction, owner, now_ms)
            await members.set_weight(transaction, owner, weight)
            await audit.note(
                transaction, AuditAction.WEIGHT, actor.member_id, now_ms,
                server_id=actor.server_id, member_id=member_id, details={"weight": weight},
            )  # fmt: skip
            transaction.once_committed(lambda: self._changed(owner, weight))

    def _changed(self, owner: MemberKey, weight: float) -> None:
        self._shares.set_weight(owner, weight)
        self._scheduler.weights_changed()
