"""Measures how long the whole bot takes to be online over a million jobs.

``python -m tests.store.online``: from an imported program to the gateway's READY, with a scripted engine and
the stand-in in the same process; the first start, which brings database and archive together, and later ones.
"""

import argparse
import asyncio
import platform
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from kleinbot.domain.clock import SystemClock
from kleinbot.sandbox import FakeDiscord
from kleinbot.small_klein import CHECKPOINT
from tests.e2e.running_bot import ShiftedClock, build_environment
from tests.images.hostile import conditions
from tests.scripted_engine import ScriptedEngine
from tests.store.million import Scale, build

FILES = 1_000


async def _starts(folder: Path, times: int) -> list[float]:
    clock, seconds = ShiftedClock(), []
    async with FakeDiscord(now=clock.unix_s) as standin:
        environment = build_environment(standin, clock, folder, CHECKPOINT)
        for _ in range(times):
            begun_s = time.perf_counter()
            async with environment.running_bot(ScriptedEngine()):
                seconds.append(time.perf_counter() - begun_s)
    return seconds


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--jobs", type=int, default=1_000_000)
    arguments.add_argument("--starts", type=int, default=4)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "kleinbot.sqlite3"
        build(file, Scale(jobs=asked.jobs), SystemClock().now_ms())
        with closing(sqlite3.connect(file)) as connection:
            files = connection.execute(
                "SELECT file FROM images WHERE file IS NOT NULL ORDER BY finished_ms DESC LIMIT ?", (FILES,)
            ).fetchall()
        for (picture,) in files:
            (folder / "archive" / picture).parent.mkdir(parents=True, exist_ok=True)
            (folder / "archive" / picture).touch()
        first, *later = asyncio.run(_starts(folder, asked.starts))
    sys.stdout.write(
        f"{conditions()}\n{asked.jobs} jobs, Python {platform.python_version()}: online after {first:.2f} s, "
        f"later {', '.join(f'{each:.2f}' for each in later)} s\n"
    )


if __name__ == "__main__":
    main()
