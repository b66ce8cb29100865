"""Runs pixel work off the event loop; Pillow releases the GIL while it computes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class CpuPool:
    """A few threads with a bounded queue; callers wait while it is full."""

    def __init__(self, threads: int = 2, queued: int = 16) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="images")
        self._slots = asyncio.Semaphore(threads + queued)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``work(*args, **kwargs)`` on a thread and return its result or raise its exception.

        Cancelling the caller removes queued work. Work that is already running completes and keeps its slot
        until then. Raises RuntimeError after ``close``.
        """
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        try:
            future = self._executor.submit(work, *args, **kwargs)
        except RuntimeError:
            self._slots.release()
            raise
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._slots.release))
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Finish all accepted work and end the threads. Idempotent."""
        await asyncio.to_thread(self._executor.shutdown)
