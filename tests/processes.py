"""Processes that tests start: with the signals they rely on, and with an end, whatever happens."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ENDS_S = 60.0


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
    process = subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=env,
        cwd=cwd,
        text=True,
        start_new_session=True,
    )
    overdue = threading.Timer(ends_s, end_all, [process.pid])
    overdue.daemon = True
    overdue.start()
    try:
        yield process
    finally:
        overdue.cancel()
        end_all(process.pid)
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


def end_all(session: int) -> None:
    """Kill a process and whatever belongs to its session, also where who started that has ended."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid == session or _session_of(process.pid) == session:
                process.kill()


def _session_of(pid: int) -> int:
    if sys.platform == "win32":
        return next((parent.pid for parent in psutil.Process(pid).parents()), 0)
    return os.getsid(pid)
