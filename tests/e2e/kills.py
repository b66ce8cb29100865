"""Kills the bot at random moments while members ask for pictures, then checks that everything adds up.

``python -m tests.e2e.kills --kills 200 --seed 1``: each run of the bot is a process that ends by SIGKILL, at
a random moment or at a fault point, or by a clean stop; sometimes a quarter of an hour passes before the next
run. Meanwhile Discord sends events twice, at once and to the next process; uploads hang until their
connection is cut, before or after they became a message; another program locks the database for seconds; and
the owner frees the graphics card and takes it again.
In the end everything that was accepted must be accounted for. Exits with 1 if it is not. Not for Windows.
"""

import argparse
import asyncio
import json
import math
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kleinbot.domain.faults import FaultPoint
from kleinbot.sandbox import FakeDiscord
from tests.e2e.accounts import ARCHIVE, DATABASE, AccountCheck, Seen, numbers, record, rows
from tests.e2e.bot_processes import Bot, BotSpawner, running_spawner
from tests.e2e.card_owner import CardOwner
from tests.e2e.holder import held
from tests.e2e.load_members import Participant, RandomMembers
from tests.e2e.pictures import a_png
from tests.e2e.running_bot import ShiftedClock
from tests.klein.tiny import ensure_tiny

WAIT_S = 60.0
DRAIN_S = 600.0
LOOK_S = 0.3
ENOUGH_WAITING = 30
"""Members stop asking while this many pictures are queued."""

QUARTER_OF_AN_HOUR_S = 16 * 60
REPEATS = 0.4
HANGS_EVERY_S = 8.0
LOCKS_EVERY_S = 15.0
FAULT_S = (0.5, 7.0)
"""The shortest and longest time that an upload hangs or the database is locked."""


@dataclass(frozen=True)
class RunPlan:
    """How a run ends: at a fault point, or ``after_s`` from the process start or from coming online."""

    after_s: float
    from_birth: bool = False
    point: FaultPoint | None = None
    nth: int = 1
    is_clean: bool = False
    passes_s: float = 0.0
    """The time that passes before this run."""

    @property
    def name(self) -> str:
        if self.point is not None:
            return f"{self.point} {self.nth}"
        return ("stop" if self.is_clean else "kill") + (" early" if self.from_birth else "")


def random_plan(chance: random.Random) -> RunPlan:
    """Return a random plan: a third at fault points, a tenth clean, the rest at log-uniform moments."""
    passes_s = QUARTER_OF_AN_HOUR_S if chance.random() < 0.05 else 0.0
    kind = chance.random()
    if kind < 0.1:
        return RunPlan(log_uniform(chance, 0.5, 8), is_clean=True, passes_s=passes_s)
    if kind < 0.35:
        point = chance.choice(list(FaultPoint))
        return RunPlan(12.0, point=point, nth=chance.randint(1, 6), passes_s=passes_s)
    if kind < 0.5:
        return RunPlan(log_uniform(chance, 0.01, 1.5), from_birth=True, passes_s=passes_s)
    return RunPlan(log_uniform(chance, 0.05, 12), passes_s=passes_s)


def log_uniform(chance: random.Random, least: float, most: float) -> float:
    return math.exp(chance.uniform(math.log(least), math.log(most)))


@dataclass
class Tally:
    """Counts over all runs."""

    kills: int = 0
    clean_stops: int = 0
    runs: int = 0
    by_phase: Counter[str] = field(default_factory=Counter)
    by_plan: Counter[str] = field(default_factory=Counter)
    other_ends: Counter[str] = field(default_factory=Counter)
    expiries: int = 0
    hanging_uploads: int = 0
    locks: int = 0


