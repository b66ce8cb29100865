"""Times the use cases that members wait for with a million jobs: ``python -m tests.store.paths``.

It builds the database, which takes some minutes, or uses the one that ``--file`` names. Each path runs for
the member of a random job, so a member's frequency is proportional to their jobs. It prints a table with its
conditions.
"""

import argparse
import asyncio
import functools
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

from kleinbot.dispatch.recovery import recover
from kleinbot.domain.capacity import LimitsOnly
from kleinbot.domain.errors import Refusal
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.job_spec import ImageKey, JobKind
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.store.database import Database
from kleinbot.store.delivery import outbox
from kleinbot.store.members import servers
from kleinbot.store.migrations import load_migrations, migrate
from kleinbot.usecases.favourites import Favourites
from kleinbot.usecases.finding.lineage import Lineage
from kleinbot.usecases.history import History, Search, Since
from kleinbot.usecases.quota.quota import QuotaRule
from kleinbot.usecases.quota.quota_view import QuotaView
from kleinbot.usecases.sources import Sources
from tests.manual_clock import START_MS, ManualClock
from tests.scripted_engine import ScriptedEngine
from tests.store.million import FIRST_SERVER, HEAVIEST, Scale, build
from tests.store.searching import fill
from tests.usecase_harness import DAY_MS, UseCaseHarness
from tests.usecase_harness import build as build_studio

_HEAVY = Actor(FIRST_SERVER, HEAVIEST, "en-US")
_RARE = "zeppelin"
"""Occurs in no prompt, so a search for it scans all of them."""


@dataclass(frozen=True)
class Asked:
    """A member, one of their results, and a number in the middle of their pages."""

    actor: Actor
    job_id: str
    position: int
    number: int


@dataclass(frozen=True)
class Figure:
    """The times of one path: wall milliseconds, and CPU milliseconds of all threads.

    CPU time hardly depends on the machine's other load.
    """

    path: str
    wall_ms: tuple[float, ...]
    cpu_ms: tuple[float, ...]

    def __str__(self) -> str:
        columns = (f"{_at(each, share):.1f}" for each in (self.wall_ms, self.cpu_ms) for share in (0.5, 0.99))
        return f"| {self.path} | {' | '.join(columns)} | {len(self.wall_ms)} |"


