"""Work on pixels, off the event loop: Pillow releases the interpreter's lock while it computes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class CpuPool:
    """A few threads with a bounded queue: whoever comes when it is full waits, and nothing piles up."""

    def __init__(self, threads: int = 2, queued: int = 16) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="images")
        self._places = asyncio.Semaphore(threads + queued)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``work(*args, **kwargs)``, computed on a thread, or raise what it raises.

        A caller that is cancelled takes its work out of the queue; if it is running already it runs to its
        end and keeps its place until then. Raises RuntimeError after ``close``.
        """
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        try:
            future = self._executor.submit(work, *args, **kwargs)
        except RuntimeError:
            self._places.release()
            raise
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._places.release))
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Finish everything that was accepted and end the threads. Idempotent."""
        await asyncio.to_thread(self._executor.shutdown)
