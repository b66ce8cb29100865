"""Tasks beside the main one: kept going, ended in time, and what their end means for the process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from kleinbot.domain.clock import Clock
from kleinbot.process.supervisor import RESTART_CODE

_log = logging.getLogger(__name__)
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_CANCELLING_S = 2.0


async def kept_going(work: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Run a background task until cancelled; where it fails, say so and begin again after a growing pause."""
    pause_s = _FIRST_PAUSE_S
    while True:
        begun_s = clock.monotonic_s()
        try:
            await work()
        except Exception:  # noqa: BLE001 - the edge of every background task
            _log.exception("a background task failed and is started again")
        if clock.monotonic_s() - begun_s > _LONGEST_PAUSE_S:
            pause_s = _FIRST_PAUSE_S
        await clock.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


async def within(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Give ``work`` its time while the process ends; its failure is logged and ends nothing else.

    What has not ended by then is cancelled, and left alone where even that does not end it: it may wait for
    a thread that hangs.
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
    """Cancel ``tasks`` and wait for their end; what has none after ``seconds`` is left alone, and named."""
    for task in tasks:
        task.cancel()
    done, left = await asyncio.wait(tasks, timeout=seconds)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.debug("%s ended with an error", task.get_name(), exc_info=error)
    for task in left:
        _log.error("%s has not ended after %g s and is left alone", task.get_name(), seconds)


def exit_code(gateway: "asyncio.Task[None]", drawing: "asyncio.Task[int]") -> int:
    """Return what ``serve`` ends with, after ``drawing`` (its own code) or the gateway has ended."""
    if drawing.done() and not drawing.cancelled() and drawing.exception() is not None:
        # A card that no longer answers, or a mistake of ours: either way a new process may do better.
        return RESTART_CODE
    if gateway.done() and not gateway.cancelled():
        return 1
    return drawing.result() if drawing.done() and not drawing.cancelled() else 0


def log_ending(gateway: "asyncio.Task[None]", drawing: "asyncio.Task[int]") -> None:
    """Say once why the bot ends where nobody has asked it to."""
    if drawing.done() and not drawing.cancelled() and (error := drawing.exception()) is not None:
        _log.critical("the engine cannot go on", exc_info=error)
    elif gateway.done() and not gateway.cancelled():
        _log.critical("the connection to Discord has ended for good", exc_info=gateway.exception())
