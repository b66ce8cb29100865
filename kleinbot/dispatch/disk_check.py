"""Whether the disk has room for pictures, asked without ever making the event loop wait."""

import asyncio
from collections.abc import Callable

_PATIENCE_S = 5.0


class DiskCheck:
    """Asks on a thread; a disk that does not answer in time, as a lost network share, has no room."""

    def __init__(self, free_bytes: Callable[[], int]) -> None:
        self._free_bytes = free_bytes
        self._asking: asyncio.Future[int] | None = None

    async def has(self, least_bytes: int) -> bool:
        """Say whether ``least_bytes`` can still be written. Raises OSError where the disk is gone."""
        if self._asking is None:
            self._asking = asyncio.get_running_loop().run_in_executor(None, self._free_bytes)
        # Not cancelled by the timeout: a thread that hangs is not joined by more of them.
        done, _ = await asyncio.wait({self._asking}, timeout=_PATIENCE_S)
        if not done:
            return False
        answered, self._asking = self._asking, None
        return answered.result() >= least_bytes
