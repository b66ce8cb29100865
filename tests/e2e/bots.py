"""Runs bots in separate processes in one environment, one after the other."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any

from kleinbot.domain.faults import FaultPoint
from tests.e2e.bot_processes import Bot, BotSpawner
from tests.e2e.running_bot import BotEnvironment

START_S = 60.0


def bot_arguments(environment: BotEnvironment, **more: Any) -> dict[str, Any]:
    """Return the arguments of ``tests.e2e.child``."""
    address = environment.standin.address(environment.folder.parent)
    return {
        "folder": str(environment.folder),
        "weights": str(environment.weights),
        "port": address.port,
        "ca_pem_path": str(address.ca_pem_path),
        "token": environment.standin.token,
        **more,
    }


@dataclass(frozen=True)
class Bots:
    environment: BotEnvironment
    spawner: BotSpawner

    @asynccontextmanager
    async def one(self, kill_at: FaultPoint | None = None, nth: int = 1, **more: Any) -> AsyncIterator[Bot]:
        """Run a bot until the body ends, which may kill or stop it; it is online when the body begins."""
        standin = self.environment.standin
        bot = await self.spawner.start(bot_arguments(self.environment, kill_at=kill_at, nth=nth, **more))
        try:
            await standin.online(timeout_s=START_S)
            await standin.registered("imagine", timeout_s=START_S)
            yield bot
        finally:
            bot.kill()
            await bot.ended
            await standin.offline(timeout_s=START_S)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.environment.folder / "kleinbot.sqlite3")) as connection:
            return connection.execute(sql).fetchall()


async def stopped(bot: Bot) -> int:
    """Stop a bot as an owner does; return its exit code."""
    bot.ask_to_stop()
    return await bot.wait(START_S)
