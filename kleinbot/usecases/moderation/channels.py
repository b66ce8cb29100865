"""Which channels of a server pictures are made in; for its admins."""

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.moderation.bans import ChannelRules
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, servers
from kleinbot.store.moderation import channel_rules
from kleinbot.usecases.permissions import require_admin


class Channels:
    """Every method raises Refusal NOT_AN_ADMIN unless the actor may manage the server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def listed(self, actor: Actor) -> ChannelRules:
        require_admin(actor)
        return await channel_rules.of_server(self._database.read, actor.server_id)

    async def choose(self, actor: Actor, channel_id: int, *, is_allowed: bool) -> ChannelRules:
        """Allow or deny a channel with its threads. Raises Refusal TOO_MANY_CHANNELS."""
        require_admin(actor)
        now_ms = self._clock.now_ms()
        action = AuditAction.CHANNEL_ALLOW if is_allowed else AuditAction.CHANNEL_DENY
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await servers.remember(transaction, actor.server_id, now_ms)
            before = await channel_rules.of_server(transaction, actor.server_id)
            known = before.allowed | before.denied
            if channel_id not in known and len(known) >= channel_rules.MOST_RULES:
                raise Refusal(Code.TOO_MANY_CHANNELS, most=channel_rules.MOST_RULES)
            await channel_rules.put(transaction, actor.server_id, channel_id, is_allowed=is_allowed)
            await audit.note(
                transaction, action, actor.member_id, now_ms,
                server_id=actor.server_id, details={"channel": str(channel_id)},
            )  # fmt: skip
            return await channel_rules.of_server(transaction, actor.server_id)

    async def clear(self, actor: Actor, channel_id: int | None) -> ChannelRules:
        """Take back what was chosen for a channel, or with None for all. Raises Refusal NO_CHANNEL_RULE."""
        require_admin(actor)
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            if not await channel_rules.clear(transaction, actor.server_id, channel_id):
                raise Refusal(Code.NO_CHANNEL_RULE)
            await audit.note(
                transaction, AuditAction.CHANNEL_CLEAR, actor.member_id, now_ms,
                server_id=actor.server_id, details={"channel": str(channel_id or 0)},
            )  # fmt: skip
            return await channel_rules.of_server(transaction, actor.server_id)