class Run:
    """The stand-in with its people, and one bot process after the other.

    ``speed_up``: how many times faster than usual everything but the bot itself happens.
    """

    def __init__(
        self,
        standin: FakeDiscord,
        spawner: BotSpawner,
        clock: ShiftedClock,
        place: Path,
        seed: int,
        speed_up: float = 1.0,
    ) -> None:
        self.standin = standin
        self.spawner = spawner
        self.clock = clock
        self.chance = random.Random(seed)
        self.speed_up = speed_up
        self.folder = place / "data"
        self.tally = Tally()
        self.ahead_s = 0.0
        self.backlog = 0
        self.uncertain: Counter[str] = Counter()
        address = standin.address(place)
        self.arguments: dict[str, Any] = {
            "folder": str(self.folder),
            "weights": str(ensure_tiny(place / "tiny-klein")),
            "port": address.port,
            "ca_pem_path": str(address.ca_pem_path),
            "token": standin.token,
            "profile": {"largest_batch": 4},
            "settings": {"quota_pictures": 100_000, "quota_everywhere": 1_000_000},
        }
        record(self.folder)
        self.random_members = RandomMembers(
            standin,
            _participants(standin),
            [a_png(seed=seed) for seed in range(3)] + [a_png(300, 200, seed=9)],
            random.Random(seed + 1),
            think_s=2.0 / speed_up,
            may_ask=lambda: self.backlog < ENOUGH_WAITING,
            repeats=REPEATS,
        )
        self.owner = CardOwner(standin, self.chance.random(), speed_up)

    async def runs(self, kills: int) -> None:
        """Run one bot after the other until ``kills`` were killed and some event was repeated."""
        works = (
            self.random_members.act, self._look, self._hang_uploads, self._hold_database, self.owner.act,
        )  # fmt: skip
        tasks = [asyncio.create_task(work()) for work in works]
        try:
            while self.tally.kills < kills or not (
                self.random_members.activity.repeats and self.random_members.activity.promised
            ):
                await self._run_once(random_plan(self.chance))
                for task in tasks:
                    assert not task.done(), task.exception()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.standin.clear_faults()

    async def _look(self) -> None:
        """Keep ``backlog`` up to date."""
        while True:
            self.backlog = await asyncio.to_thread(self._waiting)
            await asyncio.sleep(LOOK_S)

    async def _hang_uploads(self) -> None:
        chance = random.Random(self.chance.random())
        while True:
            hangs_s = chance.uniform(*FAULT_S) / self.speed_up
            self.standin.hang_next_upload(hangs_s, is_done=chance.random() < 0.5)
            self.tally.hanging_uploads += 1
            await asyncio.sleep(chance.expovariate(self.speed_up / HANGS_EVERY_S))

    async def _hold_database(self) -> None:
        chance = random.Random(self.chance.random())
        while True:
            async with held(self.folder / DATABASE):
                self.tally.locks += 1
                await asyncio.sleep(chance.uniform(*FAULT_S) / self.speed_up)
            await asyncio.sleep(chance.expovariate(self.speed_up / LOCKS_EVERY_S))

    def _waiting(self) -> int:
        ((count,),) = rows(self.folder, "SELECT COUNT(*) FROM images WHERE state IN ('waiting', 'running')")
        return int(count)

    async def _run_once(self, plan: RunPlan) -> None:
        self.tally.runs += 1
        if plan.passes_s:
            self.advance(plan.passes_s)
            self.tally.expiries += 1
        bot = await self.start(kill_at=plan.point, nth=plan.nth)
        online = asyncio.create_task(self.standin.online(timeout_s=WAIT_S))
        if not plan.from_birth:
            await asyncio.wait({online, bot.ended}, return_when=asyncio.FIRST_COMPLETED)
        with suppress(TimeoutError):
            await bot.wait(plan.after_s / self.speed_up)
        was_online = self.standin.is_online or (online.done() and not online.exception())
        if plan.is_clean:
            bot.ask_to_stop()
        else:
            bot.kill()
        status = await bot.wait(WAIT_S)
        online.cancel()
        await asyncio.gather(online, return_exceptions=True)
        await self.standin.offline(timeout_s=WAIT_S)
        self._note(plan, status, was_online)

    def _note(self, plan: RunPlan, status: int, was_online: bool) -> None:
        if status == -signal.SIGKILL:
            self.tally.kills += 1
            phase = self.phase(was_online)
            self.tally.by_phase[phase] += 1
        elif status == 0 and plan.is_clean:
            self.tally.clean_stops += 1
            phase = "stopped"
        else:
            phase = f"exit {status}"
            self.tally.other_ends[phase] += 1
        self.tally.by_plan[plan.name.partition(" ")[0]] += 1
        say(
            f"{self.tally.kills:4} {plan.name:16} {plan.after_s:6.2f} s {phase:10} {self.backlog:3} waiting"
            f" {'quarter of an hour' if plan.passes_s else ''}"
        )

    def phase(self, was_online: bool) -> str:
        """Return what the bot was doing when it ended, judged by its rows."""
        drawing = rows(self.folder, "SELECT COUNT(*) FROM attempts WHERE outcome = 'running'")[0][0]
        telling = rows(self.folder, "SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'posting')")[0][0]
        if not was_online:
            return "starting"
        if drawing and telling:
            return "both"
        return "drawing" if drawing else "telling" if telling else "loading" if self._waiting() else "idle"

    async def start(self, **more: Any) -> Bot:
        return await self.spawner.start(self.arguments | {"ahead_s": self.ahead_s, **more})

    def advance(self, seconds: float) -> None:
        self.uncertain.update(
            row["job_id"]
            for row in rows(
                self.folder,
                "SELECT job_id FROM outbox JOIN jobs USING (job_id) WHERE private AND outbox.state != 'sent'",
            )
        )
        self.clock.advance(seconds)
        self.ahead_s += seconds

    async def drain(self) -> None:
        """Let all jobs end, let everybody collect their results, and let the sweep remove ownerless files."""
        bot = await self.start()
        await self.standin.online(timeout_s=WAIT_S)
        await self.owner.resume()
        await self._until("SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')")
        await self._until("SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'posting')")
        while rows(self.folder, "SELECT COUNT(*) FROM outbox WHERE state = 'kept'")[0][0]:
            await self.random_members.look()
        await self.stop(bot)
        for path in (self.folder / ARCHIVE).rglob("*"):
            os.utime(path, (1, 1))  # the sweep judges an hour by the file system's clock
        bot = await self.start()
        await self.standin.online(timeout_s=WAIT_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while any("belongs to nobody" in finding for finding in self.account_check().check()):
                    await asyncio.sleep(LOOK_S)
        await self.stop(bot)

    async def stop(self, bot: Bot) -> None:
        bot.ask_to_stop()
        status = await bot.wait(WAIT_S)
        assert status == 0, status

    async def _until(self, sql: str) -> None:
        async with asyncio.timeout(DRAIN_S):
            while rows(self.folder, sql)[0][0]:
                await asyncio.sleep(LOOK_S)

    def account_check(self) -> AccountCheck:
        channels = tuple(self.standin.state.channels.values())
        return AccountCheck(
            self.folder,
            Seen(channels, self.random_members.activity.promised, self.uncertain),
            is_swept=True,
        )


def _participants(standin: FakeDiscord) -> list[Participant]:
    world = standin.world
    studio, attic = world.add_server("Studio"), world.add_server("Attic")
    participants = []
    for server, names in ((studio, ("ada", "bob", "cleo")), (attic, ("ada", "dora", "emil"))):
        channels = [world.add_channel(server, "pictures"), world.add_channel(server, "more")]
        participants += [
            Participant(world.add_member(server, name), channels[number % 2])
            for number, name in enumerate(names)
        ]
        moderator = world.add_member(server, "mod", permissions=("manage_messages",))
        participants.append(Participant(moderator, channels[0], moderates=True))
    return participants


def summary(run: Run, account_check: AccountCheck, seconds: float) -> dict[str, Any]:
    activity, tally = run.random_members.activity, run.tally
    return {
        "kills": tally.kills,
        "clean stops": tally.clean_stops,
        "runs": tally.runs,
        "other ends": dict(tally.other_ends),
        "kills by phase": dict(tally.by_phase),
        "ends by plan": dict(tally.by_plan),
        "quarters of an hour passed": tally.expiries,
        "uploads that hung": tally.hanging_uploads,
        "times the database was held": tally.locks,
        "times the card was freed": run.owner.frees,
        "actions": dict(activity.actions),
        "events sent again": activity.repeats,
        "unanswered": activity.unanswered,
        "jobs": numbers(run.folder, "SELECT state, COUNT(*) FROM jobs GROUP BY state"),
        "failed for": numbers(
            run.folder, "SELECT error_code, COUNT(*) FROM jobs WHERE state = 'failed' GROUP BY error_code"
        ),
        "images": numbers(run.folder, "SELECT state, COUNT(*) FROM images GROUP BY state"),
        "attempts": numbers(run.folder, "SELECT outcome, COUNT(*) FROM attempts GROUP BY outcome"),
        "batches by size": numbers(
            run.folder,
            "SELECT size, COUNT(*) FROM (SELECT COUNT(*) AS size FROM attempts GROUP BY batch_id, started_ms)"
            " GROUP BY size",
        ),
        "told by": numbers(run.folder, "SELECT way, COUNT(*) FROM outbox GROUP BY way"),
        "ledger": numbers(run.folder, "SELECT kind, COUNT(*) FROM ledger GROUP BY kind"),
        "pictures shown twice": account_check.shown_twice,
        "of which nobody could know": sum(run.uncertain.values()),
        "findings": account_check.findings,
        "seconds": round(seconds),
    }


def say(*values: object) -> None:
    sys.stdout.write(" ".join(str(value) for value in values) + "\n")
    sys.stdout.flush()


async def play(
    spawner: BotSpawner, kills: int, seed: int, place: Path, speed_up: float = 1.0
) -> dict[str, Any]:
    """Return the counts, and under ``findings`` everything that does not add up."""
    started_s = time.monotonic()
    clock = ShiftedClock()
    async with FakeDiscord(now=clock.unix_s) as standin:
        run = Run(standin, spawner, clock, place, seed, speed_up)
        await run.runs(kills)
        await run.drain()
        account_check = run.account_check()
        account_check.check()
        return summary(run, account_check, time.monotonic() - started_s)


def main() -> int:
    """Run one campaign; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="an empty folder for everything, which is then kept")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = chosen.keep or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        with running_spawner(place / "bots.log") as spawner:
            arguments = asyncio.run(play(spawner, chosen.kills, chosen.seed, place))
    say(json.dumps(arguments, indent=1, ensure_ascii=False))
    return 1 if arguments["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
