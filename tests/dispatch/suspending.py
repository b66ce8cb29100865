"""A process that watches a card, to be stopped from outside: ``python -m tests.dispatch.suspending``.

Says "watching", and once it is given a line: "hangs" where it took the card for hung meanwhile, else "done",
and whether it noticed that it stood still. Its time runs 45 times as fast: a first step may take two seconds.
"""

import asyncio
import sys
import time

from kleinbot.dispatch.suspension import Suspension
from kleinbot.dispatch.watchdog import Watchdog
from kleinbot.domain.geometry import Grid
from kleinbot.domain.work import StageSeconds
from kleinbot.scheduler.entries import Shape

FASTER = 45
_SHAPE = Shape(Grid(16, 16), steps=4)


class FastClock:
    def now_ms(self) -> int:
        return round(time.time() * 1000 * FASTER)

    def monotonic_s(self) -> float:
        return time.monotonic() * FASTER

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / FASTER)


async def _watch() -> None:
    clock = FastClock()
    watchdog, standstill = Watchdog(clock), Suspension(clock)
    watchdog.learn(_SHAPE, 1, StageSeconds(8.0, 32.0, 8.0))
    watchdog.begin(_SHAPE, 1)
    print("watching", flush=True)  # noqa: T201
    overrun = asyncio.create_task(watchdog.overrun())
    await asyncio.to_thread(sys.stdin.readline)
    print("hangs" if overrun.done() else "done", standstill.is_over(), flush=True)  # noqa: T201
    overrun.cancel()
    await asyncio.gather(overrun, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_watch())
