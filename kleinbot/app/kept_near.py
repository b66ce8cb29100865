"""Keeps the files of a model that has left the card in the host's memory, so that it is soon loaded again.

The system's cache holds them, not a copy of ours: a game that needs the memory gets it at once.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from kleinbot.domain.clock import Clock
from kleinbot.hardware.facts import GIB, HostMemory
from kleinbot.hardware.memory_model import stay_in_host_memory
from kleinbot.hardware.probe import read_memory

_log = logging.getLogger(__name__)

AFTER_S = 60.0
"""What takes the card is loading its own files until then."""
AGAIN_AFTER_S = 600.0
_CHUNK_BYTES = 4 << 20
_BYTES_PER_S = 256 << 20
"""Slow enough for a game beside it; an NVMe drive reads ten times as fast."""


class KeptNear:
    """``run`` reads the files now and then, where memory suffices, until it is cancelled."""

    def __init__(
        self,
        files: Callable[[], Sequence[Path]],
        clock: Clock,
        memory: Callable[[], HostMemory] = read_memory,
    ) -> None:
        self._files = files
        self._clock = clock
        self._memory = memory
        self.reads = 0
        """How often all files were read to their ends."""

    async def run(self) -> None:
        """Read in the background; return at once where no model was loaded."""
        files = tuple(self._files())
        pause_s = AFTER_S
        while files:
            await self._clock.sleep(pause_s)
            pause_s = AGAIN_AFTER_S
            stop = threading.Event()
            try:
                self.reads += await asyncio.to_thread(self._read, files, stop)
            finally:
                # The thread notices after a chunk: it is not waited for, since a file server may hang.
                stop.set()

    def _read(self, files: Sequence[Path], stop: threading.Event) -> bool:
        """Read ``files``; return False if they do not stay in memory, cannot be read, or ``stop`` is set."""
        try:
            wanted = sum(file.stat().st_size for file in files)
            buffer = bytearray(_CHUNK_BYTES)
            for file in files:
                with file.open("rb", buffering=0) as content:
                    while content.readinto(buffer):
                        if not stay_in_host_memory(wanted, self._memory()):
                            _log.info("%.1f GiB of weights do not stay in the host's memory", wanted / GIB)
                            return False
                        if stop.wait(_CHUNK_BYTES / _BYTES_PER_S):
                            return False
        except OSError as error:
            _log.info("the weights cannot be read ahead: %s", error)
            return False
        _log.debug("%.1f GiB of weights are in the host's memory", wanted / GIB)
        return True
