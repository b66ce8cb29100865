"""Bans and time-outs: a member makes and posts no pictures in a server, and their open jobs end, refunded."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import JobState
from kleinbot.domain.moderation.bans import REASON_CHARACTERS, Ban, BanKind, Target
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.quota import AuditAction
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Transaction
from kleinbot.store.jobs import events, jobs, lookup, tags
from kleinbot.store.members import audit, servers
from kleinbot.store.moderation import bans
from kleinbot.usecases.moderation.access import ban_parameters
from kleinbot.usecases.permissions import require_moderator

MOST_LISTED = 25
_ACTIONS = {BanKind.BAN: AuditAction.BAN, BanKind.TIMEOUT: AuditAction.TIMEOUT}


@dataclass(frozen=True)
class Banned:
    """A ban, the numbers of the jobs that it ended, and what that gave back."""

    ban: Ban
    ended: tuple[int, ...]
    refunded_tenths: int


class BanMembers:
    """For whoever moderates the whole server. Every method raises Refusal NOT_A_MODERATOR for others."""

    def __init__(
        self,
        database: Database,
        scheduler: Scheduler,
        wake_delivery: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._database = database
        self._scheduler = scheduler
        self._wake_delivery = wake_delivery
        self._clock = clock

    async def ban(
        self, actor: Actor, target: Target, kind: BanKind, lasts_ms: int | None, reason: str
    ) -> Banned:
        """Ban a member or time them out for ``lasts_ms``; None: until the ban is lifted.

        Raises Refusal BAN_REFUSED for the actor themselves, the owner and admins, and ALREADY_BANNED. A ban
        may replace a time-out.
        """
        require_moderator(actor)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            until_ms = None if lasts_ms is None else now_ms + lasts_ms
            return await self.ban_in(transaction, actor, target, kind, until_ms, reason)

    async def ban_in(
        self,
        transaction: Transaction,
        actor: Actor,
        target: Target,
        kind: BanKind,
        until_ms: int | None,
        reason: str,
    ) -> Banned:
        """Do what ``ban`` does as a part of ``transaction``, which has accepted the actor's event."""
        _require_bannable(actor, target)
        now_ms = self._clock.now_ms()
        member = MemberKey(actor.server_id, target.member_id)
        earlier = await bans.active(transaction, member, now_ms)
        if earlier is not None and not (earlier.kind is BanKind.TIMEOUT and kind is BanKind.BAN):
            raise Refusal(Code.ALREADY_BANNED, **ban_parameters(earlier))
        reason = one_line(reason, REASON_CHARACTERS)
        ban = Ban(member, kind, reason, actor.member_id, now_ms, until_ms)
        await servers.remember(transaction, actor.server_id, now_ms)
        await bans.put(transaction, ban)
        ended, refunded = await self._end_jobs(transaction, actor, member, now_ms)
        await audit.note(
            transaction, _ACTIONS[kind], actor.member_id, now_ms,
            server_id=member.server_id, member_id=member.member_id,
            details={"until_ms": until_ms or 0, "reason": reason, "jobs": len(ended)},
        )  # fmt: skip
        return Banned(ban, ended, refunded)

    async def lift(self, actor: Actor, member_id: int) -> Ban:
        """End a ban or a time-out now. Raises Refusal NOT_BANNED."""
        require_moderator(actor)
        member = MemberKey(actor.server_id, member_id)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            ban = await bans.active(transaction, member, now_ms)
            if ban is None:
                raise Refusal(Code.NOT_BANNED, member=str(member_id))
            await bans.lift(transaction, member)
            await audit.note(
                transaction, AuditAction.UNBAN, actor.member_id, now_ms,
                server_id=member.server_id, member_id=member_id,
            )  # fmt: skip
        return ban

    async def listed(self, actor: Actor) -> list[Ban]:
        """Return the newest bans and time-outs that hold."""
        require_moderator(actor)
        return await bans.listed(self._database.read, actor.server_id, self._clock.now_ms(), MOST_LISTED)

    async def _end_jobs(
        self, transaction: Transaction, actor: Actor, member: MemberKey, now_ms: int
    ) -> tuple[tuple[int, ...], int]:
        """End the member's open jobs; a running one stops between two steps. Nothing is charged for them."""
        error = Refusal(Code.CANCELLED_BY_MODERATOR, by=str(actor.member_id))
        ended, refunded = [], 0
        for job in await lookup.open_of_member(transaction, member):
            if not await jobs.stop(transaction, job.job_id, JobState.CANCELLED, now_ms, error):
                continue
            # All of them wait as one member's work: the tag after the last withdrawal is the same for each.
            await tags.keep(transaction, self._scheduler.queue.unkept(withdrawn=job.job_id).tags)
            transaction.after_commit(functools.partial(self._scheduler.withdraw, job.job_id))
            stopped = await lookup.by_id(transaction, job.job_id)
            refunded += 0 if stopped is None else stopped.refunded_tenths
            ended.append(job.number)
        transaction.after_commit(self._wake_delivery)
        return tuple(ended), refunded


def _require_bannable(actor: Actor, target: Target) -> None:
    if target.member_id == actor.member_id:
        raise Refusal(Code.BAN_REFUSED, who="self")
    if target.is_owner:
        raise Refusal(Code.BAN_REFUSED, who="host")
    if target.is_admin:
        raise Refusal(Code.BAN_REFUSED, who="admin")
