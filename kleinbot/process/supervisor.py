"""The small parent process of ``bot.py run``, which restarts the bot after an unintended end.

A sticky CUDA error cannot be repaired within a process, the out-of-memory killer and a broken driver give no
warning, and most machines have no service manager. The parent imports neither torch nor discord, so it stays
small while the bot lives, and the out-of-memory killer picks larger processes.

Measured on Linux. On Windows the same code uses process groups and CTRL_BREAK; that is unmeasured.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

RESTART_CODE = 86
FIRST_PAUSE_S = 1.0
# Each start may log in, and Discord resets the token after 1000 logins in a day (its documentation,
# "Identifying"): children that fail at once, for days, must stay below that.
LONGEST_PAUSE_S = 120.0
# A child that lived this long shows that the GPU works; its next failure starts from the first pause.
HEALTHY_AFTER_S = 600.0
# A sleep resumes after a signal handler (PEP 475), so a pause is slept in slices to end promptly.
SLICE_S = 0.1
# The exit codes that shells report for a program ended by a signal.
KILLED_BY_SIGNAL = 128
# torch aborts if a destructor meets a lost CUDA context: a new process can use the GPU again then, too.
# Windows' C library ends an abort with 3, newer versions with STATUS_STACK_BUFFER_OVERRUN ("fail fast").
# https://learn.microsoft.com/cpp/c-runtime-library/reference/abort
_ABORT_CODES = (3, 0xC0000409) if os.name == "nt" else (KILLED_BY_SIGNAL + signal.SIGABRT,)
RESTART_CODES = (RESTART_CODE, *_ABORT_CODES)
"""After these codes the bot is restarted without limit, because the pauses grow."""
_ENDED_BY_HAND = (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if os.name != "nt" else []))
_CONTROL_C_EXIT = 0xC000013A
FINAL_CODES = (0, 1, 2, _CONTROL_C_EXIT, *(KILLED_BY_SIGNAL + number for number in _ENDED_BY_HAND))
"""Final exit codes: a clean stop, a problem that only the owner can solve (see ``cli``), or an end by hand.

Every other code is unintended: the out-of-memory killer (SIGKILL), a driver's illegal memory access (SIGSEGV,
SIGBUS, Windows' exceptions).
"""
MOST_UNKNOWN_ENDS = 5
UNKNOWN_WITHIN_S = 600.0

_HINTS = {
    9: ": by hand, or by the system because memory had run out. Its log tells: journalctl -k, or dmesg.",
}

_log = logging.getLogger(__name__)


class Child(Protocol):
    """The part of ``subprocess.Popen`` that the parent uses."""

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int, /) -> None: ...


def start_child(command: Sequence[str]) -> Child:
    """Start ``command`` in its own process group.

    A terminal sends Ctrl+C to a whole group; in a shared one the child would get it twice, once forwarded.
    """
    if sys.platform == "win32":
        return subprocess.Popen(command, creationflags=subprocess.CREATE_NEW_PROCESS_GROUP)  # noqa: S603
    return subprocess.Popen(command, process_group=0)  # noqa: S603


class Supervisor:
    """Runs one child at a time until it ends with a final code or a signal asks to stop."""

    def __init__(
        self,
        start: Callable[[], Child],
        monotonic_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._start = start
        self._monotonic_s = monotonic_s
        self._sleep = sleep
        self._child: Child | None = None
        self._asked: int | None = None
        self._unknown_ends_s: list[float] = []

    def run(self) -> int:
        """Return the exit code of the last child, or 0 if asked to stop while none ran."""
        failures = 0
        with self._signals_taken():
            while self._asked is None:
                started_s = self._monotonic_s()
                code = self._run_child()
                if self._asked is not None or not self._starts_again_after(code):
                    return code
                lived_s = self._monotonic_s() - started_s
                failures = 1 if lived_s >= HEALTHY_AFTER_S else failures + 1
                pause_s = pause_before_restart_s(failures)
                _log.warning(
                    "The bot has ended, as the messages above explain; it is started again in %g s.", pause_s
                )
                self._pause(pause_s)
        return 0

    def _starts_again_after(self, code: int) -> bool:
        if code in RESTART_CODES or code in FINAL_CODES:
            return code in RESTART_CODES
        now_s = self._monotonic_s()
        self._unknown_ends_s = [end_s for end_s in self._unknown_ends_s if now_s - end_s < UNKNOWN_WITHIN_S]
        if len(self._unknown_ends_s) >= MOST_UNKNOWN_ENDS:
            _log.error(
                "The bot has ended unforeseen %d times within ten minutes, this time with %d, so it is not "
                "started again. Look at the lines above and at the system's log, and start it anew.",
                len(self._unknown_ends_s) + 1,
                code,
            )
            return False
        self._unknown_ends_s.append(now_s)
        return True

    def _run_child(self) -> int:
        child = self._start()
        self._child = child
        if self._asked is not None:  # the signal came while the child was starting, so it was not forwarded
            child.send_signal(self._asked)
        try:
            code = _wait(child)
        finally:
            self._child = None
        if code < 0:
            if self._asked is None:
                _log.error("The bot was ended by signal %d%s", -code, _HINTS.get(-code, "."))
            return KILLED_BY_SIGNAL - code
        return code

    def _pause(self, pause_s: float) -> None:
        until_s = self._monotonic_s() + pause_s
        while self._asked is None and (left_s := until_s - self._monotonic_s()) > 0:
            self._sleep(min(SLICE_S, left_s))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._asked = _for_child(number)
        if self._child is not None:
            self._child.send_signal(self._asked)

    @contextmanager
    def _signals_taken(self) -> Iterator[None]:
        """Forward signals while the context is active; an ignored one (SIGHUP under nohup) stays ignored."""
        taken = {
            number: signal.signal(number, self._on_signal)
            for number in _stopping_signals()
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in taken.items():
                signal.signal(number, handler)


def pause_before_restart_s(failures: int) -> float:
    """Return the seconds to wait after this many consecutive failures: 1, 2, 4 … 64, 120."""
    # The exponent is bounded too: after days of failures the power would overflow a float.
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 16))


def _stopping_signals() -> list[signal.Signals]:
    # SIGHUP: the terminal was closed. SIGBREAK: Ctrl+Break, or a closed console on Windows.
    names = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _for_child(number: int) -> int:
    """Translate a signal for the child: SIGTERM or SIGINT, on Windows CTRL_BREAK.

    On Windows a process in its own group never receives CTRL_C, and SIGTERM would end it without cleanup.
    """
    if sys.platform == "win32":
        return signal.CTRL_BREAK_EVENT
    return signal.SIGINT if number == signal.SIGINT else signal.SIGTERM


def _wait(child: Child) -> int:
    # On Windows signal handlers do not run during an unlimited wait; elsewhere a limited wait would poll.
    timeout_s = 1.0 if os.name == "nt" else None
    while True:
        try:
            return child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            continue
