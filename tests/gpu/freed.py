"""Measures what freeing the card frees, and how soon the first picture comes again.

``python -m tests.gpu.freed FOLDER --out RESULTS``: FOLDER is a checkout in the published layout. Three rounds
in one process. Prints, and writes to ``freed.json``: card, driver, torch and profile, the memory
of this process at the driver before, freed and after, the seconds of freeing, of loading and to the first
picture, and the longest delay of the event loop meanwhile.
"""

import argparse
import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

from kleinbot.app.model_choice import choose_model
from kleinbot.config.settings import Settings
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.work import BatchResult
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.hardware.nvml import query_driver
from tests.specs import render_task

ROUNDS = 3
_TICK_S = 0.01


def _own_mib() -> int | None:
    """Return this process's memory at the driver; None where it does not tell, as in some containers."""
    driver = query_driver()
    own = [each.bytes for gpu in driver.gpus if gpu for each in gpu.programs if each.pid == os.getpid()]
    return sum(own) >> 20 if own else None


async def _watch_loop(worst: list[float]) -> None:
    while True:
        before_s = time.monotonic()
        await asyncio.sleep(_TICK_S)
        worst[0] = max(worst[0], time.monotonic() - before_s - _TICK_S)


async def _picture(engine: GpuEngine) -> None:
    result = await engine.render(
        [render_task(ImageKey("freed", 0), "a fox", Grid(64, 64), NoiseRecipe(1))],
        lambda _: None,
        lambda _: False,
    )
    assert isinstance(result, BatchResult)
    assert result.images[0].pixels is not None


async def measured(folder: Path) -> dict[str, Any]:
    model = choose_model(Settings(weights=folder))
    engine = GpuEngine(model.source, model.profile, SystemClock(), NoFaults())
    driver, rounds, worst = query_driver(), [], [0.0]
    watching = asyncio.create_task(_watch_loop(worst))
    await engine.start()
    await _picture(engine)
    for _ in range(ROUNDS):
        before, began_s, worst[0] = _own_mib(), time.monotonic(), 0.0
        await engine.unload()
        freed_s, freed = time.monotonic() - began_s, _own_mib()
        began_s = time.monotonic()
        await engine.start()
        loaded_s = time.monotonic() - began_s
        await _picture(engine)
        rounds.append(
            {
                "MiB before": before,
                "MiB freed": freed,
                "MiB after": _own_mib(),
                "s to free": round(freed_s, 2),
                "s to load": round(loaded_s, 2),
                "s to the first picture": round(time.monotonic() - began_s, 2),
                "ms the event loop was late": round(1000 * worst[0]),
            }
        )
    watching.cancel()
    profile = engine.profile.summary
    await engine.close()
    import torch

    cards = [gpu.name for gpu in driver.gpus if gpu]
    return {
        "cards": cards,
        "driver": driver.version,
        "torch": torch.__version__,
        "profile": profile,
        "rounds": rounds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    found = asyncio.run(measured(given.folder))
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "freed.json").write_text(json.dumps(found, indent=1))
    print(json.dumps(found, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
