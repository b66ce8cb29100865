"""Measures what freeing the card frees, how soon pictures come again, and whether others are noticed.

``python -m tests.gpu.freed FOLDER --out RESULTS``: FOLDER is a checkout in the published layout. ``--rounds``
in one process, with the profile that this machine gets, or with ``--eager`` the same one without compiling.
Then another process takes ``--stranger`` GiB of the card. Prints, and writes to ``freed.json`` or
``freed-eager.json``: card, driver, torch and profile; for each round the used memory at the driver and what
of it torch holds, before, freed and after, the seconds of freeing, of loading and to the first picture, the
longest delay of the event loop meanwhile, and whether our own work was taken for another program's; and the
seconds after which the stranger was noticed. With ``--device cpu`` it runs the small model without a driver.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from kleinbot.app.model_choice import choose_model, pin_gpu
from kleinbot.config.settings import Settings
from kleinbot.config.values import DeviceChoice
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.work import BatchResult
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.hardware.card_memory import CardJudgement, CardMemory
from kleinbot.hardware.nvml import query_driver, read_card_memory
from kleinbot.process.gc_freeze import freeze
from tests.specs import render_task

ROUNDS = 3
_TICK_S = 0.01
_LOOK_S = 1.0
_STRANGER_S = 60.0
_STRANGER = """
import sys, torch
taken = torch.zeros(int(sys.argv[1]) << 28, dtype=torch.float32, device="cuda")
torch.cuda.synchronize()
print("taken", flush=True)
sys.stdin.readline()
"""


class _Looks:
    """Watches the event loop, and the card as the bot does."""

    def __init__(self, identity: str, engine: GpuEngine) -> None:
        self._identity = identity
        self._engine = engine
        self._judgement = CardJudgement()
        self.latest: CardMemory | None = None
        self.late_s = 0.0
        self.read_s = 0.0
        self.unread = self.looks = 0
        self.is_loaded = False
        self.taken_at_s: float | None = None

    def read(self) -> CardMemory | None:
        if not self._identity:
            return None
        return read_card_memory(self._identity, lambda: self._engine.held_bytes)

    async def watch_loop(self) -> None:
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(_TICK_S)
            self.late_s = max(self.late_s, time.monotonic() - before_s - _TICK_S)

    async def watch_card(self) -> None:
        while True:
            began_s = time.monotonic()
            read = await asyncio.to_thread(self.read)
            self.read_s = max(self.read_s, time.monotonic() - began_s)
            self.looks += 1
            if read is None:
                self.unread += 1
            else:
                self.latest = read
                taken = self._judgement.is_taken(read, None, time.monotonic(), is_loaded=self.is_loaded)
                if taken and self.taken_at_s is None:
                    self.taken_at_s = time.monotonic()
            await asyncio.sleep(_LOOK_S)

    def memory(self) -> dict[str, int] | None:
        """Return MiB of the card: used by all, of it ours at the driver, and of that torch's."""
        read = self.read()
        if read is None:
            return None
        used = read.total_bytes - read.free_bytes
        return {"used": used >> 20, "ours": read.own_bytes >> 20, "torch": read.held_bytes >> 20}


async def _picture(engine: GpuEngine, grid: Grid) -> None:
    result = await engine.render(
        [render_task(ImageKey("freed", 0), "a fox", grid, NoiseRecipe(1))],
        lambda _: None,
        lambda _: False,
    )
    assert isinstance(result, BatchResult)
    assert result.images[0].pixels is not None


async def _round(engine: GpuEngine, looks: _Looks, grid: Grid) -> dict[str, Any]:
    before, began_s, looks.late_s = looks.memory(), time.monotonic(), 0.0
    await engine.unload()
    looks.is_loaded = False
    freed_s, late_freeing_s, looks.late_s = time.monotonic() - began_s, looks.late_s, 0.0
    freed = looks.memory()
    began_s = time.monotonic()
    await engine.start()
    freeze()
    loaded_s = time.monotonic() - began_s
    looks.is_loaded = True
    await _picture(engine, grid)
    first_s, late_loading_s = time.monotonic() - began_s, looks.late_s
    return {
        "MiB before": before,
        "MiB freed": freed,
        "MiB after": looks.memory(),
        "s to free": round(freed_s, 2),
        "s to load": round(loaded_s, 2),
        "s to the first picture": round(first_s, 2),
        "ms late while freeing": round(1000 * late_freeing_s),
        "ms late while loading": round(1000 * late_loading_s),
    }


@contextmanager
def _stranger(gib: int) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", _STRANGER, str(gib)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def _noticed_s(looks: _Looks, gib: int) -> dict[str, Any]:
    """Return the seconds from the stranger's allocation to the judgement that the card is taken."""
    with _stranger(gib) as process:
        assert process.stdout is not None
        said = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), _STRANGER_S)
        taken_s = time.monotonic()
        while looks.taken_at_s is None and time.monotonic() - taken_s < _STRANGER_S:
            await asyncio.sleep(_TICK_S)
        noticed = looks.taken_at_s
        return {
            "said": said.strip(),
            "s to notice": None if noticed is None else round(noticed - taken_s, 2),
            "reading": None if looks.latest is None else asdict(looks.latest),
        }


async def measured(given: argparse.Namespace) -> None:
    on_cpu = given.device == "cpu"
    device = DeviceChoice.CPU if on_cpu else DeviceChoice.AUTO
    model = choose_model(Settings(weights=given.folder, device=device))
    profile = replace(model.profile, compiled=False) if given.eager else model.profile
    grid = Grid(16, 16) if on_cpu else Grid(64, 64)
    pin_gpu(model)
    engine = GpuEngine(model.source, profile, SystemClock(), NoFaults(), scratch=given.out)
    driver = query_driver()
    looks = _Looks("" if model.choice.gpu is None else model.choice.gpu.identity, engine)
    watching = [asyncio.create_task(looks.watch_loop()), asyncio.create_task(looks.watch_card())]
    found: dict[str, Any] = {
        "cards": [gpu.name for gpu in driver.gpus if gpu],
        "driver": driver.version,
        "profile": profile.summary,
        "processors": os.cpu_count(),
    }
    began_s = time.monotonic()
    await engine.start()
    freeze()
    looks.is_loaded = True
    await _picture(engine, grid)
    found["s to the first picture of the process"] = round(time.monotonic() - began_s, 2)
    found["rounds"] = []
    for _ in range(given.rounds):
        _keep(given, found)
        found["rounds"].append(await _round(engine, looks, grid))
    found["our own work was taken for another program's"] = looks.taken_at_s is not None
    _keep(given, found)
    if not on_cpu and given.stranger:
        found["stranger"] = await _noticed_s(looks, given.stranger)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    found["looks at the card"] = {
        "all": looks.looks,
        "unanswered": looks.unread,
        "longest ms": round(1000 * looks.read_s, 1),
    }
    await engine.close()
    import torch

    found["torch"] = torch.__version__
    _keep(given, found)


def _keep(given: argparse.Namespace, found: dict[str, Any]) -> None:
    """Write and print what is measured so far, which is all if the time ends."""
    text = json.dumps(found, indent=1)
    (given.out / ("freed-eager.json" if given.eager else "freed.json")).write_text(text)
    print(text, flush=True)  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--eager", action="store_true")
    parser.add_argument("--stranger", type=int, default=6)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    asyncio.run(measured(given))


if __name__ == "__main__":
    main()
