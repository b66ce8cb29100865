"""A member's weight in a server's queue: more for boosters, for example, but never strict priority."""

from kleinbot.domain.clock import Clock
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import AuditAction
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import events, tags
from kleinbot.store.members import audit, members
from kleinbot.usecases.owner.server_shares import ServerShares
from kleinbot.usecases.permissions import require_admin


class SetMemberWeight:
    """For a server's admins, in their own server only."""

    def __init__(self, database: Database, scheduler: Scheduler, shares: ServerShares, clock: Clock) -> None:
        self._database = database
        self._scheduler = scheduler
        self._shares = shares
        self._clock = clock

    async def set(self, actor: Actor, member_id: int, weight: float) -> None:
        """Set a member's weight in the queue, starting with their next image.

        ``weight`` is above 0 and relative to the other members of the server who have work; it does not
        change the shares between servers. Raises Refusal NOT_AN_ADMIN unless the actor may manage the server.
        """
        require_admin(actor)
        member, now_ms = MemberKey(actor.server_id, member_id), self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await members.remember(transaction, member, now_ms)
            await members.set_weight(transaction, member, weight)
            await audit.note(
                transaction, AuditAction.WEIGHT, actor.member_id, now_ms,
                server_id=actor.server_id, member_id=member_id, details={"weight": weight},
            )  # fmt: skip
            shares = self._shares.copied()
            shares.set_weight(member, weight)
            await tags.keep(transaction, self._scheduler.queue.unkept(weights=shares).tags)
            transaction.after_commit(lambda: self._changed(member, weight))

    def _changed(self, member: MemberKey, weight: float) -> None:
        self._shares.set_weight(member, weight)
        self._scheduler.weights_changed()
