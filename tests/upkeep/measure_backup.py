"""Measures a backup and a restore: ``python -m tests.upkeep.measure_backup``.

Prints a line for ``kleinbot/docs/measurements.md``: seconds of a first backup, of the next one, of a check
and of a restore, and the memory of the process.
"""

import argparse
import hashlib
import platform
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from kleinbot.config.settings import Settings
from kleinbot.domain.faults import NoFaults
from kleinbot.store.results import picture_rows
from kleinbot.upkeep.backup import BackupCommand
from kleinbot.upkeep.pairing import settle
from kleinbot.upkeep.restore import RestoreCommand
from tests.manual_clock import START_MS, ManualClock
from tests.store.million import Scale, build


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--jobs", type=int, default=10_000)
    arguments.add_argument("--picture-kib", type=int, default=100)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), asked.jobs, asked.picture_kib * 1024)


def _measure(folder: Path, jobs: int, picture_bytes: int) -> None:
    data, backup = folder / "data", folder / "backup"
    data.mkdir()
    files = _build(data, jobs, picture_bytes)
    settle(data / "kleinbot.sqlite3", data / "archive", ManualClock(), NoFaults())
    before_mib = _most_memory_mib()

    def back_up() -> None:
        BackupCommand(Settings(data_folder=data), backup, _say).make()

    def restorer() -> RestoreCommand:
        return RestoreCommand(Settings(data_folder=folder / "restored"), backup, _say, lambda _: False)

    steps: dict[str, Callable[[], object]] = {
        "first backup": back_up,
        "next backup": back_up,
        "check": lambda: restorer().check(),
        "restore": lambda: restorer().restore(),
    }
    seconds = {name: _seconds(act) for name, act in steps.items()}
    sys.stdout.write(
        f"{jobs} jobs, {files} files of {picture_bytes // 1024} KiB; Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}; "
        + ", ".join(f"{name} {took:.1f} s" for name, took in seconds.items())
        + f"; memory at most {_most_memory_mib():.0f} MiB, {before_mib:.0f} MiB before\n"
    )


def _build(data: Path, jobs: int, picture_bytes: int) -> int:
    file, chance = data / "kleinbot.sqlite3", random.Random(1)
    build(file, Scale(jobs=jobs), START_MS)
    with closing(sqlite3.connect(file)) as connection, connection:
        kept = list(picture_rows.kept_files(connection))
        for each in kept:
            content = chance.randbytes(picture_bytes)
            place = data / "archive" / each.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            values = (hashlib.sha256(content).hexdigest(), each.name)
            connection.execute("UPDATE images SET sha256 = ? WHERE file = ?", values)
            connection.execute("UPDATE job_references SET sha256 = ? WHERE file = ?", values)
    return len(kept)


def _seconds(act: Callable[[], object]) -> float:
    begun_s = time.perf_counter()
    act()
    return time.perf_counter() - begun_s


def _most_memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
