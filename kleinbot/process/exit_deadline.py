"""Ends the process by a deadline, even while threads hang.

A thread that hangs in the GPU's driver, or on a network share that no longer answers, cannot be stopped, and
Python waits for every thread before it exits. Everything worth keeping is in the database by then.
"""

import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

CLOSING_S = 15.0
_MESSAGE_S = 1.0


def exit_now(code: int, message: str = "") -> NoReturn:
    """Exit now with ``code`` without waiting for anything; try to write ``message`` to stderr."""
    try:
        # On a thread, because writing to a closed terminal fails and writing to a pipe that nobody reads
        # blocks.
        writing = threading.Thread(target=_write_stderr, args=(message,), daemon=True)
        writing.start()
        writing.join(_MESSAGE_S)
    finally:
        os._exit(code)


def _write_stderr(message: str) -> None:
    for stream, words in ((sys.stdout, ""), (sys.stderr, message)):
        with suppress(OSError, ValueError):
            stream.write(words)
            stream.flush()


def remaining_threads() -> list[str]:
    """Return the names of the threads that an ordinary exit would wait for."""
    own = threading.main_thread()
    return [thread.name for thread in threading.enumerate() if thread is not own and not thread.daemon]


class ExitDeadline:
    """Ends the process if its final cleanup takes more than ``seconds``."""

    def __init__(self, seconds: float = CLOSING_S) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def begin(self, code: int, seconds: float | None = None) -> None:
        """Exit with ``code`` after ``seconds`` unless ``cancel`` is called first.

        A further call replaces the earlier deadline.
        """
        self.cancel()
        self._timer = threading.Timer(self._seconds if seconds is None else seconds, _exit_overdue, [code])
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Cancel the deadline."""
        if self._timer is not None:
            self._timer.cancel()


def _exit_overdue(code: int) -> NoReturn:
    exit_now(code, f"Ended without waiting any longer for: {', '.join(remaining_threads()) or 'the log'}.\n")
