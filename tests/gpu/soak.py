"""Ten members use the whole program with full-size weights.

``python -m tests.gpu.soak FOLDER --minutes 5 --out RESULTS``. Three phases, in each of which members of three
servers request mixed work through the fake Discord:

1. measures pictures per second, the GPU's idle share, each member's waits, batch sizes, the event loop's
   longest delay after the first pictures, and peak memory;
2. memory is taken away, first so that a batch of one fits, then so that nothing does, and returned;
3. a kernel fails an assertion on the device: the child exits with 86 and its supervisor starts another.

Finally the accounts are checked. The bot is its own process, so its delays exclude those of the fake Discord.
With ``--device cpu --minutes 0.3`` a tiny model is built in FOLDER, out of memory is simulated, and the
assertion is an exit with 86. Prints the results and writes ``soak.json`` and ``bot.log`` to the folder
``--out``.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kleinbot.sandbox import FakeDiscord, InteractionHandle, ShownMessage, WaitTimeoutError
from tests.e2e.accounts import AccountCheck, Seen, numbers, record, rows, waiting_jobs
from tests.e2e.bot_processes import ROOT
from tests.e2e.load_members import Participant, RandomMembers
from tests.e2e.pictures import a_png
from tests.klein.tiny import ensure_tiny

START_S = 180.0
RESULT_S = 240.0
DRAIN_S = 240.0
LOOK_S = 0.3
MEMBERS = 10
ENOUGH_WAITING = 60
MIB = 2**20


@dataclass
class WaitingMembers(RandomMembers):
    """Members who wait for their pictures before their next request."""

    waits_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def _note_wait(self, name: str, participant: Participant, handle: InteractionHandle) -> None:
        if name not in ("imagine", "edit", "vary", "press"):
            return
        started_s = handle.interaction.started_s
        with suppress(WaitTimeoutError):
            message = await handle.message_where(_is_last_word, timeout_s=RESULT_S)
            if message.pictures:
                self.waits_s[participant.person.name].append(time.monotonic() - started_s)


def _is_last_word(message: ShownMessage) -> bool:
    return not message.is_loading and not waiting_jobs(message)


class Soak:
    """The fake Discord with its members, and the supervised bot."""

    def __init__(self, standin: FakeDiscord, place: Path, weights: Path, device: str) -> None:
        self.standin = standin
        self.folder = place / "data"
        self.orders = place / "orders.json"
        self.report = place / "report.json"
        self.device = device
        side_px = 1024 if device == "cuda" else 256
        address = standin.address(place)
        self.arguments: dict[str, Any] = {
            "folder": str(self.folder),
            "weights": str(weights),
            "port": address.port,
            "ca_pem_path": str(address.ca_pem_path),
            "token": standin.token,
            "orders": str(self.orders),
            "report": str(self.report),
            "profile": {"largest_batch": 4},
            # Not compiled: the restart of the third phase would spend minutes on compiling.
            "settings": {"quota_pictures": 100_000, "device": device, "profile_compiled": False},
        }
        record(self.folder)
        self.order()
        self.backlog = 0
        self.random_members = WaitingMembers(
            standin,
            _participants(standin),
            [a_png(side_px, side_px, seed) for seed in range(3)],
            random.Random(1),
            think_s=2.0,
            may_ask=lambda: self.backlog < ENOUGH_WAITING,
        )

    def order(self, **orders: Any) -> None:
        temporary = self.orders.with_suffix(".new")
        temporary.write_text(json.dumps(orders))
        temporary.replace(self.orders)

    def said(self) -> dict[str, Any]:
        """Return the bot's latest report; empty before the first one."""
        return json.loads(self.report.read_text()) if self.report.exists() else {}

    async def until_ready(self, but_not: int | None = None) -> None:
        """Wait until a process other than ``but_not`` is ready."""
        async with asyncio.timeout(START_S):
            while self.said().get("phase") != "ready" or self.said().get("pid") == but_not:
                await asyncio.sleep(LOOK_S)

    @asynccontextmanager
    async def bot(self, log: Path) -> AsyncIterator[None]:
        with log.open("ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.gpu.soak_bot", "parent", json.dumps(self.arguments),
                cwd=ROOT, stdout=stderr, stderr=stderr,
            )  # fmt: skip
        try:
            await self.standin.registered("imagine", timeout_s=START_S)
            await self.standin.online(timeout_s=START_S)
            await self.until_ready()
            yield
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            self.exit_code = await asyncio.wait_for(process.wait(), START_S)

    @asynccontextmanager
    async def members(self) -> AsyncIterator[None]:
        """Run the members during the body, then wait until all their requests have ended."""
        living = asyncio.create_task(self.random_members.act())
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            for task in (living, looking):
                task.cancel()
            await asyncio.gather(living, looking, return_exceptions=True)
        async with asyncio.timeout(DRAIN_S):
            while self.number("SELECT COUNT(*) FROM outbox WHERE state = 'sent'") < self.number(
                "SELECT COUNT(*) FROM jobs"
            ):
                await asyncio.sleep(LOOK_S)
                if self.number("SELECT COUNT(*) FROM outbox WHERE state = 'kept'"):
                    await self.random_members.look()

    async def _look(self) -> None:
        while True:
            self.backlog = self.number("SELECT COUNT(*) FROM images WHERE state IN ('waiting', 'running')")
            await asyncio.sleep(LOOK_S)

    def number(self, sql: str) -> int:
        return int(rows(self.folder, sql)[0][0] or 0)

    async def warm_up(self) -> None:
        """Render one picture of each kind, so that kernels are loaded."""
        participant = self.random_members.participants[0]
        for options in ({"prompt": "a fox"}, {"prompt": "a fox", "count": 4}):
            await _drawn(await participant.person.command(participant.channel, "imagine", **options))
        for count in (1, 2):
            names = ("image", "reference-1")[:count]
            pictures = dict(zip(names, self.random_members.pictures, strict=False))
            options = {"instruction": "winter", "count": 1, **pictures}
            await _drawn(await participant.person.command_with(participant.channel, "edit", options))

    async def first_act(self, seconds: float) -> dict[str, Any]:
        self.order(reset=1)
        before = self.said()
        while self.said().get("reset") != 1:
            await asyncio.sleep(LOOK_S)
        jobs, began_s, began_ms = self.number("SELECT COUNT(*) FROM jobs"), time.monotonic(), _now_ms()
        async with self.members():
            await asyncio.sleep(seconds)
            drawn = self.number(f"SELECT COUNT(*) FROM images WHERE finished_ms >= {began_ms}")
            took_s = time.monotonic() - began_s
            said = self.said()
        busy_s, idle_s = said["busy_s"] - before["busy_s"], said["idle_s"] - before["idle_s"]
        return {
            "seconds": round(took_s, 1),
            "jobs": self.number("SELECT COUNT(*) FROM jobs") - jobs,
            "pictures": drawn,
            "pictures per second": round(drawn / took_s, 3),
            "card busy, s": round(busy_s, 1),
            "card idle while work waited, share": round(idle_s / (busy_s + idle_s), 4) if busy_s else None,
            "event loop's worst delay, ms": round(1000 * said["worst_delay_s"]),
            "peak allocated, MiB": said["peak_allocated_bytes"] // MIB,
            "peak reserved, MiB": said["peak_reserved_bytes"] // MIB,
            "waits p50 / p99, s": {
                name: [round(statistics.median(waits), 2), round(_p99(waits), 2), len(waits)]
                for name, waits in sorted(self.random_members.waits_s.items())
            },
            "batches by size": numbers(
                self.folder,
                "SELECT size, COUNT(*) FROM (SELECT COUNT(*) AS size FROM attempts"
                f" WHERE started_ms >= {began_ms} GROUP BY batch_id, started_ms) GROUP BY size",
            ),
        } | self._ended_since(began_ms)

    async def second_act(self, seconds: float) -> dict[str, Any]:
        began_ms, pid = _now_ms(), self.said()["pid"]
        async with self.members():
            for memory, part in (("tight", 0.5), ("none", 0.2), ("all", 0.3)):
                self.order(memory=memory)
                await asyncio.sleep(part * seconds)
        return {"same process": self.said()["pid"] == pid} | self._ended_since(began_ms)

    async def third_act(self, seconds: float) -> dict[str, Any]:
        began_ms, pid = _now_ms(), self.said()["pid"]
        async with self.members():
            await asyncio.sleep(seconds / 4)
            self.order(breaks=True)
            began_s = time.monotonic()
            await self.until_ready(but_not=pid)
            back_s = time.monotonic() - began_s
            await asyncio.sleep(seconds / 2)
        return {"order to ready again, s": round(back_s, 1)} | self._ended_since(began_ms)

    def _ended_since(self, began_ms: int) -> dict[str, Any]:
        since = f"WHERE ended_ms >= {began_ms}"
        return {
            "jobs ended": numbers(self.folder, f"SELECT state, COUNT(*) FROM jobs {since} GROUP BY state"),
            "failed for": numbers(
                self.folder,
                f"SELECT error_code, COUNT(*) FROM jobs {since} AND state = 'failed' GROUP BY error_code",
            ),
            "attempts": numbers(
                self.folder, f"SELECT outcome, COUNT(*) FROM attempts {since} GROUP BY outcome"
            ),
        }

    def account_check(self) -> AccountCheck:
        channels = tuple(self.standin.state.channels.values())
        return AccountCheck(self.folder, Seen(channels, self.random_members.activity.promised))


