"""Records whether the previous process ended cleanly.

The marker is a file that exists while a process runs. Removing it needs no disk space, so a clean stop on a
full disk, where no row can record what was put back, does not look like a crash caused by the running job.
"""

from contextlib import suppress
from pathlib import Path

from kleinbot.process import private_files

MARK = "kleinbot.running"


class ShutdownMarker:
    """The marker of one data folder. Its methods access the disk."""

    def __init__(self, folder: Path) -> None:
        self._mark = folder / MARK

    def was_clean(self) -> bool:
        """Return whether the previous process ended cleanly, or there was none. Call before ``begin``."""
        return not self._mark.exists()

    def begin(self) -> None:
        """Record that a process runs. Call it after recovering what the previous process left."""
        with suppress(OSError):  # on a full disk nothing is rendered, so no job could be blamed for a crash
            self._mark.touch(private_files.FILE_MODE)

    def end(self) -> None:
        """Record that this process ends cleanly."""
        with suppress(OSError):
            self._mark.unlink(missing_ok=True)
