"""Measures how long it takes to delete a person and to purge a server among a million jobs.

``python -m tests.store.clearing``: the real use cases and a real file. Beside them a transaction begins every
20 ms, as members' requests do: how long it waits is what they notice. There are no picture files, so the
disk's part in deleting them is not measured. A purge is stopped after ``--purge-s``.
"""

import argparse
import asyncio
import platform
import random
import sys
import tempfile
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from kleinbot.app.container import Externals
from kleinbot.app.opening import opened
from kleinbot.config.settings import Settings
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.people import Actor
from kleinbot.domain.server_settings import ServerSettings
from kleinbot.small_klein import CHECKPOINT
from kleinbot.store.database import Database
from kleinbot.store.members import settings
from tests.images.hostile import conditions
from tests.scripted_engine import ScriptedEngine
from tests.store.million import FIRST_SERVER, HEAVIEST, Scale, build

_EVERY_S = 0.02


class _Waits:
    """How long an empty transaction, and a turn of the event loop, had to wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writes_ms: list[float] = []
        self._late_ms: list[float] = []

    async def _watch(self) -> None:
        while True:
            begun_s = time.perf_counter()
            await asyncio.sleep(_EVERY_S)
            self._late_ms.append((time.perf_counter() - begun_s - _EVERY_S) * 1000)
            begun_s = time.perf_counter()
            async with self._database.transaction():
                self._writes_ms.append((time.perf_counter() - begun_s) * 1000)

    async def during(self, work: Coroutine[Any, Any, None], most_s: float | None = None) -> str:
        """Do ``work`` and return how long it took, and what waited beside it."""
        self._writes_ms.clear()
        self._late_ms.clear()
        watching = asyncio.create_task(self._watch())
        begun_s = time.perf_counter()
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await work
        took_s = time.perf_counter() - begun_s
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        return f"{took_s:.0f} s; others waited {_spread(self._writes_ms)}; loop late {_spread(self._late_ms)}"


def _spread(found_ms: list[float]) -> str:
    ordered = sorted(found_ms) or [0.0]
    return (
        f"{ordered[len(ordered) // 2]:.1f} ms (median), {ordered[len(ordered) * 99 // 100]:.1f} (99 %),"
        f" {ordered[-1]:.1f} (worst)"
    )


async def _measure(folder: Path, purge_s: float) -> None:
    clock = SystemClock()
    given = Settings(data_folder=folder, weights=CHECKPOINT, device="cpu")
    externals = Externals(clock, random.Random(1), NoFaults(), {})
    async with opened(given, externals, ScriptedEngine()) as app:
        database, privacy = app.container.base.database, app.container.usecases.privacy
        waits, reader = _Waits(database), database.read
        of_member = "SELECT COUNT(*) FROM jobs WHERE server_id = ? AND member_id = ?"
        jobs = await reader.number(of_member, FIRST_SERVER, HEAVIEST)
        await privacy.erase.begin(Actor(FIRST_SERVER, HEAVIEST, "en-US"))
        told = await waits.during(privacy.erase.work())
        left = await reader.number(of_member, FIRST_SERVER, HEAVIEST)
        sys.stdout.write(f"/privacy delete, {jobs} jobs ({left} rows stay): {told}\n")

        async with database.transaction() as transaction:
            chosen = ServerSettings(retention_days=30, retention_chosen_ms=1)
            await settings.set_of_server(transaction, FIRST_SERVER, chosen)
        told = await waits.during(privacy.purge.work())
        due = await reader.number("SELECT pictures FROM purges WHERE server_id = ?", FIRST_SERVER)
        sys.stdout.write(f"counting {due} pictures that a purge will take: {told}\n")
        async with database.transaction() as transaction:
            await transaction.change("UPDATE purges SET begins_ms = 0")
        with_file = "SELECT COUNT(*) FROM images WHERE server_id = ? AND file IS NOT NULL AND gone_ms IS NULL"
        before = await reader.number(with_file, FIRST_SERVER)
        told = await waits.during(privacy.purge.work(), purge_s)
        gone = before - await reader.number(with_file, FIRST_SERVER)
        sys.stdout.write(f"purging {gone} of them: {told}\n")


def main() -> int:
    """Build the database, and print the figures with their conditions."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--purge-s", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun_s = time.perf_counter()
        build(Path(folder) / "kleinbot.sqlite3", Scale(jobs=given.jobs, open=0), SystemClock().now_ms())
        built_s = time.perf_counter() - begun_s
        sys.stdout.write(f"Python {platform.python_version()}, {given.jobs} jobs built in {built_s:.0f} s, ")
        sys.stdout.write(f"{conditions()}\n")
        asyncio.run(_measure(Path(folder), given.purge_s))
    return 0


if __name__ == "__main__":
    sys.exit(main())
