"""The bot as a process of its own, told by a JSON argument what to connect to and where to die."""

import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path

from kleinbot.app import Outside, opened
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.faults import FaultPoint
from kleinbot.sandbox import Address, connector_for
from kleinbot.settings import Settings
from kleinbot.signals import stop_on_signals


class KillAt:
    """Ends the process without a word when a fault point is reached for the ``nth`` time."""

    def __init__(self, point: str | None, nth: int) -> None:
        self._point = point
        self._left = nth

    def reach(self, point: FaultPoint) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def main(told: dict) -> int:
    settings = Settings(
        data_folder=Path(told["folder"]), weights=Path(told["weights"]), device="cpu", grace_s=5
    )
    connector = connector_for(Address(told["port"], Path(told["ca_pem_path"])))
    faults = KillAt(told.get("kill_at"), told.get("nth", 1))
    outside = Outside(SystemClock(), random.SystemRandom(), faults, {"connector": connector})
    async with opened(settings, outside) as app:
        with stop_on_signals(app.request_stop):
            return await app.run(told["token"])


if __name__ == "__main__":
    sys.exit(asyncio.run(main(json.loads(sys.argv[1]))))
