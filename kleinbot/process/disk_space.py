"""Free disk space: how much there is, and the minimum that a start needs."""

import asyncio
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

_MIB = 2**20
LEAST_BYTES = 16 * _MIB
"""Of the migrations' largest transaction, SQLite's index of its log and some log lines."""
LOOK_AGAIN_S = 15.0
_PATIENCE_S = 5.0


def free_disk_bytes(folder: Path) -> int | None:
    """Return the free space where ``folder`` is or will be; None where it cannot be told."""
    folder = folder.absolute()
    try:
        existing = next(place for place in (folder, *folder.parents) if place.exists())
        return shutil.disk_usage(existing).free
    except (OSError, StopIteration):
        return None


def require_disk_space(folder: Path) -> None:
    """Raise StartError START_DISK_FULL (folder, free, needed; MiB) where the disk of ``folder`` is full."""
    free_bytes = free_disk_bytes(folder)
    if free_bytes is not None and free_bytes < LEAST_BYTES:
        raise StartError(
            Code.START_DISK_FULL, folder=str(folder), free=free_bytes // _MIB, needed=LEAST_BYTES // _MIB
        )


async def until_disk_space(folder: Path, clock: Clock) -> None:
    """Wait until the disk of ``folder`` has room to begin; say once why nothing happens meanwhile."""
    is_told = False
    while True:
        try:
            await asyncio.to_thread(require_disk_space, folder)
        except StartError as error:
            if not is_told:
                _log.error("%s I look again every %g s.", Texts().error(error), LOOK_AGAIN_S)
                is_told = True
        else:
            return
        await clock.sleep(LOOK_AGAIN_S)


class DiskCheck:
    """Asks for free space on a thread; a disk that does not answer in time, such as a lost share, is full."""

    def __init__(self, free_bytes: Callable[[], int]) -> None:
        self._free_bytes = free_bytes
        self._asking: asyncio.Future[int] | None = None

    async def has(self, least_bytes: int) -> bool:
        """Whether ``least_bytes`` can still be written; may be asked by several tasks at once.

        Raises OSError where the disk is gone.
        """
        if self._asking is None:
            self._asking = asyncio.get_running_loop().run_in_executor(None, self._free_bytes)
        asking = self._asking
        # The timeout does not cancel it: a thread that hangs is not joined by more of them.
        done, _ = await asyncio.wait({asking}, timeout=_PATIENCE_S)
        if not done:
            return False
        if self._asking is asking:
            self._asking = None
        return asking.result() >= least_bytes
