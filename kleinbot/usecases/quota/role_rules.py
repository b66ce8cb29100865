"""Quota rules by role: an admin sets, lists and removes them in their own server."""

from dataclasses import dataclass

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction, QuotaTerms, RoleRule
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, members, role_quotas, servers
from kleinbot.store.members.role_quotas import MOST_RULES
from kleinbot.usecases.permissions import require_admin
from kleinbot.usecases.quota import rules
from kleinbot.usecases.quota.administer import audited, require_allowed
from kleinbot.usecases.quota.quota import QuotaRule


@dataclass(frozen=True)
class ServerRules:
    """A server's rules. ``default`` None: the owner's ``host`` applies.

    ``idle``: the roles whose rule gives no more than the default, so that it never counts.
    """

    default: QuotaTerms | None
    host: QuotaTerms
    roles: tuple[RoleRule, ...]
    idle: frozenset[int]


class RoleRules:
    """Every method raises Refusal NOT_AN_ADMIN unless the actor may manage the server."""

    def __init__(self, database: Database, rule: QuotaRule, clock: Clock) -> None:
        self._database = database
        self._rule = rule
        self._clock = clock

    async def listed(self, actor: Actor) -> ServerRules:
        """Return every rule of the server but those of single members."""
        require_admin(actor)
        read = self._database.read
        standing = await members.standing(read, actor.member)
        found = await role_quotas.of_server(read, actor.server_id)
        default, host = standing.server_terms, self._rule.window
        return ServerRules(
            default,
            self._rule.host_terms,
            found,
            frozenset(each.role_id for each in found if not rules.is_better(each.terms, default, host)),
        )

    async def set(self, actor: Actor, role_id: int, terms: QuotaTerms) -> ServerRules:
        """Set what those with a role get, and return all rules.

        Raises Refusal ROLE_IS_EVERYBODYS, ROLE_RULES_FULL, QUOTA_ABOVE_MOST and QUOTA_WINDOW_IDLE.
        """
        require_admin(actor)
        if role_id == actor.server_id:
            raise Refusal(Code.ROLE_IS_EVERYBODYS)
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await servers.remember(transaction, actor.server_id, now_ms)
            await require_allowed(transaction, actor.member, self._rule, terms)
            found = await role_quotas.of_server(transaction, actor.server_id)
            if len(found) >= MOST_RULES and role_id not in {each.role_id for each in found}:
                raise Refusal(Code.ROLE_RULES_FULL, most=MOST_RULES)
            await role_quotas.put(transaction, actor.server_id, RoleRule(role_id, terms))
            await audit.note(
                transaction, AuditAction.QUOTA_SET_ROLE, actor.member_id, now_ms,
                server_id=actor.server_id, details={"role": str(role_id), **audited(terms)},
            )  # fmt: skip
        return await self.listed(actor)

    async def of_role(self, actor: Actor, role_id: int) -> RoleRule | None:
        """Return a role's rule; None if it has none."""
        require_admin(actor)
        found = await role_quotas.of_server(self._database.read, actor.server_id)
        return next((each for each in found if each.role_id == role_id), None)

    async def remove(self, actor: Actor, role_id: int) -> bool:
        """Remove a role's rule, also a deleted role's; return whether there was one."""
        require_admin(actor)
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            removed = await role_quotas.remove(transaction, actor.server_id, role_id)
            if removed:
                await audit.note(
                    transaction, AuditAction.QUOTA_SET_ROLE, actor.member_id, now_ms,
                    server_id=actor.server_id, details={"role": str(role_id)},
                )  # fmt: skip
        return removed
