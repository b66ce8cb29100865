"""Runs a backup or a restore in a process that is killed at a step.

``python -m tests.upkeep.backup_process VERB DATA BACKUP STEP NTH``
"""

import os
import signal
import sys
from pathlib import Path

from kleinbot.config.settings import Settings
from kleinbot.upkeep.backup import BackupCommand
from kleinbot.upkeep.backup_files import BackupStep
from kleinbot.upkeep.restore import RestoreCommand


class KillAt:
    def __init__(self, step: str, nth: int) -> None:
        self._step = step
        self._left = nth

    def reach(self, step: BackupStep) -> None:
        if step == self._step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main(verb: str, data: str, backup: str, step: str, nth: str) -> None:
    settings, reached = Settings(data_folder=Path(data)), KillAt(step, int(nth)).reach
    if verb == "backup":
        BackupCommand(settings, Path(backup), print, reached=reached).make()
    else:
        RestoreCommand(settings, Path(backup), print, lambda _: True, reached=reached).restore()


if __name__ == "__main__":
    main(*sys.argv[1:])
