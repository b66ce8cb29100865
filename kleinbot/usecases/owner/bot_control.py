"""The owner's controls: list servers, divide the GPU among them, pause, resume and drain.

Each change and its audit row are one transaction. Nothing here shows members' prompts.
"""

import functools
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Parameter, Refusal, StartError
from kleinbot.domain.people import Actor
from kleinbot.domain.ports.picture_judge import JudgeState
from kleinbot.domain.profile import Profile
from kleinbot.domain.quota import AuditAction
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.scheduler.estimates import EndErrors, ErrorSpread
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store import facts
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Reader
from kleinbot.store.jobs import events, tags
from kleinbot.store.members import audit, servers
from kleinbot.store.members.servers import ServerRow
from kleinbot.usecases.owner.server_shares import ServerShares
from kleinbot.usecases.permissions import require_owner
from kleinbot.usecases.quota.quota import QuotaRule

_SERVICE_MODE_FACT = "door"
"""Its first name, which stored rows have."""


async def stored_service_mode(reader: Reader) -> ServiceMode:
    """Return the service mode set before the restart."""
    return ServiceMode(await facts.get(reader, _SERVICE_MODE_FACT) or ServiceMode.OPEN)


@dataclass(frozen=True)
class ActivityCounts:
    """Counts since the start. ``idle_time``: the idle fraction of the time with work. ``batches``: by size.

    ``ends``: how far off the told ends of the last hundred jobs were, over restarts.
    ``out_of_memory``: how often memory ran out, by the fallback that was taken (``domain.work.Fallback``).
    """

    idle_time: float
    estimate: ErrorSpread
    batches: Mapping[int, int]
    out_of_memory: Mapping[str, int]
    ends: EndErrors


@dataclass(frozen=True)
class Health:
    """The state of the process and its machine.

    ``loop_late_s``: the worst delay of the event loop so far; None if unmeasured. ``archive_problem``: why
    the archive is not swept, or only partly; None if all is well. ``clock_ahead_ms``: how far the clock is
    ahead of Discord's; None if that is little or unknown.
    """

    free_bytes: int
    loop_late_s: float | None
    activity: ActivityCounts
    archive_problem: StartError | None
    clock_ahead_ms: int | None
    judge: JudgeState = field(default_factory=JudgeState)


@dataclass(frozen=True)
class BotStatus:
    """The bot's status: its engines, the queue, and the fields of ``Health``.

    ``is_loaded``: the model is on its device, or is just leaving it.
    """

    engine: EngineState
    service_mode: ServiceMode
    profile: Profile
    waiting_images: int
    running_images: int
    free_bytes: int
    loop_late_s: float | None
    activity: ActivityCounts
    archive_problem: StartError | None
    clock_ahead_ms: int | None
    judge: JudgeState
    is_loaded: bool = True


class BotControl:
    """Every method raises Refusal NOT_THE_HOST unless the actor is the owner."""

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
        """Return all known and ``present`` servers, those with most work in the quota's window first.

        A missing ``most_tenths`` becomes the owner's default.
        """
        require_owner(actor)
        known = await servers.listed(self._database.read, self._clock.now_ms() - self._rule.window_ms)
        unseen = sorted(set(present) - {row.server_id for row in known})
        everywhere = (
            *known,
            *(ServerRow(server_id, self._shares.new_server_share, None, 0, 0) for server_id in unseen),
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
        """Set a server's share of the GPU and the most that a member there may be given; None keeps a value.

        Raises Refusal SERVER_UNKNOWN for a server that is neither known nor ``present``.
        """
        require_owner(actor)
        details: dict[str, Parameter] = {}
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
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
                shares = self._shares.copied()
                shares.set_share(server_id, share)
                await tags.keep(transaction, self._scheduler.queue.unkept(weights=shares).tags)
                transaction.after_commit(functools.partial(self._share_changed, server_id, share))
        return next(row for row in await self.servers(actor, present) if row.server_id == server_id)

    def _share_changed(self, server_id: int, share: float) -> None:
        self._shares.set_share(server_id, share)
        self._scheduler.weights_changed()

    async def pause(self, actor: Actor, *, frees: bool = False) -> None:
        """Start no more images. Jobs are still accepted and keep their places.

        ``frees``: the model leaves the graphics card too; what is drawn is finished at once or waits again.
        """
        mode = ServiceMode.FREED if frees else ServiceMode.PAUSED
        await self._set_service_mode(actor, mode, AuditAction.PAUSE)

    async def resume(self, actor: Actor) -> None:
        """Resume normal operation after ``pause`` or ``drain``."""
        await self._set_service_mode(actor, ServiceMode.OPEN, AuditAction.RESUME)

    async def drain(self, actor: Actor) -> None:
        """Finish the queue and accept no new jobs."""
        await self._set_service_mode(actor, ServiceMode.DRAINING, AuditAction.DRAIN)

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
            activity=health.activity,
            archive_problem=health.archive_problem,
            clock_ahead_ms=health.clock_ahead_ms,
            judge=health.judge,
            is_loaded=any(
                each.engine.state.phase in (EnginePhase.READY, EnginePhase.UNLOADING)
                for each in self._scheduler.engines
            ),
        )

    async def _set_service_mode(self, actor: Actor, service_mode: ServiceMode, action: AuditAction) -> None:
        require_owner(actor)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            await facts.note(transaction, _SERVICE_MODE_FACT, service_mode)
            details = {"frees": True} if service_mode is ServiceMode.FREED else None
            await audit.note(transaction, action, actor.member_id, self._clock.now_ms(), details=details)
            transaction.after_commit(lambda: self._service_mode_set(service_mode))

    def _service_mode_set(self, service_mode: ServiceMode) -> None:
        self._scheduler.set_service_mode(service_mode)
        self._service_mode_changed()
