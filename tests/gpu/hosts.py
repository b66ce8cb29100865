"""Emulates every named host on one large GPU: ``python -m tests.gpu.hosts FOLDER --out FOLDER``.

Each host runs in its own process, limited to the host's usable memory minus 0.7 GiB. It uses the profile
chosen for that machine and renders a 1024² picture, an edit with one reference and a variation, each twice.
Prints one table against the promises. FOLDER contains a checkout of ``tests.gpu.full_size`` with the FP8
files next to its ``model_index.json``. ``--dry`` runs everything on a CPU with a tiny Klein, to try the
script; ``--only NAME`` runs one host; ``--limit S`` replaces each host's time limit, for slow compilers.

In the table, memory is in GiB and time in seconds: ``predicted`` and ``stage`` are the memory model's peak
and its stage, ``failed`` is the stage that ran out of memory; ``load_s`` is loading, ``warm_s`` is the
warm-up including compilation; ``ram`` is the process's peak resident size, out of the host's ``ram_of``;
``kept`` compares reserved with promised, or ``failed`` with ``stage`` if memory should run out.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
import torch

from kleinbot.bench.bench import moved_bytes
from kleinbot.bench.cases import Case
from kleinbot.bench.contender import STEPS, prompt_of, references_of
from kleinbot.bench.gpu_meter import pinned_bytes_per_s
from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import KleinbotError
from kleinbot.domain.faults import FaultPoint, Faults, NoFaults
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.noise import Blend, NoiseRecipe
from kleinbot.domain.profile import CPU_SMALL, Device, Profile, WeightFormat
from kleinbot.domain.work import BatchResult, EnginePhase, EngineState, Fallback
from kleinbot.engine.failures import is_out_of_memory
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.stages import Stages
from kleinbot.hardware.memory_model import WorkShape, predict
from kleinbot.hardware.profile_choice import CONTEXT_RESERVE_BYTES
from kleinbot.klein.weights.source import FolderSource
from tests.hardware.named_hosts import HOSTS, Host
from tests.klein.tiny import ensure_tiny
from tests.specs import render_task, with_spec

GIB = 2**30
FULL, SMALL = Grid(64, 64), Grid(6, 6)
LIMIT_S = 150.0
"""Time limit of a host's process."""
COMPILED_LIMIT_S = 560.0
"""Compiling every warm-up shape takes minutes."""
_STAGES = ("_encode", "_denoise", "_decode")
"""The method names of ``engine.stages.Stages``."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--out", type=Path, default=Path("hosts"))
    parser.add_argument("--only", action="append", choices=[host.name for host in HOSTS])
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--limit", type=float, metavar="S")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    chosen = [host for host in HOSTS if asked.only is None or host.name in asked.only]
    if asked.child is not None:
        asked.child.write_text(json.dumps(measured(chosen[0], asked.folder, dry=asked.dry)), "utf-8")
        return
    asked.out.mkdir(parents=True, exist_ok=True)
    folder = ensure_tiny(asked.out / "tiny") if asked.dry else asked.folder
    if folder is None:
        parser.error("name the folder with the full-size weights, or use --dry")
    rows = []
    for host in chosen:
        limit_s = COMPILED_LIMIT_S if host.profile().compiled else LIMIT_S
        rows.append(in_a_process(host, folder, asked.limit or limit_s, dry=asked.dry))
        # After each host, so that an interrupted run keeps its results.
        (asked.out / "hosts.json").write_text(json.dumps(rows, indent=1), "utf-8")
        (asked.out / "hosts.txt").write_text(table(rows), "utf-8")
        say(table(rows[-1:]).splitlines()[-1])
    say(table(rows))


def in_a_process(host: Host, folder: Path, limit_s: float, *, dry: bool) -> dict[str, Any]:
    """Measure in a new process; return its row, or how it ended."""
    with tempfile.TemporaryDirectory() as place:
        answer = Path(place) / "answer.json"
        command = [
            sys.executable,
            "-m",
            "tests.gpu.hosts",
            str(folder),
            "--only",
            host.name,
            "--child",
            str(answer),
        ]
        try:
            ended = subprocess.run(
                [*command, *(["--dry"] if dry else [])],
                capture_output=True,
                text=True,
                timeout=limit_s,
                # Like the bot before it imports torch, which this program has already imported.
                env={**os.environ, "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"},
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"host": host.name, "error": f"not done after {limit_s:.0f} s"}
        if not answer.is_file():
            last = (ended.stderr.strip().splitlines() or ["no word"])[-1]
            return {"host": host.name, "error": f"exit code {ended.returncode}: {last}"}
        row: dict[str, Any] = json.loads(answer.read_text("utf-8"))
        return row


def measured(host: Host, folder: Path, *, dry: bool) -> dict[str, Any]:
    """Render this host's pictures in this process; return its row, in GiB and seconds."""
    row: dict[str, Any] = {"host": host.name, "promise": host.promise_gib, "too_large": host.too_large}
    row["ram_of"] = host.machine.ram_gib
    ends: list[str] = []
    try:
        profile = host.profile()
        row |= {"mode": profile.name, "lean": profile.lean_decode, "compiled": profile.compiled}
        shapes = WorkShape(FULL), WorkShape(FULL, (FULL,))
        peaks = max((predict(profile, shape) for shape in shapes), key=lambda peak: peak.highest_bytes)
        row |= {"predicted": peaks.highest_bytes / GIB, "stage": peaks.highest_stage}
        limit = host.machine.gpu.free_bytes - CONTEXT_RESERVE_BYTES
        if host.too_large:
            plain = predict(profile, shapes[0])
            limit = (plain.decode_bytes + max(plain.encode_bytes, plain.denoise_bytes)) // 2
            row["stage"] = plain.highest_stage
        row["limit"] = limit / GIB
        run = dataclasses.replace(CPU_SMALL, largest_grid_tokens=SMALL.tokens) if dry else profile
        if not dry:
            _, total = torch.cuda.mem_get_info()
            torch.cuda.set_per_process_memory_fraction(min(1.0, limit / total))
        faults = DecodeFails() if dry and host.too_large else NoFaults()
        with noted_to(ends), patch("kleinbot.engine.startup.free_bytes", int) if dry else nullcontext():
            asyncio.run(make_pictures(folder, run, SMALL if dry else FULL, row, faults))
    except KleinbotError as error:
        row["error"] = str(error)
    row["failed"] = ends[0] if ends else None
    memory = psutil.Process().memory_info()
    row["ram"] = getattr(memory, "peak_wset", 0) / GIB or _peak_resident_gib()
    return row


