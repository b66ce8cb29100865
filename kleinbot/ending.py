"""The end of the process, which comes whatever its threads still wait for.

A thread that hangs, in the card's driver or on a network share that no longer answers, cannot be stopped, and
Python waits for each of them before it ends. What is worth keeping is in the database by then.
"""

import os
import sys
import threading
from typing import NoReturn

CLOSING_S = 15.0


def end_at_once(code: int) -> NoReturn:
    """End now with ``code``, without waiting for anything."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def threads_left() -> list[str]:
    """Return the names of the threads that an ordinary end would wait for."""
    own = threading.main_thread()
    return [thread.name for thread in threading.enumerate() if thread is not own and not thread.daemon]


class LastResort:
    """Ends the process where its last closing takes more than ``seconds``."""

    def __init__(self, seconds: float = CLOSING_S) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def begin(self, code: int) -> None:
        """From now on, wait ``seconds``, then end the process with ``code`` unless ``cancel`` came first."""
        self._timer = threading.Timer(self._seconds, _give_up, [code])
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Let the process go on."""
        if self._timer is not None:
            self._timer.cancel()


def _give_up(code: int) -> NoReturn:
    sys.stderr.write(f"Ended without waiting any longer for: {', '.join(threads_left()) or 'the log'}.\n")
    end_at_once(code)
