"""Turns SIGTERM and SIGINT into a request to stop, on Linux and on Windows."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")
"""SIGBREAK exists on Windows only: it is the signal a parent process can send there."""


@contextmanager
def stop_on_signals(request_stop: Callable[[], None]) -> Iterator[None]:
    """Call ``request_stop`` on the running loop for each such signal while the context is active.

    Uses ``signal.signal``, since event loops on Windows have no ``add_signal_handler``. A supervisor and a
    terminal may both send a signal, so repeats count as the same request. Unmeasured on Windows.
    """
    loop = asyncio.get_running_loop()

    def on_signal(number: int, frame: object) -> None:
        del number, frame
        loop.call_soon_threadsafe(request_stop)

    present = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, on_signal) for number in present}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
