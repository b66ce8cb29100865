"""Quota changes by a server's admins, in their own server only and within the owner's bounds.

Each change and its audit row are one transaction.
"""

from dataclasses import asdict, dataclass, replace

from kleinbot.domain.clock import DAY_MS, HOUR_MS, Clock
from kleinbot.domain.errors import Code, Parameter, Refusal
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import AuditAction, AuditRow, QuotaTerms
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Reader, Transaction
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, grants, ledger, members, role_quotas, servers
from kleinbot.usecases.permissions import require_admin
from kleinbot.usecases.quota import quota, rules
from kleinbot.usecases.quota.quota import NO_ROLES, QuotaRule, pictures
from kleinbot.usecases.quota.quota_view import LAST_ENTRIES, Statement, statement

HISTORY_ENTRIES = 15


@dataclass(frozen=True)
class Clearing:
    """A rule to take away or taken away, and what then counts: the server's ``default``, or ``host``.

    ``default`` None: the server has none, or it is what is taken away. ``has_role_rules``: the server has
    rules of roles, any of which may give more.
    """

    terms: QuotaTerms
    default: QuotaTerms | None
    host: QuotaTerms
    has_role_rules: bool

    @property
    def then(self) -> QuotaTerms:
        return self.host if self.default is None else self.default


