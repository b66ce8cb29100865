"""The whole hostile corpus, file by file: ``python -m tests.images.hostile``; ``--bot``: over the whole bot.

Each file is read as the bot's reading process reads it (unwrap, decode, size for the model), in a process of
its own that is ended after a minute. Printed are the seconds, the memory, and how long the interpreter was
held at most: a second thread notes the processor time that passed while it wanted to run and could not.
On Linux alone, whose /proc it reads.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

from kleinbot.domain.errors import Refusal
from kleinbot.domain.pixels import Pixels
from kleinbot.images.containers.bare import unwrap
from kleinbot.images.intake_child import reference_of
from kleinbot.images.reference import Sizing
from tests.images.cases import Case
from tests.images.corpus_colour import colour_cases
from tests.images.corpus_hostile import hostile_cases
from tests.images.corpus_odd import odd_cases
from tests.images.corpus_siblings import sibling_cases
from tests.images.corpus_slow import slow_cases

ENDED_AFTER_S = 60.0
TICK_S = 0.002
MIB = 2**20


def every_case() -> Iterator[Case]:
    yield from odd_cases()
    yield from colour_cases()
    yield from hostile_cases()
    yield from sibling_cases()
    yield from slow_cases()


@dataclass(frozen=True)
class Cost:
    """What a file took: seconds on the wall and of the processor, memory above the start."""

    name: str
    end: str
    wall_s: float
    busy_s: float
    peak_mib: float
    held_s: float


class Ticker:
    """A thread that always wants to run; ``longest_s``: how long the process worked and it could not."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._last_s = time.process_time()
        threading.Thread(target=self._run, daemon=True).start()

    def begin(self) -> None:
        self.longest_s, self._last_s = 0.0, time.process_time()

    def end(self) -> float:
        self._note()
        return self.longest_s

    def _run(self) -> None:
        while True:
            time.sleep(TICK_S)
            self._note()

    def _note(self) -> None:
        now_s = time.process_time()
        self.longest_s, self._last_s = max(self.longest_s, now_s - self._last_s), now_s


def memory_mib(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def read(data: bytes) -> Pixels | Refusal:
    try:
        return reference_of(unwrap(data), Sizing())
    except Refusal as refusal:
        return refusal


def cost_of(case: Case, ticker: Ticker) -> Cost:
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: proc_pid_clear_refs(5)
    before_mib = memory_mib("VmRSS:")
    ticker.begin()
    wall_s, busy_s = time.perf_counter(), time.process_time()
    outcome = read(case.data)
    wall_s, busy_s = time.perf_counter() - wall_s, time.process_time() - busy_s
    held_s = ticker.end()
    end = str(outcome.code) if isinstance(outcome, Refusal) else "read"
    return Cost(case.name, end, wall_s, busy_s, memory_mib("VmHWM:") - before_mib, held_s)


def work(first: int) -> None:
    """Read file after file, from number ``first`` on, and tell what each took."""
    ticker = Ticker()
    for number, case in enumerate(every_case()):
        if number >= first:
            tell({"begun": case.name})
            tell(cost_of(case, ticker).__dict__)


def tell(words: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def costs() -> Iterator[Cost]:
    """Yield what each file took. A worker that is ended by one begins again behind it."""
    first = 0
    while True:
        command = [sys.executable, "-m", "tests.images.hostile", "--work", str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            lines: Queue[str] = Queue()
            threading.Thread(target=pump, args=(worker, lines), daemon=True).start()
            begun = None
            try:
                while line := lines.get(timeout=ENDED_AFTER_S):
                    told = json.loads(line)
                    if "begun" in told:
                        begun = told["begun"]
                        continue
                    yield Cost(**told)
                    first, begun = first + 1, None
            except Empty:
                worker.kill()
        if begun is None:
            return
        yield Cost(begun, f"ENDED ({worker.returncode})", ENDED_AFTER_S, 0, 0, 0)
        first += 1


def pump(worker: "subprocess.Popen[str]", lines: "Queue[str]") -> None:
    assert worker.stdout is not None
    for line in worker.stdout:
        lines.put(line)
    lines.put("")


def report(found: list[Cost]) -> None:
    say(f"{len(found)} files; {conditions()}")
    for end, count in Counter(cost.end for cost in found).most_common():
        say(f"  {count:5} {end}")
    say_most("processor seconds", [(cost.busy_s, cost.name) for cost in found])
    say_most("seconds on the wall", [(cost.wall_s, cost.name) for cost in found])
    say_most("MiB above the start", [(cost.peak_mib, cost.name) for cost in found])
    say_most("seconds in which the interpreter was held", [(cost.held_s, cost.name) for cost in found])


def say_most(what: str, values: list[tuple[float, str]]) -> None:
    worst = sorted(values, reverse=True)[:5]
    say(f"most {what}: " + "; ".join(f"{value:.2f} {name}" for value, name in worst))


def conditions() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    load = os.getloadavg()[0]
    python = platform.python_version()
    return f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python {python}, {commit}"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bot", action="store_true", help="send the corpus to the whole bot")
    parser.add_argument("--every", type=int, default=1, help="with --bot: only every so many files")
    parser.add_argument("--only", default="", help="with --bot: only files whose name has this")
    parser.add_argument("--members", type=int, default=1, help="with --bot: how many send files at a time")
    parser.add_argument("--work", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work is not None:
        work(chosen.work)
    elif chosen.bot:
        from tests.images import hostile_bot

        hostile_bot.run(chosen.every, chosen.only, chosen.members)
    else:
        report(list(costs()))


if __name__ == "__main__":
    main()
