"""Background tasks: restart them, end them in time, and derive the process's exit code from them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from kleinbot.domain.clock import Clock
from kleinbot.process.supervisor import RESTART_CODE

_log = logging.getLogger(__name__)
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_CANCELLING_S = 2.0


async def run_with_restarts(work: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Run a background task until cancelled; restart it after a failure, with growing pauses."""
    pause_s = _FIRST_PAUSE_S
    while True:
        begun_s = clock.monotonic_s()
        try:
            await work()
        except Exception:  # noqa: BLE001 - the edge of every background task
            _log.exception("a background task failed and is restarted")
        if clock.monotonic_s() - begun_s > _LONGEST_PAUSE_S:
            pause_s = _FIRST_PAUSE_S
        await clock.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


async def within(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work`` for at most ``seconds`` while the process ends; log its failure instead of raising it.

    Work that has not ended by then is cancelled. If cancelling does not end it either, it is left running: it
    may wait for a thread that hangs.
    """
    name = getattr(work, "__name__", str(work))
    task = asyncio.ensure_future(work())
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            _log.error("%s has not ended after %g s while stopping", name, seconds)
            task.cancel()
            await asyncio.wait({task}, timeout=_CANCELLING_S)
    finally:
        task.cancel()
    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
        _log.error("%s failed while stopping", name, exc_info=error)


async def cancelled(tasks: Collection["asyncio.Task[object]"], seconds: float) -> None:
    """Cancel ``tasks`` and wait for them; after ``seconds``, log those still running and return."""
    for task in tasks:
        task.cancel()
    done, left = await asyncio.wait(tasks, timeout=seconds)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.debug("%s ended with an error", task.get_name(), exc_info=error)
    for task in left:
        _log.error("%s has not ended after %g s and is left alone", task.get_name(), seconds)


def exit_code(gateway: "asyncio.Task[None]", drawing: "asyncio.Task[int]") -> int:
    """Return the exit code of ``serve`` after ``drawing`` (which has its own code) or the gateway ended."""
    if drawing.done() and not drawing.cancelled() and drawing.exception() is not None:
        # The GPU no longer responds, or the bot has a bug: in both cases a new process may recover.
        return RESTART_CODE
    if gateway.done() and not gateway.cancelled():
        return 1
    return drawing.result() if drawing.done() and not drawing.cancelled() else 0


def log_ending(gateway: "asyncio.Task[None]", drawing: "asyncio.Task[int]") -> None:
    """Log once why the bot ends without having been asked to."""
    if drawing.done() and not drawing.cancelled() and (error := drawing.exception()) is not None:
        _log.critical("the engine cannot continue", exc_info=error)
    elif gateway.done() and not gateway.cancelled():
        _log.critical("the connection to Discord has ended permanently", exc_info=gateway.exception())
