"""Room on the disk to begin with: the database and its log want some before anything else can be said."""

import asyncio
import logging
from pathlib import Path

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, StartError
from kleinbot.hardware.probe import free_disk_bytes
from kleinbot.texts import Texts

_log = logging.getLogger(__name__)

_MIB = 2**20
LEAST_BYTES = 16 * _MIB
"""Of the migrations' largest transaction, SQLite's index of its log and some log lines."""
LOOK_AGAIN_S = 15.0


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
