"""What the owner may do: see every server, divide the GPU among them, pause and resume the work.

Each change and its audit row are one transaction. Nothing here shows what members asked for.
"""

import functools
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Parameter, Refusal, StartError
from kleinbot.domain.people import Actor
from kleinbot.domain.profile import Profile
from kleinbot.domain.quota import AuditAction
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import EngineState
from kleinbot.scheduler.estimates import ErrorSpread
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store import facts
from kleinbot.store.database import MEMBER_PATIENCE_S, Database, Reader
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, servers
from kleinbot.store.members.servers import ServerRow
from kleinbot.usecases.owner.server_shares import ServerShares
from kleinbot.usecases.permissions import require_owner
from kleinbot.usecases.quota.quota import QuotaRule

_SERVICE_MODE_FACT = "door"


async def stored_service_mode(reader: Reader) -> ServiceMode:
    """Return the service mode that was decided before the restart."""
    return ServiceMode(await facts.get(reader, _SERVICE_MODE_FACT) or ServiceMode.OPEN)


@dataclass(frozen=True)
class ActivityCounts:
    """Counts since the start. ``idle_time``: the idle part of the time with work. ``batches``: by size.

    ``out_of_memory``: how often memory did not suffice, by what was done about it (``domain.work.Fallback``).
    """

    idle_time: float
    estimate: ErrorSpread
    batches: Mapping[int, int]
    out_of_memory: Mapping[str, int]


@dataclass(frozen=True)
class Health:
    """How the process and its machine are.

    ``loop_late_s``: the worst delay of the event loop so far; None where unmeasured. ``archive_problem``: why
    the archive is not swept, or only in part; None where all is well. ``clock_ahead_ms``: by how much the
    clock is ahead of Discord's; None where that is little or unknown.
    """

    free_bytes: int
    loop_late_s: float | None
    tallies: ActivityCounts
    archive_problem: StartError | None
    clock_ahead_ms: int | None


@dataclass(frozen=True)
class BotStatus:
    """How the bot is: what its engines do, what waits, and the fields of ``Health``."""

    engine: EngineState
    service_mode: ServiceMode
    profile: Profile
    waiting_images: int
    running_images: int
    free_bytes: int
    loop_late_s: float | None
    tallies: ActivityCounts
    archive_problem: StartError | None
    clock_ahead_ms: int | None


class BotControl:
    """Every method raises Refusal NOT_THE_HOST for anybody but the owner."""

    def __init__(
        self,
        *,
        database: Database,
        scheduler: Scheduler,
        shares: ServerShares,
        rule: QuotaRule,
        health: Callable[[], Awaitable[Health]],
        service_mode_changed: Callable[[], None],
        clock: Clock,
    ) -> None:
        """``service_mode_changed`` is called on the event loop, after the scheduler has changed."""
        self._database = database
        self._scheduler = scheduler
        self._shares = shares
        self._rule = rule
        self._health = health
        self._service_mode_changed = service_mode_changed
        self._clock = clock

    async def servers(self, actor: Actor, present: Collection[int]) -> tuple[ServerRow, ...]:
        """Return the servers that were ever seen or are ``present``, those with most work first.

        The work counts that was asked for within the quota's window. A missing ``most_tenths`` becomes the
        owner's default.
        """
        require_owner(actor)
        known = await servers.listed(self._database.read, self._clock.now_ms() - self._rule.window_ms)
        unseen = sorted(set(present) - {row.server_id for row in known})
        everywhere = (
            *known,
            *(ServerRow(server_id, self._shares.newcomer, None, 0, 0) for server_id in unseen),
        )
        return tuple(replace(row, most_tenths=self._rule.most_tenths(row.most_tenths)) for row in everywhere)

    async def share(
        self,
        actor: Actor,
        server_id: int,
        present: Collection[int],
        share: float | None,
        most_tenths: int | None,
    ) -> ServerRow:
        """Set a server's share of the GPU, and the most that a member there may be given; None keeps it.

        Raises Refusal SERVER_UNKNOWN for a server that was never seen and is not ``present``.
        """
        require_owner(actor)
        details: dict[str, Parameter] = {}
        async with self._database.transaction(MEMBER_PATIENCE_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            if server_id not in present and not await servers.is_known(transaction, server_id):
                raise Refusal(Code.SERVER_UNKNOWN)
            await servers.remember(transaction, server_id, self._clock.now_ms())
            if share is not None:
                await servers.set_share(transaction, server_id, share)
                details["share"] = share
            if most_tenths is not None:
                await servers.set_most(transaction, server_id, most_tenths)
                details["most_tenths"] = most_tenths
            if details:
                await audit.note(
                    transaction,
                    AuditAction.SHARE,
                    actor.member_id,
                    self._clock.now_ms(),
                    server_id=server_id,
                    details=details,
                )
            if share is not None:
                transaction.once_committed(functools.partial(self._share_changed, server_id, share))
        return next(row for row in await self.servers(actor, present) if row.server_id == server_id)

    def _share_changed(self, server_id: int, share: float) -> None:
        self._shares.set_share(server_id, share)
        self._scheduler.weights_changed()

    async def pause(self, actor: Actor) -> None:
        """Begin no more images; jobs are still accepted and keep their places."""
        await self._move(actor, ServiceMode.PAUSED, AuditAction.PAUSE)

    async def resume(self, actor: Actor) -> None:
        """Work as usual again, after ``pause`` and after ``drain``."""
        await self._move(actor, ServiceMode.OPEN, AuditAction.RESUME)

    async def drain(self, actor: Actor) -> None:
        """Finish what is in the queue and accept nothing new."""
        await self._move(actor, ServiceMode.DRAINING, AuditAction.DRAIN)

    async def status(self, actor: Actor) -> BotStatus:
        require_owner(actor)
        health = await self._health()
        return BotStatus(
            engine=self._scheduler.engine_state(),
            service_mode=self._scheduler.service_mode,
            profile=self._scheduler.engines[0].engine.profile,
            waiting_images=self._scheduler.queue.waiting_count,
            running_images=len(self._scheduler.queue.running),
            free_bytes=health.free_bytes,
            loop_late_s=health.loop_late_s,
            tallies=health.tallies,
            archive_problem=health.archive_problem,
            clock_ahead_ms=health.clock_ahead_ms,
        )

    async def _move(self, actor: Actor, service_mode: ServiceMode, deed: AuditAction) -> None:
        require_owner(actor)
        async with self._database.transaction(MEMBER_PATIENCE_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            await facts.note(transaction, _SERVICE_MODE_FACT, service_mode)
            await audit.note(transaction, deed, actor.member_id, self._clock.now_ms())
            transaction.once_committed(lambda: self._moved(service_mode))

    def _moved(self, service_mode: ServiceMode) -> None:
        self._scheduler.set_service_mode(service_mode)
        self._service_mode_changed()
