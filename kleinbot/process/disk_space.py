"""Free disk space: how much there is, and the minimum that a start requires."""

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
"""Room for the migrations' largest transaction, SQLite's WAL index and some log lines."""
LOOK_AGAIN_S = 15.0
_PATIENCE_S = 5.0


def free_disk_bytes(folder: Path) -> int | None:
    """Return the free space where ``folder`` is or will be; None if it cannot be determined."""
    folder = folder.absolute()
    try:
        existing = next(place for place in (folder, *folder.parents) if place.exists())
        return shutil.disk_usage(existing).free
    except (OSError, StopIteration):
        return None


def require_disk_space(folder: Path) -> None:
    """Raise StartError START_DISK_FULL (folder, free, needed; MiB) if the disk of ``folder`` is full."""
    free_bytes = free_disk_bytes(folder)
    if free_bytes is not None and free_bytes < LEAST_BYTES:
        raise StartError(
            Code.START_DISK_FULL, folder=str(folder), free=free_bytes // _MIB, needed=LEAST_BYTES // _MIB
        )


async def until_disk_space(folder: Path, clock: Clock) -> None:
    """Wait until the disk of ``folder`` has enough room for a start; log once why the start waits."""
    is_logged = False
    while True:
        try:
            await asyncio.to_thread(require_disk_space, folder)
        except StartError as error:
            if not is_logged:
                _log.error("%s The disk is checked again every %g s.", Texts().error(error), LOOK_AGAIN_S)
                is_logged = True
        else:
            return
        await clock.sleep(LOOK_AGAIN_S)


class DiskCheck:
    """Queries free space on a thread.

    A disk that does not answer in time, such as a lost share, counts as full.
    """

    def __init__(self, free_bytes: Callable[[], int]) -> None:
        self._free_bytes = free_bytes
        self._asking: asyncio.Future[int] | None = None

    async def has(self, least_bytes: int) -> bool:
        """Return whether ``least_bytes`` can still be written; several tasks may call it at once.

        Raises OSError if the disk is gone.
        """
        if self._asking is None:
            self._asking = asyncio.get_running_loop().run_in_executor(None, self._free_bytes)
        asking = self._asking
        # The timeout does not cancel the query: if its thread hangs, later calls wait for it instead of
        # starting more.
        done, _ = await asyncio.wait({asking}, timeout=_PATIENCE_S)
        if not done:
            return False
        if self._asking is asking:
            self._asking = None
        return asking.result() >= least_bytes
