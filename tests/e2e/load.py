"""Measures how many commands and presses a second the bot acknowledges in time: ``python -m tests.e2e.load``.

The bot is one process; its engine draws plain grey at once, so every picture is also stored and delivered.
The stand-in with its members is another. Members act at random moments without waiting for answers: of a
hundred actions 40 are ``/imagine``, 40 ``/quota`` and 20 presses of a button under a result. The rate grows
step by step until one action in a hundred waits a second or longer for the first answer, or Discord's three
seconds pass without one. A bisection finds the highest rate in between, which is then held for a minute.
``--rate 50``: only that rate.

Prints a line for each rate, with the processor time of both sides in cores: if the members use a whole core,
they are the bottleneck. Exits with 1 if an action in the last minute was left unanswered.
"""

import argparse
import asyncio
import gc
import json
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from kleinbot.sandbox import Channel, FakeDiscord, InteractionHandle, Person, PersonError, ShownMessage
from tests.e2e.accounts import numbers, rows
from tests.images.hostile import conditions
from tests.processes import started

ACTIONS = {"imagine": 40, "quota": 40, "press": 20}
REMEMBERED_RESULTS = 500
LONGEST_ANSWER_S = 1.0
"""The 99th percentile may not exceed this for a rate to count as held."""

STARTS_S = 120.0
SETTLES_S = 120.0
GROWS = 1.5
BISECTIONS = 3
AFTER_A_FAILED_MINUTE = 0.85
ALL_S = 4 * 3600.0


@dataclass
class LoadServer:
    """A server of the stand-in."""

    channels: Sequence[Channel]
    members: Sequence[Person]


@dataclass
class Result:
    """A message with pictures, and its buttons."""

    message: ShownMessage
    custom_ids: Sequence[str]


@dataclass
class Outcome:
    """The result of holding a rate for some seconds.

    ``waits_s``: until the first answer, infinite for none.
    """

    rate: float
    seconds: float
    waits_s: list[float]
    actions: Counter[str] = field(default_factory=Counter)
    behind_s: float = 0.0
    """The largest delay of the members themselves."""

    bot_cores: float = 0.0
    loop_cores: float = 0.0
    own_cores: float = 0.0

    @property
    def unanswered(self) -> int:
        return sum(map(math.isinf, self.waits_s))

    @property
    def holds(self) -> bool:
        return self.quantile_s(0.99) < LONGEST_ANSWER_S and not self.unanswered

    def quantile_s(self, part: float) -> float:
        ordered = sorted(self.waits_s)
        return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)]

    def report(self) -> str:
        actions = ", ".join(f"{count} {name}" for name, count in sorted(self.actions.items()))
        times = ", ".join(f"p{part:g} {1000 * self.quantile_s(part / 100):.0f}" for part in (50, 99, 100))
        return (
            f"{self.rate:7.1f}/s for {self.seconds:g} s: {times} ms, {self.unanswered} unanswered; {actions};"
            f" cores: bot {self.bot_cores:.2f}, its event loop's thread {self.loop_cores:.2f}, members"
            f" {self.own_cores:.2f};"
            f" members late by {1000 * self.behind_s:.0f} ms at most"
        )


