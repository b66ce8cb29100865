"""The whole bot against the stand-in, in one process: the real client, engine, database and files."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kleinbot.app.container import Externals
from kleinbot.app.lifecycle import App
from kleinbot.app.opening import opened
from kleinbot.config.settings import Settings
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.work import EnginePhase
from kleinbot.engine.protocol import Engine
from kleinbot.hardware.card_memory import CardMemory
from kleinbot.sandbox import Channel, FakeDiscord, Guild, Person, ShownMessage

WAIT_S = 60.0
QUIET = {"joining_post": False, "classifier": "off"}
"""What the channels of most tests must not be given, and what would be downloaded where a GPU draws."""

LOOKS_EVERY_S = 0.005
"""Reading rows takes time from the bot that is being waited for."""


class ShiftedClock:
    """Real time that a test can advance; sleeping tasks notice at once."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self._shift_s = 0.0
        self._moved = asyncio.Event()

    def now_ms(self) -> int:
        return self._real.now_ms() + round(self._shift_s * 1000)

    def monotonic_s(self) -> float:
        return self._real.monotonic_s() + self._shift_s

    def unix_s(self) -> float:
        return self.now_ms() / 1000

    async def sleep(self, seconds: float) -> None:
        until_s = self.monotonic_s() + seconds
        while (left_s := until_s - self.monotonic_s()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), left_s)

    def advance(self, seconds: float) -> None:
        self._shift_s += seconds
        self._moved.set()
        self._moved = asyncio.Event()


@dataclass
class RunningBot:
    """The parts of a running bot that tests use."""

    app: App
    standin: FakeDiscord
    clock: ShiftedClock
    server: Guild
    channel: Channel
    ada: Person
    bob: Person
    moderator: Person

    async def ready(self) -> None:
        changed = asyncio.Event()
        self.app.container.scheduling.engines[0].watch(lambda _: changed.set())
        async with asyncio.timeout(WAIT_S):
            while self.app.container.scheduling.engines[0].state.phase is not EnginePhase.READY:
                assert self.app.container.scheduling.engines[0].state.phase is not EnginePhase.FAILED, (
                    self.app.container.scheduling.engines[0].state
                )
                await changed.wait()
                changed.clear()

    async def until(self, sql: str, value: int) -> None:
        """Wait until a query returns ``value``."""
        async with asyncio.timeout(WAIT_S):
            while await self.number(sql) != value:
                await asyncio.sleep(LOOKS_EVERY_S)

    async def number(self, sql: str) -> int:
        return await self.app.container.base.database.read.number(sql)


@dataclass
class BotEnvironment:
    """The stand-in with its people, in which bots are started and stopped."""

    standin: FakeDiscord
    clock: ShiftedClock
    folder: Path
    weights: Path
    server: Guild
    channel: Channel
    ada: Person
    bob: Person
    moderator: Person
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    """Continues over restarts, as in the real world: job keys are never drawn twice."""

    ready_after_s: float | None = None
    """How long the client waits for one more server before it is ready; None: as long as in production."""

    card_memory: Callable[[], CardMemory | None] | None = None
    """Reads the graphics card in place of a driver."""

    @asynccontextmanager
    async def running_bot(
        self, engine: Engine | None = None, *, exits_with: int = 0, **settings: object
    ) -> AsyncIterator[RunningBot]:
        """Run the bot until the body ends, then stop it cleanly."""
        given: dict[str, Any] = {**QUIET, "weights": self.weights, "device": "cpu", "grace_s": 5, **settings}
        chosen = Settings(data_folder=self.folder, **given)
        options: dict[str, Any] = {"connector": self.standin.connector()}
        if self.ready_after_s is not None:
            options["guild_ready_timeout"] = self.ready_after_s
        externals = Externals(self.clock, self.chance, NoFaults(), options)
        async with opened(chosen, externals, engine, card_memory=self.card_memory) as app:
            running = asyncio.create_task(app.run(self.standin.token))
            bot = RunningBot(
                app, self.standin, self.clock, self.server, self.channel, self.ada, self.bob, self.moderator
            )
            try:
                await self.standin.registered("imagine", timeout_s=WAIT_S)
                await self.standin.online(timeout_s=WAIT_S)
                yield bot
            finally:
                app.request_stop()
                code = await running
            assert code == exits_with


def build_environment(standin: FakeDiscord, clock: ShiftedClock, folder: Path, tiny: Path) -> BotEnvironment:
    folder.mkdir(exist_ok=True)
    server = standin.world.add_server("Studio")
    channel = standin.world.add_channel(server, "pictures")
    add = standin.world.add_member
    return BotEnvironment(
        standin, clock, folder, tiny, server, channel,
        ada=add(server, "ada"), bob=add(server, "bob"),
        moderator=add(server, "mod", permissions=("manage_messages",)),
    )  # fmt: skip


def has_pictures(message: ShownMessage) -> bool:
    return bool(message.pictures)