class DecodeFails(NoFaults):
    """Runs out of memory in each decode, for a dry run."""

    def reach(self, point: FaultPoint) -> None:
        if point is FaultPoint.WITHIN_DECODE:
            raise torch.OutOfMemoryError("feigned")


@contextmanager
def noted_to(ends: list[str]) -> Iterator[None]:
    """Append to ``ends`` each stage that runs out of memory, by the memory model's names.

    It is recorded on the spot: the engine's later report has no traceback.
    """

    def noting(name: str, act: Callable[..., object]) -> Callable[..., object]:
        def acted(*arguments: object) -> object:
            try:
                return act(*arguments)
            except Exception as error:
                if is_out_of_memory(error):
                    ends.append(name.removeprefix("_"))
                raise

        return acted

    with ExitStack() as changes:
        for name in _STAGES:
            changes.enter_context(patch.object(Stages, name, noting(name, getattr(Stages, name))))
        yield


async def make_pictures(
    folder: Path, profile: Profile, grid: Grid, row: dict[str, Any], faults: Faults
) -> None:
    """Fill in ``row``: seconds, peaks and the fallbacks that the engine took."""
    on_gpu = profile.device is Device.CUDA
    reference = references_of(Case(grid, references=1))
    kinds = {
        "picture": render_task(ImageKey("picture", 0), "", grid, NoiseRecipe(1), STEPS),
        "edit": render_task(ImageKey("edit", 0), "", grid, NoiseRecipe(1), STEPS, pictures=reference),
        "variation": render_task(ImageKey("variation", 0), "", grid, NoiseRecipe(1, (Blend(2, 0.5),)), STEPS),
    }
    with tempfile.TemporaryDirectory() as scratch:
        # The hosts share quantised weights, so that only the first one creates them.
        scratch_folder = folder / "scratch" if on_gpu else Path(scratch)
        source = FolderSource(folder, prefer_fp8=profile.transformer.format is WeightFormat.FP8)
        engine = GpuEngine(source, profile, SystemClock(), faults, scratch=scratch_folder)
        started_s = time.perf_counter()
        phases: dict[EnginePhase, float] = {}

        def on_state(state: EngineState) -> None:
            phases.setdefault(state.phase, time.perf_counter() - started_s)

        engine.watch(on_state)
        try:
            try:
                await engine.start()
            finally:
                until_s = time.perf_counter() - started_s
                row["load_s"] = phases.get(EnginePhase.WARMING, until_s)
                row["warm_s"] = until_s - row["load_s"]
            # Compiling and the warm-up are not part of the promise.
            if on_gpu:
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
            fallbacks: list[Fallback] = []
            for number, (kind, task) in enumerate((*kinds.items(), *kinds.items())):
                started_s = time.perf_counter()
                result = await engine.render(
                    [with_spec(task, prompt=prompt_of(number))], lambda _: None, lambda _: False
                )
                row[f"{kind}_s"] = time.perf_counter() - started_s
                assert isinstance(result, BatchResult)
                fallbacks += [step.fallback for step in result.out_of_memory]
                for image in result.images:
                    if image.error is not None:
                        raise image.error
            row["fallbacks"] = list(dict.fromkeys(fallbacks))
            if on_gpu:
                row["allocated"] = torch.cuda.max_memory_allocated() / GIB
                row["reserved"] = torch.cuda.max_memory_reserved() / GIB
                moved, from_disk = moved_bytes(profile)
                rate = None if from_disk or not moved else pinned_bytes_per_s(torch.device("cuda", 0))
                row |= {"moved": moved / GIB, "moved_s": moved / rate if rate else None}
        finally:
            await engine.close()


def _peak_resident_gib() -> float:
    """Return the process's peak resident size, including mapped files; Linux counts in KiB.

    Not from ``getrusage``: a forked process starts with its parent's value.
    """
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / GIB


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return one line for each row; GiB, and seconds of the second picture of each kind."""
    columns: tuple[str, ...] = (
        "host",
        "mode",
        "compiled",
        "limit",
        "predicted",
        "stage",
        "failed",
        "allocated",
        "reserved",
    )
    columns += ("promise", "kept", "picture_s", "edit_s", "variation_s", "moved", "moved_s", "ram", "ram_of")
    columns += ("load_s", "warm_s", "fallbacks", "error")
    cells = [list(columns), *([_cell(row, column) for column in columns] for row in rows)]
    widths = [max(len(line[position]) for line in cells) for position in range(len(columns))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _cell(row: dict[str, Any], column: str) -> str:
    if column == "kept":
        if row.get("too_large"):
            return "yes" if row["failed"] == row["stage"] else "NO"
        promise, reserved = row.get("promise"), row.get("reserved")
        return "–" if promise is None or reserved is None else "yes" if reserved <= promise else "NO"
    value = row.get(column)
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list):
        return ",".join(value) or "–"
    return "–" if value is None else str(value)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