@dataclass
class Load:
    """Members who act at a fixed rate, each action independent of the others."""

    standin: FakeDiscord
    load_servers: Sequence[LoadServer]
    chance: random.Random
    _results: list[Result] = field(default_factory=list)
    _known: set[int] = field(default_factory=set)
    _made: int = 0

    def __post_init__(self) -> None:
        self.standin.state.listeners.append(self._read)

    async def act(self, rate: float, seconds: float) -> Outcome:
        """Send ``rate`` actions a second, and wait for answers as long as Discord does."""
        begun_s = due_s = time.monotonic()
        handles: list[InteractionHandle] = []
        actions: Counter[str] = Counter()
        behind_s = 0.0
        while (due_s := due_s + self.chance.expovariate(rate)) < begun_s + seconds:
            if (early_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(early_s)
            elif len(handles) % 10 == 0:
                await asyncio.sleep(0)
            behind_s = max(behind_s, time.monotonic() - due_s)
            name, handle = await self._action()
            actions[name] += 1
            handles.append(handle)
        await self._answered(handles)
        self.standin.exchanges.clear()  # a minute of them takes a gigabyte
        waits_s = [math.inf if (wait := each.acknowledged_after_s) is None else wait for each in handles]
        return Outcome(rate, seconds, waits_s, actions, behind_s)

    async def _answered(self, handles: Sequence[InteractionHandle]) -> None:
        until_s = time.monotonic() + self.standin.limits.acknowledge_s
        while any(each.kind is None for each in handles) and time.monotonic() < until_s:
            await asyncio.sleep(0.05)

    async def _action(self) -> tuple[str, InteractionHandle]:
        name = self.chance.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        if name == "press" and (pressed := await self._press()) is not None:
            return name, pressed
        load_server = self.chance.choice(self.load_servers)
        person, channel = self.chance.choice(load_server.members), self.chance.choice(load_server.channels)
        if name == "quota":
            return name, await person.command(channel, "quota")
        self._made += 1
        return "imagine", await person.command(channel, "imagine", prompt=f"a red fox {self._made}")

    async def _press(self) -> InteractionHandle | None:
        """Press a random button of one of the newest results; None if there are none."""
        if not self._results:
            return None
        result = self.chance.choice(self._results)
        load_server = next(each for each in self.load_servers if result.message.channel in each.channels)
        try:
            return await self.chance.choice(load_server.members).press(
                result.message, custom_id=self.chance.choice(result.custom_ids)
            )
        except PersonError:  # deleted, or the button was removed
            self._results.remove(result)
            return await self._press()

    def _read(self, event: str, message: ShownMessage) -> None:
        if event == "deleted" or message.id in self._known or message.visible_to is not None:
            return
        if not message.pictures:
            return
        self._known.add(message.id)
        custom_ids = [each.custom_id for each in message.buttons if each.custom_id and not each.disabled]
        if custom_ids:
            self._results.append(Result(message, custom_ids))
            del self._results[:-REMEMBERED_RESULTS]


def add_load_servers(standin: FakeDiscord, members: int, servers: int) -> list[LoadServer]:
    """Add ``members``, spread over ``servers`` with two channels each."""
    load_servers = []
    for number in range(servers):
        server = standin.world.add_server(f"Server {number}")
        channels = [standin.world.add_channel(server, name) for name in ("pictures", "more")]
        people = [
            standin.world.add_member(server, f"member {each}") for each in range(number, members, servers)
        ]
        load_servers.append(LoadServer(channels, people))
    return load_servers


class Measured:
    """A load on a bot in another process, with the processor time of both processes."""

    def __init__(self, load: Load, folder: Path, bot: psutil.Process) -> None:
        self._load = load
        self._folder = folder
        self._processes = (bot, psutil.Process())

    async def at(self, rate: float, seconds: float) -> Outcome:
        """Hold a rate, print the result, and wait until its pictures are delivered."""
        gc.collect()
        before_s, begun_s = self._cpu_s(), time.monotonic()
        outcome = await self._load.act(rate, seconds)
        took_s = time.monotonic() - begun_s
        used = [(after - before) / took_s for after, before in zip(self._cpu_s(), before_s, strict=True)]
        outcome.bot_cores, outcome.loop_cores, outcome.own_cores = used
        say(outcome.report())
        await self._settled()
        return outcome

    def _cpu_s(self) -> list[float]:
        """Return processor seconds: of the bot, of its first thread, and of this process."""
        bot, own = (each.cpu_times() for each in self._processes)
        loop = next(each for each in self._processes[0].threads() if each.id == self._processes[0].pid)
        return [bot.user + bot.system, loop.user_time + loop.system_time, own.user + own.system]

    async def _settled(self) -> None:
        open_jobs = "SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')"
        untold = "SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'posting')"
        async with asyncio.timeout(SETTLES_S):
            while any(rows(self._folder, sql)[0][0] for sql in (open_jobs, untold)):
                await asyncio.sleep(0.5)

    async def found(self, first: float, step_s: float, minute_s: float) -> Outcome:
        """Find the highest rate that is held; return the result of holding it for ``minute_s``."""
        good, bad = 0.0, first
        while (await self.at(bad, step_s)).holds:
            good, bad = bad, GROWS * bad
        for _ in range(BISECTIONS if good else 0):
            middle = (good + bad) / 2
            if (await self.at(middle, step_s)).holds:
                good = middle
            else:
                bad = middle
        rate = good or bad
        while not (outcome := await self.at(rate, minute_s)).holds and rate > 1.0:
            rate *= AFTER_A_FAILED_MINUTE
        return outcome


async def play(chosen: argparse.Namespace, folder: Path) -> bool:
    """Measure; return whether the last rate was held with every action answered."""
    async with FakeDiscord() as standin:
        load_servers = add_load_servers(standin, chosen.members, chosen.servers)
        load = Load(standin, load_servers, random.Random(chosen.seed))
        address = standin.address(folder)
        bot_arguments = {
            "folder": str(folder / "data"),
            "port": address.port,
            "ca_pem_path": str(address.ca_pem_path),
            "token": standin.token,
            "picture_s": chosen.picture_s,
        }
        command = (sys.executable, "-m", "tests.e2e.load_bot", json.dumps(bot_arguments))
        with started(command, ends_s=ALL_S) as process, no_garbage_collection():
            await standin.online(timeout_s=STARTS_S)
            await standin.registered("quota", timeout_s=STARTS_S)
            say(conditions())
            say(f"{chosen.members} members in {chosen.servers} servers, seed {chosen.seed}")
            measured = Measured(load, folder / "data", psutil.Process(process.pid))
            await measured.at(5.0, 3.0)  # the cost of the first requests is excluded
            if chosen.rate is not None:
                outcome = await measured.at(chosen.rate, chosen.seconds)
            else:
                outcome = await measured.found(chosen.first, chosen.step_s, chosen.seconds)
            jobs = numbers(folder / "data", "SELECT state, COUNT(*) FROM jobs GROUP BY state")
            say(f"jobs in all: {jobs}")
            say(conditions())
            process.terminate()
            await asyncio.to_thread(process.wait, STARTS_S)
    return not outcome.unanswered


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep the garbage collector from pausing the members, who take the measurements."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run one measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=3000)
    parser.add_argument("--servers", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, help="hold only this rate, for --seconds")
    parser.add_argument("--first", type=float, default=20.0, help="the rate to begin with")
    parser.add_argument("--step-s", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the last rate is held")
    parser.add_argument("--picture-s", type=float, default=0.0, help="what the engine takes for a picture")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(0 if asyncio.run(play(chosen, Path(folder))) else 1)


if __name__ == "__main__":
    main()
