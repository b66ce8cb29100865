"""What the host may do: see every server, share out the card, and stop and go on with the work.

Each change and its audit row are one transaction. Nothing here shows what members asked for.
"""

import asyncio
import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, Parameter, Refusal, StartError
from kleinbot.domain.people import Actor
from kleinbot.domain.profile import Profile
from kleinbot.domain.quota import AuditAction
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import EngineState
from kleinbot.scheduler.estimates import ErrorSpread
from kleinbot.scheduler.queue import ImageQueue
from kleinbot.store import facts
from kleinbot.store.database import MEMBER_PATIENCE_S, Database, Reader
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, servers
from kleinbot.store.members.servers import ServerRow
from kleinbot.usecases.owner.server_shares import ServerShares
from kleinbot.usecases.permissions import require_owner
from kleinbot.usecases.quota.quota import QuotaRule

_DOOR_FACT = "door"


class ServiceModeStore:
    """Knows the door's state, in memory and in the row that survives a restart."""

    def __init__(self) -> None:
        self.service_mode = ServiceMode.OPEN

    async def load(self, reader: Reader) -> None:
        """Take over what was decided before the restart."""
        self.service_mode = ServiceMode(await facts.recall(reader, _DOOR_FACT) or ServiceMode.OPEN)


@dataclass(frozen=True)
class ActivityCounts:
    """What was counted since the start. ``idle_share``: of the time with work; ``batches``: by size.

    ``out_of_memory``: how often memory did not suffice, by what was done about it (``domain.work.Rung``).
    """

    idle_time: float
    estimate: ErrorSpread
    batches: Mapping[int, int]
    out_of_memory: Mapping[str, int]


@dataclass(frozen=True)
class BotStatus:
    """How the bot is. ``loop_late_s``: the worst delay of the event loop so far; None where unmeasured.

    ``archive_problem``: why the archive is not swept, or not wholly; None where all is well.
    ``clock_ahead_ms``: by how much the clock is ahead of Discord's; None where that is little or unknown.
    """

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
    """Every method raises Refusal NOT_THE_HOST for anybody else."""

    def __init__(
        self,
        *,
        database: Database,
        queue: ImageQueue,
        shares: ServerShares,
        service_modes: ServiceModeStore,
        rule: QuotaRule,
        profile: Profile,
        engine_state: Callable[[], EngineState],
        free_bytes: Callable[[], int],
        archive_problem: Callable[[], StartError | None],
        clock_ahead_ms: Callable[[], int | None],
        loop_late_s: Callable[[], float | None],
        tallies: Callable[[], ActivityCounts],
        service_mode_changed: Callable[[], None],
        clock: Clock,
    ) -> None:
        """``door_moved`` is called after each change of the door, on the event loop."""
        self._database = database
        self._queue = queue
        self._shares = shares
        self._service_modes = service_modes
        self._rule = rule
        self._profile = profile
        self._engine_state = engine_state
        self._free_bytes = free_bytes
        self._archive_problem = archive_problem
        self._clock_ahead_ms = clock_ahead_ms
        self._loop_late_s = loop_late_s
        self._tallies = tallies
        self._service_mode_changed = service_mode_changed
        self._clock = clock

    async def servers(self, actor: Actor, present: Collection[int]) -> tuple[ServerRow, ...]:
        """Return the servers that were ever seen or are ``present``, the busiest in a window's time first.

        Their ``most_tenths`` is filled in with the host's default.
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
        """Set a server's share of the card, and what one member there may be given; None leaves it.

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
        self._queue.weights_changed()

    async def pause(self, actor: Actor) -> None:
        """Begin no more pictures; jobs are still accepted and keep their places."""
        await self._move(actor, ServiceMode.PAUSED, AuditAction.PAUSE)

    async def resume(self, actor: Actor) -> None:
        """Work as usual again, after ``pause`` and after ``drain``."""
        await self._move(actor, ServiceMode.OPEN, AuditAction.RESUME)

    async def drain(self, actor: Actor) -> None:
        """Finish what is in line and accept nothing new."""
        await self._move(actor, ServiceMode.DRAINING, AuditAction.DRAIN)

    async def status(self, actor: Actor) -> BotStatus:
        require_owner(actor)
        return BotStatus(
            engine=self._engine_state(),
            service_mode=self._service_modes.service_mode,
            profile=self._profile,
            waiting_images=len(self._queue.waiting),
            running_images=len(self._queue.running),
            free_bytes=await asyncio.to_thread(self._free_bytes),  # a lost network share may take long
            loop_late_s=self._loop_late_s(),
            tallies=self._tallies(),
            archive_problem=self._archive_problem(),
            clock_ahead_ms=self._clock_ahead_ms(),
        )

    async def _move(self, actor: Actor, service_mode: ServiceMode, deed: AuditAction) -> None:
        require_owner(actor)
        async with self._database.transaction(MEMBER_PATIENCE_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            await facts.note(transaction, _DOOR_FACT, service_mode)
            await audit.note(transaction, deed, actor.member_id, self._clock.now_ms())
            transaction.once_committed(lambda: self._moved(service_mode))

    def _moved(self, service_mode: ServiceMode) -> None:
        self._service_modes.service_mode = service_mode
        self._service_mode_changed()
