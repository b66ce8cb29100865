"""The hostile corpus over the whole bot: ``python -m tests.images.hostile --bot``.

The real client, database, archive and intake run in their own process, with an engine that renders plain
grey; the stand-in and its members run in this one. First nobody sends anything hostile, for comparison; then
some members send the corpus file by file. Meanwhile two others request pictures and send a valid file.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from kleinbot.app.container import real_externals
from kleinbot.app.opening import opened
from kleinbot.config.settings import Settings
from kleinbot.process.signals import stop_on_signals
from kleinbot.sandbox import (
    Address,
    Channel,
    FakeDiscord,
    InteractionHandle,
    Person,
    ShownMessage,
    WaitTimeoutError,
    connector_for,
)
from tests.images.corpus_slow import noise
from tests.images.craft import saved
from tests.scripted_engine import ScriptedEngine

LOOKS_EVERY_S = 0.01
LATE_S = 0.1
SETTLES_S = 5.0
QUIET_S = 20.0
PAUSE_S = 0.3
ANSWER_S = 60.0
MIB = 2**20
REFUSED = ("That ", "I cannot read", "I could not", "I am reading", "You already have")


class Watch(threading.Thread):
    """Records the peak memory of a process and its children."""

    def __init__(self, process_id: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(process_id)
        self.own_mib = self.children_mib = self.child_mib = 0.0

    def run(self) -> None:
        while self._process.is_running():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                children = [memory_mib(child) for child in self._process.children(recursive=True)]
                self.own_mib = max(self.own_mib, memory_mib(self._process))
                self.children_mib = max(self.children_mib, sum(children))
                self.child_mib = max(self.child_mib, *children, 0.0)
            time.sleep(0.1)


def memory_mib(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / MIB


@dataclass
class Lateness:
    """The delay of the bot's event loop. ``busy_s``: the part during which the bot itself used the CPU."""

    late_s: list[float] = field(default_factory=list)
    busy_s: list[float] = field(default_factory=list)

    def clear(self) -> None:
        self.late_s.clear()
        self.busy_s.clear()

    def told(self) -> str:
        if not self.late_s:
            return "never looked at"
        often = sum(late > LATE_S for late in self.busy_s)
        return (
            f"at most {1000 * max(self.late_s):.0f} ms late on the wall, {1000 * max(self.busy_s):.0f} ms by"
            f" its own work; {often} of {len(self.late_s)} looks above {1000 * LATE_S:.0f} ms by its own work"
        )


@dataclass
class Notes:
    """The results that the members saw."""

    ends: Counter[str] = field(default_factory=Counter)
    drawn_s: list[float] = field(default_factory=list)
    edited_s: list[float] = field(default_factory=list)
    answered_s: list[float] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)


async def be_the_bot(told: dict[str, str]) -> int:
    """Run the bot until a signal and print its loop's delay every second."""
    connector = connector_for(Address(int(told["port"]), Path(told["ca_pem_path"])))
    externals = replace(real_externals(), client_options={"connector": connector})
    settings = Settings(
        data_folder=Path(told["folder"]),
        device="cpu",
        joining_post=False,
        quota_pictures=100_000,
        quota_everywhere=1_000_000,
    )
    async with opened(settings, externals, ScriptedEngine()) as app:
        telling = asyncio.create_task(tell_lateness())
        with stop_on_signals(app.request_stop):
            try:
                return await app.run(told["token"])
            finally:
                telling.cancel()


async def tell_lateness() -> None:
    worst = (0.0, 0.0)
    told_s = time.monotonic()
    while True:
        due_s, busy_s = time.monotonic() + LOOKS_EVERY_S, time.process_time()
        await asyncio.sleep(LOOKS_EVERY_S)
        late_s = max(0.0, time.monotonic() - due_s)
        worst = max(worst, (late_s, min(late_s, time.process_time() - busy_s)))
        if time.monotonic() - told_s > 0.25:
            sys.stdout.write(json.dumps(worst) + "\n")
            sys.stdout.flush()
            worst, told_s = (0.0, 0.0), time.monotonic()


