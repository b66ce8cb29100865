"""Bots that start within a second: a process that has imported everything forks one for each start.

``python -m tests.e2e.bot_processes`` reads a line of JSON for each start (the arguments of
``tests.e2e.child``), and writes the new process's id and, once that has ended, its status. One bot runs at a
time. The process has no threads of its own when it forks. Not for Windows, which cannot fork.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import ENDS_S, end_all, marked

ROOT = Path(__file__).parents[2]
_COMMAND = (sys.executable, "-m", "tests.e2e.bot_processes")


@dataclass(frozen=True)
class Bot:
    """A running bot. ``ended`` is its status as in ``subprocess``: negative for a signal."""

    pid: int
    ended: "asyncio.Task[int]"

    def kill(self) -> None:
        """Kill the process without warning; does nothing if it has ended."""
        self._signal(signal.SIGKILL)

    def ask_to_stop(self) -> None:
        self._signal(signal.SIGTERM)

    async def wait(self, timeout_s: float) -> int:
        return await asyncio.wait_for(asyncio.shield(self.ended), timeout_s)

    def _signal(self, number: int) -> None:
        if not self.ended.done():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class BotSpawner:
    """The client of the forking process, for any event loop; ``running_spawner`` creates one."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    async def start(self, arguments: dict[str, Any]) -> Bot:
        """Start a bot; the previous one must have ended. The caller must end the bot."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(arguments).encode() + b"\n")
        self._process.stdin.flush()
        pid = await asyncio.to_thread(self._number)
        return Bot(pid, asyncio.create_task(asyncio.to_thread(self._number)))

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextmanager
def running_spawner(log: Path) -> Iterator[BotSpawner]:
    """Run a spawner; its output and its bots' goes to ``log``."""
    mark, environment = marked()
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            _COMMAND,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield BotSpawner(process)
        process.stdin.close()  # the spawner ends at the end of its input
        process.wait(ENDS_S)
    finally:
        end_all(mark)
        process.stdin.close()
        process.stdout.close()
        process.wait(ENDS_S)


def _serve() -> None:
    for line in sys.stdin:
        arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run_bot(arguments)
        _say(pid)
        _, status = os.waitpid(pid, 0)
        _say(os.waitstatus_to_exitcode(status))


def _run_bot(arguments: dict[str, Any]) -> None:
    """Never returns: no code of the spawner may run twice."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        code = asyncio.run(child.main(arguments))
    except BaseException:  # noqa: BLE001 - the edge of the process
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    import kleinbot.engine.startup  # noqa: F401 - imports that take seconds, done before the first fork
    from tests.e2e import child

    _serve()
