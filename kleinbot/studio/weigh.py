"""How much a member counts in a server's line: boosters more, say, but never strictly before the others."""

from kleinbot.domain.clock import Clock
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import Deed
from kleinbot.queueing.line import Line
from kleinbot.store import audit, events, members
from kleinbot.store.database import MEMBER_PATIENCE_S, Database
from kleinbot.store.ledger import Owner
from kleinbot.studio.power import require_admin
from kleinbot.studio.shares import Shares


class Weigh:
    """For a server's admins, and in their own server only."""

    def __init__(self, database: Database, line: Line, shares: Shares, clock: Clock) -> None:
        self._database = database
        self._line = line
        self._shares = shares
        self._clock = clock

    async def set(self, actor: Actor, member_id: int, weight: float) -> None:
        """Let a member's pictures count ``weight`` times in line, from the next one that starts on.

        The weight is above 0 and relative to the other members of the server with work: it moves nothing
        between servers. Raises Refusal NOT_AN_ADMIN for who may not manage the server.
        """
        require_admin(actor)
        owner, now_ms = Owner(actor.server_id, member_id), self._clock.now_ms()
        async with self._database.transaction(MEMBER_PATIENCE_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await members.remember(transaction, owner, now_ms)
            await members.set_weight(transaction, owner, weight)
            await audit.note(
                transaction, Deed.WEIGHT, actor.member_id, now_ms,
                server_id=actor.server_id, member_id=member_id, details={"weight": weight},
            )  # fmt: skip
            transaction.once_committed(lambda: self._changed(owner, weight))

    def _changed(self, owner: Owner, weight: float) -> None:
        self._shares.set_weight(owner, weight)
        self._line.weights_changed()