def _participants(standin: FakeDiscord) -> list[Participant]:
    world = standin.world
    servers = [world.add_server(name) for name in ("Studio", "Attic", "Cellar")]
    channels = [world.add_channel(server, "pictures") for server in servers]
    return [
        Participant(world.add_member(servers[number % 3], f"member {number}"), channels[number % 3])
        for number in range(MEMBERS)
    ]


async def _drawn(handle: InteractionHandle) -> None:
    await handle.message_where(lambda message: bool(message.pictures), timeout_s=RESULT_S)


def _p99(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


def _now_ms() -> int:
    return round(time.time() * 1000)


def say(*values: object) -> None:
    sys.stdout.write(" ".join(str(value) for value in values) + "\n")
    sys.stdout.flush()


async def play(weights: Path, device: str, minutes: float, harm_s: float, place: Path, out: Path) -> bool:
    """Return whether all accounts are correct."""
    report: dict[str, Any] = {}

    def note(name: str, what: Any) -> None:
        report[name] = what
        (out / "soak.json").write_text(json.dumps(report, indent=1))
        say(name, json.dumps(what))

    async with FakeDiscord() as standin:
        soak = Soak(standin, place, weights, device)
        async with soak.bot(out / "bot.log"):
            began_s = time.monotonic()
            await soak.warm_up()
            say(f"warm after {time.monotonic() - began_s:.1f} s")
            note("work", await soak.first_act(60 * minutes))
            note("out of memory", await soak.second_act(harm_s))
            note("device-side assert", await soak.third_act(harm_s))
        activity, account_check = soak.random_members.activity, soak.account_check()
        account_check.check()
        note("exit code", soak.exit_code)
        note(
            "actions",
            dict(activity.actions) | {"unanswered": activity.unanswered, "offline": activity.offline},
        )
        note("pictures shown twice", account_check.shown_twice)
        note("findings", account_check.findings)
    log = (out / "bot.log").read_text(errors="replace")
    note(
        "lines in the log", {word: log.count(word) for word in ("did not fit", "Traceback", "event loop was")}
    )
    return not account_check.findings and soak.exit_code == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--harm-s", type=float, default=40.0, help="seconds of each of the other two acts")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.device == "cpu":
        ensure_tiny(chosen.folder)
    with tempfile.TemporaryDirectory() as temporary:
        is_fine = asyncio.run(
            play(
                chosen.folder, chosen.device, chosen.minutes, chosen.harm_s, Path(temporary), chosen.out
            )
        )  # fmt: skip
    sys.exit(0 if is_fine else 1)
