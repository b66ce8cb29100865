"""The end of the process, which comes whatever its threads still wait for.

A thread that hangs, in the card's driver or on a network share that no longer answers, cannot be stopped, and
Python waits for each of them before it ends. What is worth keeping is in the database by then.
"""

import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

CLOSING_S = 15.0
_LAST_WORDS_S = 1.0


def exit_now(code: int, last_words: str = "") -> NoReturn:
    """End now with ``code``, without waiting for anything; ``last_words`` go to stderr if that takes them."""
    try:
        # On a thread: a terminal that is gone refuses, a pipe that nobody reads blocks.
        speaking = threading.Thread(target=_say, args=(last_words,), daemon=True)
        speaking.start()
        speaking.join(_LAST_WORDS_S)
    finally:
        os._exit(code)


def _say(last_words: str) -> None:
    for stream, words in ((sys.stdout, ""), (sys.stderr, last_words)):
        with suppress(OSError, ValueError):
            stream.write(words)
            stream.flush()


def remaining_threads() -> list[str]:
    """Return the names of the threads that an ordinary end would wait for."""
    own = threading.main_thread()
    return [thread.name for thread in threading.enumerate() if thread is not own and not thread.daemon]


class ExitDeadline:
    """Ends the process where its last closing takes more than ``seconds``."""

    def __init__(self, seconds: float = CLOSING_S) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def begin(self, code: int, seconds: float | None = None) -> None:
        """From now on, wait ``seconds``, then end the process with ``code`` unless ``cancel`` came first.

        Once more: the earlier wait is over.
        """
        self.cancel()
        self._timer = threading.Timer(self._seconds if seconds is None else seconds, _give_up, [code])
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Let the process go on."""
        if self._timer is not None:
            self._timer.cancel()


def _give_up(code: int) -> NoReturn:
    exit_now(code, f"Ended without waiting any longer for: {', '.join(remaining_threads()) or 'the log'}.\n")
