"""Whether the process before ended of its own will.

Kept as a file that is there while a process runs: to remove it needs no room, so a full disk, on which no row
can say what was put back, does not turn a clean stop into a crash of whatever was in hand.
"""

from contextlib import suppress
from pathlib import Path

from kleinbot.process import private_files

MARK = "kleinbot.running"


class ShutdownMarker:
    """The mark of one data folder. Its methods touch the disk."""

    def __init__(self, folder: Path) -> None:
        self._mark = folder / MARK

    def was_clean(self) -> bool:
        """Return whether the process before ended cleanly, or there was none. Ask before ``begin``."""
        return not self._mark.exists()

    def begin(self) -> None:
        """Note that a process runs. Call it once what the one before has left is put back."""
        with suppress(OSError):  # on a full disk nothing is drawn, so nothing is to blame either
            self._mark.touch(private_files.FILE_MODE)

    def end(self) -> None:
        """Note that this process ends cleanly."""
        with suppress(OSError):
            self._mark.unlink(missing_ok=True)
