"""Waits for a condition to become true, woken by changes instead of polling."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class WaitTimeoutError(TimeoutError):
    """The awaited event did not happen in time."""


class Changes:
    """Wakes everybody who waits for the state to change."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Wake all waiters, so that each checks its condition again."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, look: Callable[[], Found | None], *, timeout_s: float, what: str) -> Found:
        """Return the result of ``look``, called at once and after each change.

        Raises WaitTimeoutError naming ``what`` if it is still None after ``timeout_s``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while (found := look()) is None:
                    await self._next()
                return found
        except TimeoutError:
            raise WaitTimeoutError(f"waited {timeout_s:g} s in vain for {what}") from None

    async def _next(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