class AdministerQuota:
    """Every method raises Refusal NOT_AN_ADMIN unless the actor may manage the server. Amounts are tenths."""

    def __init__(self, database: Database, rule: QuotaRule, clock: Clock) -> None:
        self._database = database
        self._rule = rule
        self._clock = clock

    async def view(self, actor: Actor, member_id: int, role_ids: frozenset[int] = NO_ROLES) -> Statement:
        """Return a member's statement.

        ``role_ids``, here and below: the member's roles, as Discord states them.
        """
        return await self._statement(actor, member_id, role_ids)

    async def history(self, actor: Actor, member_id: int, role_ids: frozenset[int] = NO_ROLES) -> Statement:
        """Return a member's statement with a longer history."""
        return await self._statement(actor, member_id, role_ids, HISTORY_ENTRIES)

    async def changes(self, actor: Actor) -> tuple[AuditRow, ...]:
        """Return what admins and the owner changed in this server, newest first."""
        require_admin(actor)
        return await audit.of_server(self._database.read, actor.server_id, HISTORY_ENTRIES)

    async def set(
        self,
        actor: Actor,
        member_id: int,
        terms: QuotaTerms | None,
        role_ids: frozenset[int] = NO_ROLES,
    ) -> Statement:
        """Set a member's own rule; None removes it.

        Raises Refusal QUOTA_ABOVE_MOST above the owner's bound, and QUOTA_WINDOW_IDLE.
        """
        require_admin(actor)
        member = MemberKey(actor.server_id, member_id)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            await require_allowed(transaction, member, self._rule, terms)
            await members.remember(transaction, member, self._clock.now_ms())
            await members.set_quota(transaction, member, terms)
            await self._note(transaction, actor, AuditAction.QUOTA_SET, member_id, **audited(terms))
        return await self._statement(actor, member_id, role_ids)

    async def set_default(self, actor: Actor, terms: QuotaTerms | None) -> QuotaTerms:
        """Set the rule of members without their own; None: the owner's default. Return the owner's default.

        Raises Refusal QUOTA_ABOVE_MOST above the owner's bound, and QUOTA_WINDOW_IDLE.
        """
        require_admin(actor)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            await require_allowed(transaction, actor.member, self._rule, terms)
            await servers.remember(transaction, actor.server_id, self._clock.now_ms())
            await servers.set_default_quota(transaction, actor.server_id, terms)
            await self._note(transaction, actor, AuditAction.QUOTA_SET_DEFAULT, None, **audited(terms))
        return self._rule.host_terms

    async def set_default_number(self, actor: Actor, tenths: int) -> None:
        """Set the number of the server's default; its hours, hourly bound and burst stay.

        Raises Refusal as ``set_default``.
        """
        require_admin(actor)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            before = (await members.standing(transaction, actor.member)).server_terms
            terms = replace(before or QuotaTerms(tenths), tenths=tenths)
            await require_allowed(transaction, actor.member, self._rule, terms)
            await servers.remember(transaction, actor.server_id, self._clock.now_ms())
            await servers.set_default_quota(transaction, actor.server_id, terms)
            await self._note(transaction, actor, AuditAction.QUOTA_SET_DEFAULT, None, **audited(terms))

    async def to_clear(self, actor: Actor, member_id: int | None) -> Clearing | None:
        """Return a member's own rule, or the server's default if ``member_id`` is None; None if unset."""
        require_admin(actor)
        return await self._clearing(self._database.read, actor, member_id)

    async def clear(self, actor: Actor, member_id: int | None) -> Clearing | None:
        """Remove what ``to_clear`` returns, and return it; None if it was gone already."""
        require_admin(actor)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            found = await self._clearing(transaction, actor, member_id)
            if found is None:
                return None
            if member_id is None:
                await servers.set_default_quota(transaction, actor.server_id, None)
                await self._note(transaction, actor, AuditAction.QUOTA_SET_DEFAULT, None)
            else:
                await members.set_quota(transaction, MemberKey(actor.server_id, member_id), None)
                await self._note(transaction, actor, AuditAction.QUOTA_SET, member_id)
        return found

    async def _clearing(self, reader: Reader, actor: Actor, member_id: int | None) -> Clearing | None:
        standing = await members.standing(reader, MemberKey(actor.server_id, member_id or 0))
        terms = standing.server_terms if member_id is None else standing.member_terms
        if terms is None:
            return None
        return Clearing(
            terms,
            None if member_id is None else standing.server_terms,
            self._rule.host_terms,
            bool(await role_quotas.of_server(reader, actor.server_id)),
        )

    async def grant(
        self,
        actor: Actor,
        member_id: int,
        amount_tenths: int,
        days: int,
        reason: str,
        role_ids: frozenset[int] = NO_ROLES,
    ) -> Statement:
        """Give a member a one-time grant, to be spent within ``days``.

        Raises Refusal GRANTS_ABOVE_MOST if their unspent grants would exceed the owner's bound.
        """
        require_admin(actor)
        member, now_ms = MemberKey(actor.server_id, member_id), self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await members.remember(transaction, member, now_ms)
            before = await quota.balance(transaction, member, self._rule, now_ms)
            if before.granted_tenths + amount_tenths > before.limit.most_tenths:
                raise Refusal(
                    Code.GRANTS_ABOVE_MOST,
                    most=pictures(before.limit.most_tenths),
                    unspent=pictures(before.granted_tenths),
                )
            expires_ms = now_ms + days * DAY_MS
            await grants.give(transaction, member, amount_tenths, expires_ms, actor.member_id, reason, now_ms)
            await self._note(
                transaction, actor, AuditAction.QUOTA_GRANT, member_id,
                tenths=amount_tenths, expires_ms=expires_ms, reason=reason,
            )  # fmt: skip
        return await self._statement(actor, member_id, role_ids)

    async def reset(
        self, actor: Actor, member_id: int, reason: str, role_ids: frozenset[int] = NO_ROLES
    ) -> tuple[int, Statement]:
        """Give back what a member spent of their allowance and return how much that was.

        That is what counts in any window of the rule in force.
        """
        require_admin(actor)
        member, now_ms = MemberKey(actor.server_id, member_id), self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await members.remember(transaction, member, now_ms)
            limit = await quota.limit_of(transaction, member, self._rule, role_ids)
            since_ms = now_ms - limit.windows[0].length_ms
            returned = await ledger.reset(transaction, member, since_ms, now_ms, actor.member_id, reason)
            await self._note(
                transaction, actor, AuditAction.QUOTA_RESET, member_id, tenths=returned, reason=reason
            )
        return returned, await self._statement(actor, member_id, role_ids)

    async def _statement(
        self, actor: Actor, member_id: int, role_ids: frozenset[int], most_entries: int = LAST_ENTRIES
    ) -> Statement:
        require_admin(actor)
        member, now_ms = MemberKey(actor.server_id, member_id), self._clock.now_ms()
        return await statement(self._database, member, self._rule, now_ms, most_entries, role_ids=role_ids)

    async def _note(
        self,
        transaction: Transaction,
        actor: Actor,
        action: AuditAction,
        member_id: int | None,
        **details: Parameter,
    ) -> None:
        await audit.note(
            transaction, action, actor.member_id, self._clock.now_ms(),
            server_id=actor.server_id, member_id=member_id, details=details,
        )  # fmt: skip


async def require_allowed(
    reader: Reader, member: MemberKey, rule: QuotaRule, terms: QuotaTerms | None
) -> None:
    """Check a rule before it is set; None: one is removed.

    Raises Refusal QUOTA_ABOVE_MOST above the owner's bound, and QUOTA_WINDOW_IDLE if a window never counts.
    """
    if terms is None:
        return
    most = rule.most_tenths((await members.standing(reader, member)).server_most_tenths)
    if rules.exceeds(terms, rule.window, most):
        raise Refusal(
            Code.QUOTA_ABOVE_MOST,
            most=pictures(most),
            wanted=pictures(terms.tenths),
            hours=rule.window_ms // HOUR_MS,
        )
    if rules.has_idle_window(terms, rule.window):
        raise Refusal(Code.QUOTA_WINDOW_IDLE)


def audited(terms: QuotaTerms | None) -> dict[str, Parameter]:
    """Return what the audit keeps of a rule; nothing of one that is removed."""
    return {} if terms is None else {name: each for name, each in asdict(terms).items() if each is not None}
