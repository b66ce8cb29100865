"""Processes started by tests: with the signals they rely on, and with a guaranteed end."""

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
    """Start ``command`` with its standard output as a pipe. It and all its descendants end with the body.

    They also end after ``ends_s``: a reader then finds the end of the file, so no read needs a timeout of its
    own. A signal that this process ignores, as in the background of a script, is ignored by the child too,
    unless ``usual_signals`` is active.
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
    """Run ``command`` and return its exit code and output. It is killed after ``ends_s``."""
    with started(command, ends_s=ends_s, stderr=subprocess.PIPE, env=env, cwd=cwd) as process:
        said, complained = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, said, complained)


@contextmanager
def usual_signals() -> Iterator[None]:
    """Handle signals as in a terminal's foreground, also if the parent of the tests ignores them."""
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
    """Return a mark, and an environment that passes it on to all descendants.

    Not a session: whoever ends the tests' process group, as ``timeout`` does, must reach them all.
    """
    mark = uuid.uuid4().hex
    return mark, {**(os.environ if environment is None else environment), _MARK: mark}


def end_all(mark: str) -> None:
    """Kill every process with ``mark``, even if its parent has ended, and their descendants.

    Repeated until none is found: while a process executes its program it shows no environment, so that only
    its parent identifies it, and a process that is started meanwhile is not in the list. None is waited for:
    its exit code is for its parent to read.
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
