"""Work on threads that must not outlive whoever waits for it."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def to_thread_whole(work: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T:
    """Run ``work`` on a thread, like ``asyncio.to_thread``; if cancelled, wait for its end and raise then.

    A thread cannot be cancelled. One that goes on after the data folder was unlocked would write beside
    the next process.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work, *arguments, **named))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # retrieved: whoever is cancelled has no use for it
        raise
