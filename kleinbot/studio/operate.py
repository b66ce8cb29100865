"""What the host may do: see every server, share out the card, and stop and go on with the work.

Each change and its audit row are one transaction. Nothing here shows what members asked for.
"""

import asyncio
import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from kleinbot.domain.clock import Clock
from kleinbot.domain.door import Door
from kleinbot.domain.errors import Code, Parameter, Refusal, StartError
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import Deed
from kleinbot.domain.work import EngineState
from kleinbot.host.profile import Profile
from kleinbot.queueing.estimates import ErrorSpread
from kleinbot.queueing.line import Line
from kleinbot.store import audit, events, facts, servers
from kleinbot.store.database import MEMBER_PATIENCE_S, Database, Reader
from kleinbot.store.servers import ServerRow
from kleinbot.studio.power import require_host
from kleinbot.studio.quota import QuotaRule
from kleinbot.studio.shares import Shares

_DOOR_FACT = "door"


class Doorkeeper:
    """Knows the door's state, in memory and in the row that survives a restart."""

    def __init__(self) -> None:
        self.door = Door.OPEN

    async def load(self, reader: Reader) -> None:
        """Take over what was decided before the restart."""
        self.door = Door(await facts.recall(reader, _DOOR_FACT) or Door.OPEN)


@dataclass(frozen=True)
class Tallies:
    """What was counted since the start. ``idle_share``: of the time with work; ``batches``: by size.

    ``out_of_memory``: how often memory did not suffice, by what was done about it (``domain.work.Rung``).
    """

    idle_share: float
    estimate: ErrorSpread
    batches: Mapping[int, int]
    out_of_memory: Mapping[str, int]


@dataclass(frozen=True)
class HouseStatus:
    """How the bot is. ``loop_late_s``: the worst delay of the event loop so far; None where unmeasured.

    ``archive_problem``: why the archive is not swept, or not wholly; None where all is well.
    ``clock_ahead_ms``: by how much the clock is ahead of Discord's; None where that is little or unknown.
    """

    engine: EngineState
    door: Door
    profile: Profile
    waiting_images: int
    running_images: int
    free_bytes: int
    loop_late_s: float | None
    tallies: Tallies
    archive_problem: StartError | None
    clock_ahead_ms: int | None


class Operate:
    """Every method raises Refusal NOT_THE_HOST for anybody else."""

    def __init__(
        self,
        *,
        database: Database,
        line: Line,
        shares: Shares,
        doorkeeper: Doorkeeper,
        rule: QuotaRule,
        profile: Profile,
        engine_state: Callable[[], EngineState],
        free_bytes: Callable[[], int],
        archive_problem: Callable[[], StartError | None],
        clock_ahead_ms: Callable[[], int | None],
        loop_late_s: Callable[[], float | None],
        tallies: Callable[[], Tallies],
        door_moved: Callable[[], None],
        clock: Clock,
    ) -> None:
        """``door_moved`` is called after each change of the door, on the event loop."""
        self._database = database
        self._line = line
        self._shares = shares
        self._doorkeeper = doorkeeper
        self._rule = rule
        self._profile = profile
        self._engine_state = engine_state
        self._free_bytes = free_bytes
        self._archive_problem = archive_problem
        self._clock_ahead_ms = clock_ahead_ms
        self._loop_late_s = loop_late_s
        self._tallies = tallies
        self._door_moved = door_moved
        self._clock = clock

    async def servers(self, actor: Actor, present: Collection[int]) -> tuple[ServerRow, ...]:
        """Return the servers that were ever seen or are ``present``, the busiest in a window's time first.

        Their ``most_tenths`` is filled in with the host's default.
        """
        require_host(actor)
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
        require_host(actor)
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
                    transaction, Deed.SHARE, actor.member_id, self._clock.now_ms(), server_id=server_id,
                    details=details,
                )  # fmt: skip
            if share is not None:
                transaction.once_committed(functools.partial(self._share_changed, server_id, share))
        return next(row for row in await self.servers(actor, present) if row.server_id == server_id)

    def _share_changed(self, server_id: int, share: float) -> None:
        self._shares.set_share(server_id, share)
        self._line.weights_changed()

    async def pause(self, actor: Actor) -> None:
        """Begin no more pictures; jobs are still accepted and keep their places."""
        await self._move(actor, Door.PAUSED, Deed.PAUSE)

    async def resume(self, actor: Actor) -> None:
        """Work as usual again, after ``pause`` and after ``drain``."""
        await self._move(actor, Door.OPEN, Deed.RESUME)

    async def drain(self, actor: Actor) -> None:
        """Finish what is in line and accept nothing new."""
        await self._move(actor, Door.DRAINING, Deed.DRAIN)

    async def status(self, actor: Actor) -> HouseStatus:
        require_host(actor)
        return HouseStatus(
            engine=self._engine_state(),
            door=self._doorkeeper.door,
            profile=self._profile,
            waiting_images=len(self._line.waiting),
            running_images=len(self._line.running),
            free_bytes=await asyncio.to_thread(self._free_bytes),  # a lost network share may take long
            loop_late_s=self._loop_late_s(),
            tallies=self._tallies(),
            archive_problem=self._archive_problem(),
            clock_ahead_ms=self._clock_ahead_ms(),
        )

    async def _move(self, actor: Actor, door: Door, deed: Deed) -> None:
        require_host(actor)
        async with self._database.transaction(MEMBER_PATIENCE_S) as transaction:
            await events.accept(transaction, actor, self._clock.now_ms())
            await facts.note(transaction, _DOOR_FACT, door)
            await audit.note(transaction, deed, actor.member_id, self._clock.now_ms())
            transaction.once_committed(lambda: self._moved(door))

    def _moved(self, door: Door) -> None:
        self._doorkeeper.door = door
        self._door_moved()
