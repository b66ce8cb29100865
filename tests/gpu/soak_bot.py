"""The bot of ``tests.gpu.soak``: a supervisor and its child, which reports its state and injects faults.

Orders are read from a small JSON file in every denoising step, on the engine's thread: ``memory`` is
``tight`` (a batch of one fits, with the tiled decode), ``none`` (nothing fits) or ``all``; ``breaks``: the
next step runs a kernel that fails an assertion on the device, which is unrecoverable.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import torch

from kleinbot.app.lifecycle import App
from kleinbot.domain.faults import FaultPoint
from kleinbot.process.supervisor import RESTART_CODE, Supervisor, start_child
from tests.e2e import child

LEFT_BYTES = {"tight": 1_200 * 2**20, "none": 100 * 2**20}
"""Memory left for activations: the stock decode of 1024² needs 1.5 GiB, the tiled one 0.6."""

_SAY_EVERY_S = 0.5


class Saboteur(child.KillAt):
    """Injects the faults ordered in a file."""

    def __init__(self, orders: Path, is_cuda: bool) -> None:
        super().__init__(None, 1)
        self._orders = orders
        self._is_cuda = is_cuda
        self._memory = "all"
        self._batch = 0

    def drawing(self, batch: Any) -> None:
        self._batch = len(batch)

    def reach(self, point: FaultPoint) -> None:
        if point is not FaultPoint.WITHIN_STEP:
            return
        orders = json.loads(self._orders.read_text())
        if orders.pop("breaks", False):
            _write(self._orders, orders)  # only once, not again in the next process
            self._break()
        self._limit_memory(orders.get("memory", "all"))

    def _break(self) -> None:
        if not self._is_cuda:
            os._exit(RESTART_CODE)  # a CPU has no context to lose: only the restart can be tested
        index = torch.full((1,), 10**6, device="cuda")
        torch.zeros(4, device="cuda").gather(0, index)
        torch.cuda.synchronize()

    def _limit_memory(self, memory: str) -> None:
        if not self._is_cuda:
            if memory == "none" or (memory == "tight" and self._batch > 1):
                raise torch.OutOfMemoryError("ordered")
            return
        if memory == self._memory:
            return
        self._memory = memory
        fraction = 1.0
        if memory in LEFT_BYTES:
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
            _, total_bytes = torch.cuda.mem_get_info()
            fraction = min(1.0, (torch.cuda.memory_reserved() + LEFT_BYTES[memory]) / total_bytes)
        torch.cuda.set_per_process_memory_fraction(fraction)


def saying(report: Path, orders: Path) -> Callable[[App], Coroutine[Any, Any, None]]:
    """Return a task that repeatedly writes the bot's state; a new ``reset`` resets the longest delay."""

    async def say(app: App) -> None:
        reset = None
        while True:
            arguments = await asyncio.to_thread(lambda: json.loads(orders.read_text()))
            if arguments.get("reset") != reset:
                reset = arguments.get("reset")
                app.container.loop_lag.reset()
            await asyncio.to_thread(_write, report, _state(app) | {"reset": reset})
            await asyncio.sleep(_SAY_EVERY_S)

    return say


def _state(app: App) -> dict[str, Any]:
    peak = getattr(app.container.scheduling.engines[0], "memory_peak", None)
    return {
        "pid": os.getpid(),
        "phase": app.container.scheduling.engines[0].state.phase,
        "worst_delay_s": app.container.loop_lag.worst_s,
        "idle_s": app.container.scheduling.scheduler.idle_s,
        "busy_s": app.container.scheduling.scheduler.busy_s,
        "peak_allocated_bytes": peak.allocated_bytes if peak else 0,
        "peak_reserved_bytes": peak.reserved_bytes if peak else 0,
    }


def _write(file: Path, content: dict[str, Any]) -> None:
    """Replace a file atomically, so that nobody reads a partial one."""
    temporary = file.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(content))
    temporary.replace(file)


def run(arguments: dict[str, Any]) -> int:
    orders = Path(arguments["orders"])
    faults = Saboteur(orders, arguments["settings"]["device"] == "cuda")
    return asyncio.run(child.main(arguments, faults, saying(Path(arguments["report"]), orders)))


if __name__ == "__main__":
    _, role, argument = sys.argv
    if role == "bot":
        code = run(json.loads(argument))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # like ``bot.py serve``: nothing is freed in a lost context
    command = [sys.executable, "-m", "tests.gpu.soak_bot", "bot", argument]
    sys.exit(Supervisor(lambda: start_child(command)).run())