def _at(milliseconds: tuple[float, ...], share: float) -> float:
    ordered = sorted(milliseconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def _timed(path: str, asks: Iterable[Callable[[], Awaitable[object]]]) -> Figure:
    wall, cpu = [], []
    for ask in asks:
        begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
        await ask()
        wall.append((time.perf_counter() - begun_s) * 1000)
        cpu.append((time.process_time() - begun_cpu_s) * 1000)
    return Figure(path, tuple(wall), tuple(cpu))


class _Paths:
    """The use cases over one database, and the members for whom they run."""

    def __init__(self, harness: UseCaseHarness, subjects: list[Asked], chance: Random) -> None:
        clock, self._harness, self._subjects = harness.clock, harness, subjects
        database = self._database = harness.database
        self._history = History(database, harness.queries, CpuPool(), lambda: None, clock)
        self._favour = Favourites(database, self._history, clock)
        self._sources = Sources(database)
        self._lineage = Lineage(database, self._history)
        self._quota = QuotaView(database, QuotaRule(600, DAY_MS), clock)
        self._chance = chance

    def all(self) -> dict[str, Callable[[Asked], Awaitable[object]]]:
        history = self._history
        return {
            "`/history`, first page": lambda a: history.page(a.actor, Search()),
            "`/history`, a page in the middle": lambda a: history.page(a.actor, Search(), before=a.number),
            "`/history`, one page newer": lambda a: history.page(a.actor, Search(), after=a.number),
            "`/history favourites`": lambda a: history.page(a.actor, Search(favourites=True)),
            "`/history` of the heaviest": lambda _: history.page(_HEAVY, Search()),
            "`/history favourites` of the heaviest": lambda _: history.page(_HEAVY, Search(favourites=True)),
            "`/history text`, two words": lambda a: history.page(a.actor, Search("fox moon")),
            "`/history text`, from the middle": lambda a: history.page(
                a.actor, Search("fox"), before=a.number
            ),
            "`/history text` of the heaviest": lambda _: history.page(_HEAVY, Search("fox moon")),
            "`/history text` of the heaviest, nothing fits": lambda _: history.page(_HEAVY, Search(_RARE)),
            "`/history text` with filters, of the heaviest": lambda _: history.page(
                _HEAVY, Search("fox", kind=JobKind.VARIATIONS, aspect=Aspect.SQUARE, since=Since.MONTH)
            ),
            "*Family tree*": lambda a: self._lineage.of(a.actor, a.job_id),
            "`/show`, a key typed": lambda a: history.choices(a.actor, "fox", 25),
            "`/show`, a key typed, nothing fits": lambda a: history.choices(a.actor, _RARE, 25),
            "`/show`, a key typed by the heaviest": lambda _: history.choices(_HEAVY, _RARE, 25),
            "`/edit picture`, a key typed": lambda a: self._sources.suggest(a.actor, "fox"),
            "`/edit picture`, typed by the heaviest": lambda _: self._sources.suggest(_HEAVY, "fox"),
            "`/cancel`, a key typed, and `/queue`": lambda a: self._harness.queries.queue(a.actor),
            "`/quota`": lambda a: self._quota.mine(a.actor),
            "a button: the result is looked up": lambda a: history.seen(a.actor, a.job_id),
            "a button: *Favourite*": lambda a: self._favour.mark(a.actor, ImageKey(a.job_id, a.position)),
            "after each command: what is kept": self._kept,
            "`/imagine` until it is accepted or refused": self._imagine,
            "`/host servers`": lambda _: servers.listed(self._database.read, START_MS - DAY_MS),
        }

    async def search(self, asked: Asked) -> None:
        with suppress(Refusal):  # the search ends at its time limit
            await self._history.page(asked.actor, Search(f"{_RARE} a"))

    async def _imagine(self, asked: Asked) -> None:
        with suppress(Refusal):  # the heaviest members have spent their quota
            await self._harness.imagine(asked.actor, "a fox")

    async def _kept(self, asked: Asked) -> None:
        owner = MemberKey(asked.actor.server_id, asked.actor.member_id)
        await outbox.undelivered_for(self._database.read, owner, 3)

    async def figure(
        self,
        path: str,
        ask: Callable[[Asked], Awaitable[object]],
        times: int,
        every: list[Asked] | None = None,
    ) -> Figure:
        chosen = self._chance.choices(every or self._subjects, k=times)
        return await _timed(path, [functools.partial(ask, asked) for asked in chosen])


def _subjects(file: Path, chance: Random, most: int) -> list[Asked]:
    """Return results of random jobs, each with its member; members with more jobs occur more often."""
    with sqlite3.connect(file) as connection:
        (last,) = connection.execute("SELECT MAX(rowid) FROM jobs").fetchone()
        found: list[Asked] = []
        while len(found) < most:
            row = connection.execute(
                "SELECT server_id, member_id, job_id, pictures, number FROM jobs"
                " WHERE rowid = ? AND pictures > 0 AND deleted_ms IS NULL AND ended_ms IS NOT NULL",
                (chance.randint(1, last),),
            ).fetchone()
            if row is not None:
                actor = Actor(row[0], row[1], "en-US")
                found.append(Asked(actor, row[2], chance.randrange(row[3]), row[4]))
    connection.close()
    return found


async def measure(file: Path, folder: Path, times: int, seed: int = 1) -> list[Figure]:
    """Time every path ``times`` times on the database ``file``, with an empty archive in ``folder``."""
    clock, chance = ManualClock(START_MS), Random(seed)
    database = await Database.open(file)
    # Unique job ids, even if the same database is measured again.
    harness = build_studio(folder, database, clock, ScriptedEngine(), chance=SystemRandom())
    try:
        paths = _Paths(harness, _subjects(file, chance, 10 * times), chance)
        start = functools.partial(_start, database, harness)
        figures = [await _timed("recovery and the queue built anew", [start] * max(1, times // 30))]
        figures += [await paths.figure(path, ask, times) for path, ask in paths.all().items()]
        heavy = [Asked(_HEAVY, "", 0, 0)]
        figures += [
            await paths.figure("a search through all prompts", paths.search, times),
            await paths.figure("the same by the heaviest", paths.search, max(1, times // 20), heavy),
        ]
    finally:
        await harness.finisher.close()
        await harness.archive.close()
        await database.close()
    return figures


async def _start(database: Database, harness: UseCaseHarness) -> None:
    # No model size, so waiting jobs are kept whatever this engine's profile renders.
    capacity = LimitsOnly(harness.engine.profile)
    fresh = Scheduler([(harness.engine, capacity)], CostModel(1.0), harness.clock)
    await recover(database, fresh, harness.engine.profile, None, harness.clock)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=Scale().jobs)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--file", type=Path, help="a database that tests.store.million built; it is changed")
    given = parser.parse_args()
    scale = Scale(jobs=given.jobs)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = given.file or folder / "kleinbot.sqlite3"
        begun_s = time.monotonic()
        if not file.exists():
            build(file, scale, START_MS)
        migrate(file, load_migrations(), ManualClock(START_MS))
        built_s = time.monotonic() - begun_s
        asyncio.run(fill(file))
        figures = asyncio.run(measure(file, folder, given.times))
        _print(scale, file, built_s, figures)


def _print(scale: Scale, file: Path, built_s: float, figures: list[Figure]) -> None:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    machine = f"{platform.system()}, {os.cpu_count()} cores{load}"
    lines = [
        f"{scale}; {file.stat().st_size / 2**30:.2f} GiB, built in {built_s:.0f} s; {machine};",
        f"SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}",
        "",
        "| path | p50 ms | p99 ms | CPU p50 ms | CPU p99 ms | times |",
        "|---|---|---|---|---|---|",
        *map(str, figures),
    ]
    print("\n".join(lines))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
