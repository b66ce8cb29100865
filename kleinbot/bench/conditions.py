"""Collects the conditions of the measurement."""

import datetime as dt
import importlib.metadata
import platform
from dataclasses import replace
from pathlib import Path

from kleinbot import __version__
from kleinbot.app.model_choice import ModelChoice
from kleinbot.bench.contender import STEPS
from kleinbot.bench.results import Conditions
from kleinbot.domain.clock import MS_PER_S, Clock

_LINUX_CPUS = Path("/proc/cpuinfo")


def conditions_of(model: ModelChoice, runs: int, threads: int, clock: Clock) -> Conditions:
    """Return the conditions known before the first run."""
    gpu = model.choice.gpu
    now = dt.datetime.fromtimestamp(clock.now_ms() / MS_PER_S, dt.UTC)
    return Conditions(
        version=__version__,
        date=f"{now:%Y-%m-%d %H:%M} UTC",
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        torch=importlib.metadata.version("torch"),
        diffusers=importlib.metadata.version("diffusers"),
        model=model.name,
        profile=model.profile,
        steps=STEPS,
        runs=runs,
        size=model.size,
        card=None if gpu is None else gpu.name,
        card_bytes=None if gpu is None else gpu.memory_bytes,
        held_bytes=None if gpu is None else gpu.held_bytes,
        driver=model.facts.driver,
        cpu=cpu_name(),
        cpu_threads=threads,
    )


def with_limits(conditions: Conditions, model: ModelChoice) -> Conditions:
    """Add the GPU's limits, read right after its last run, while its clock is still high."""
    gpu = model.choice.gpu
    if gpu is None:
        return conditions
    from kleinbot.bench.gpu_meter import read_limits

    limits = read_limits(gpu.identity)
    return replace(
        conditions,
        power_limit_w=limits.power_limit_w,
        clock_mhz=limits.clock_mhz,
        most_clock_mhz=limits.most_clock_mhz,
    )


def cpu_name(linux_cpus: Path = _LINUX_CPUS) -> str:
    """Return the processor's name from the system; on Linux ``platform`` knows only the architecture."""
    try:
        lines = linux_cpus.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (
        value.strip() for key, _, value in (line.partition(":") for line in lines) if "model name" in key
    )
    return next(names, "") or platform.processor() or platform.machine()
