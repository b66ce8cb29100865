"""Processes that tests start: with the signals they rely on, and with an end, whatever happens."""

import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ENDS_S = 60.0
_MARK = "STARTED_BY_TEST"


@contextmanager
def started(
    command: Sequence[str],
    *,
    ends_s: float = ENDS_S,
    stdin: int = subprocess.DEVNULL,
    stderr: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator["subprocess.Popen[str]"]:
    """Start ``command``, its standard output a pipe. It and all that it started end with the body.

    And after ``ends_s``: whoever still reads from it then finds the end of the file, so no wait for it needs
    an end of its own. A signal that this process ignores, as it does in the background of a script, is
    ignored there too unless ``usual_signals`` is in force.
    """
    mark, environment = marked(env)
    process = subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
        cwd=cwd,
        text=True,
    )
    overdue = threading.Timer(ends_s, end_all, [mark])
    overdue.daemon = True
    overdue.start()
    try:
        yield process
    finally:
        overdue.cancel()
        end_all(mark)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait(ENDS_S)


def finished(
    command: Sequence[str],
    *,
    ends_s: float = ENDS_S,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run ``command`` and return what it ended with and said. What is not over after ``ends_s`` is killed."""
    with started(command, ends_s=ends_s, stderr=subprocess.PIPE, env=env, cwd=cwd) as process:
        said, complained = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, said, complained)


@contextmanager
def usual_signals() -> Iterator[None]:
    """Take signals as a terminal's foreground does, also where whoever started the tests ignores them."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ignored = [number for number in numbers if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        is_interrupt = number == signal.SIGINT
        signal.signal(number, signal.default_int_handler if is_interrupt else signal.SIG_DFL)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


def marked(environment: Mapping[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """Return a mark, and an environment that carries it to whatever is started with it, and so on.

    Not a session of its own: who ends the tests' process group, as ``timeout`` does, must reach them all.
    """
    mark = uuid.uuid4().hex
    return mark, {**(os.environ if environment is None else environment), _MARK: mark}


def end_all(mark: str) -> None:
    """Kill whatever carries ``mark``, also where who started it has ended, and what those have started.

    Looked for again until nothing is found: while it executes its program, a process shows no environment,
    so that one is known by its parent alone; and one that is started meanwhile is not in the list. None is
    waited for: what a process ended with is for whoever started it to read.
    """
    ends_at = time.monotonic() + ENDS_S
    while time.monotonic() < ends_at:
        found = list(_carriers(mark))
        for process in found:
            with suppress(psutil.Error, OSError):
                process.kill()
        if not found:
            return


def _carriers(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == mark and process.pid != os.getpid():
                yield process
                yield from process.children(recursive=True)
