"""Measures a sweep beside a database of a million jobs: ``python -m tests.upkeep.measure``.

Prints a line for ``kleinbot/docs/measurements.md``: wall and CPU time of a page, and the time in which a
start determines whether database and archive belong together.
"""

import argparse
import platform
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from kleinbot.archive.archive import Archive
from kleinbot.domain.faults import NoFaults
from kleinbot.upkeep.pairing import settle
from kleinbot.upkeep.sweep import PAGE_FILES, Sweep
from tests.manual_clock import START_MS, ManualClock
from tests.store.million import Scale, build


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--jobs", type=int, default=1_000_000)
    arguments.add_argument("--files", type=int, default=200_000, help="how many pictures lie in the archive")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), asked.jobs, asked.files)


def _measure(folder: Path, jobs: int, files: int) -> None:
    file, root = folder / "kleinbot.sqlite3", folder / "archive"
    build(file, Scale(jobs=jobs), START_MS)
    with closing(sqlite3.connect(file)) as connection:
        # The newest picture, which identifies an installation without identities.
        names = connection.execute(
            "SELECT file FROM images WHERE file IS NOT NULL ORDER BY finished_ms DESC LIMIT ?", (files,)
        ).fetchall()
    for (name,) in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    begun_s = time.perf_counter()
    pairing = settle(file, root, ManualClock(), NoFaults())
    settled_s = time.perf_counter() - begun_s
    sweep = Sweep(root, file, remover=Archive(root), is_together=True)
    pages_s, busy_s = [], []
    going = True
    while going:
        begun_s, begun_busy_s = time.perf_counter(), time.thread_time()
        going = sweep.page()
        pages_s.append(time.perf_counter() - begun_s)
        busy_s.append(time.thread_time() - begun_busy_s)
    sys.stdout.write(
        f"{jobs} jobs, {len(names)} files, {pairing}; Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}\n"
        f"start {1000 * settled_s:.1f} ms; a page of {PAGE_FILES} files: {_spread(pages_s)}, of which a"
        f" processor {_spread(busy_s)}; {len(pages_s)} pages in {sum(pages_s):.1f} s; {sweep.counts}\n"
    )


def _spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p50, p99 = (1000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
    return f"p50 {p50:.2f}, p99 {p99:.2f}, worst {1000 * ordered[-1]:.2f} ms"


if __name__ == "__main__":
    main()