def run(every: int, only: str, members: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = written(Path(folder), every, only)
        asyncio.run(play(Path(folder), files, members))


def written(folder: Path, every: int, only: str) -> list[Path]:
    """Write the corpus to ``folder`` before the measurement starts."""
    from tests.images.hostile import every_case

    files = []
    for number, case in enumerate(every_case()):
        if number % every == 0 and only in case.name:
            file = folder / f"{number:04}-{case.name.replace('/', '-')[:60]}"
            file.write_bytes(case.data)
            files.append(file)
    return files


@dataclass
class Play:
    """The members, the server and the channel of a run."""

    channel: Channel
    notes: Notes = field(default_factory=Notes)

    async def send(self, person: Person, files: Iterator[Path]) -> None:
        """Send the files one after another, each as an edit."""
        for file in files:
            data = await asyncio.to_thread(file.read_bytes)
            begun_s = time.monotonic()
            handle = await person.command(self.channel, "edit", instruction=file.name, image=data)
            end = await ended(handle)
            self.notes.ends[end] += 1
            self.notes.slowest.append((time.monotonic() - begun_s, file.name))

    async def go_on(self, action: Callable[[], Awaitable[InteractionHandle]], took_s: list[float]) -> None:
        """Request pictures repeatedly until cancelled."""
        while True:
            begun_s = time.monotonic()
            handle = await action()
            await handle.message_where(lambda message: bool(message.pictures), timeout_s=ANSWER_S)
            took_s.append(time.monotonic() - begun_s)
            self.notes.answered_s.append(handle.acknowledged_after_s or 0.0)
            await asyncio.sleep(PAUSE_S)


async def ended(handle: InteractionHandle) -> str:
    try:
        message = await handle.message_where(is_the_end, timeout_s=ANSWER_S)
    except WaitTimeoutError:
        return "NEVER ANSWERED"
    return "drawn" if message.pictures else message.text


def is_the_end(message: ShownMessage) -> bool:
    return bool(message.pictures) or message.text.startswith(REFUSED)


async def play(folder: Path, files: list[Path], members: int) -> None:
    async with FakeDiscord() as standin:
        server = standin.world.add_server("Studio", boost_tier=3)  # allows files of 20 MiB
        channel = standin.world.add_channel(server, "pictures")
        people = [standin.world.add_member(server, f"member{number}") for number in range(members + 2)]
        good = saved(noise(900, 700), "JPEG", quality=90)
        async with bot(standin, folder) as (process, lateness):
            watch = Watch(process.pid)
            watch.start()

            async def others(play: Play) -> None:
                def draws() -> Awaitable[InteractionHandle]:
                    return people[0].command(channel, "imagine", prompt="a red fox")

                def edits() -> Awaitable[InteractionHandle]:
                    return people[1].command(channel, "edit", instruction="a hat", image=good)

                async with asyncio.TaskGroup() as group:
                    group.create_task(play.go_on(draws, play.notes.drawn_s))
                    group.create_task(play.go_on(edits, play.notes.edited_s))

            await asyncio.sleep(SETTLES_S)  # excludes the start from the measurement
            lateness.clear()
            quiet = Play(channel)
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET_S):
                    await others(quiet)
            told("quiet", quiet.notes, lateness, watch)
            lateness.clear()

            loud = Play(channel)
            left = iter(files)
            beside = asyncio.create_task(others(loud))
            await asyncio.gather(*(loud.send(person, left) for person in people[2:]))
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
            told(f"{len(files)} files from {members} members", loud.notes, lateness, watch)
            say(f"another member's edit: {late_beside(quiet.notes.edited_s, loud.notes.edited_s)}")
            say(f"another member's picture: {late_beside(quiet.notes.drawn_s, loud.notes.drawn_s)}")


def late_beside(quiet_s: list[float], loud_s: list[float]) -> str:
    usual_s = statistics.median(quiet_s)
    return f"at most {max(loud_s) - usual_s:.2f} s later than the usual {usual_s:.2f} s"


@asynccontextmanager
async def bot(
    standin: FakeDiscord, folder: Path
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Lateness]]:
    address = standin.address(folder)
    words = {
        "folder": str(folder / "data"),
        "port": str(address.port),
        "ca_pem_path": str(address.ca_pem_path),
        "token": standin.token,
    }
    (folder / "data").mkdir()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.images.hostile_bot", json.dumps(words)), stdout=asyncio.subprocess.PIPE
    )
    lateness = Lateness()
    reading = asyncio.create_task(read_lateness(process, lateness))
    try:
        await standin.online(timeout_s=ANSWER_S)
        await standin.registered("edit", timeout_s=ANSWER_S)
        yield process, lateness
    finally:
        process.terminate()
        say(f"the bot ended with {await asyncio.wait_for(process.wait(), ANSWER_S)}")
        await reading


async def read_lateness(process: asyncio.subprocess.Process, lateness: Lateness) -> None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        with suppress(json.JSONDecodeError, ValueError):
            late_s, busy_s = json.loads(line)
            lateness.late_s.append(late_s)
            lateness.busy_s.append(busy_s)


def told(title: str, notes: Notes, lateness: Lateness, watch: Watch) -> None:
    from tests.images.hostile import conditions

    say(f"{title}; {conditions()}")
    say(f"  the loop: {lateness.told()}")
    readers = f"one reader {watch.child_mib:.0f}, all readers {watch.children_mib:.0f}"
    say(f"  memory: the bot {watch.own_mib:.0f} MiB, {readers}")
    for name, seconds in (
        ("pictures", notes.drawn_s),
        ("edits", notes.edited_s),
        ("first answers", notes.answered_s),
    ):
        if seconds:
            median_s, worst_s = statistics.median(seconds), max(seconds)
            say(f"  others' {name}: {len(seconds)}, median {median_s:.2f} s, at most {worst_s:.2f} s")
    for end, count in notes.ends.most_common():
        say(f"  {count:5} {end}")
    for seconds_each, name in sorted(notes.slowest, reverse=True)[:5]:
        say(f"  {seconds_each:6.2f} s {name}")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(be_the_bot(json.loads(sys.argv[1]))))
