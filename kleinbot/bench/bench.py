"""Implements ``bot.py bench``: chooses the profile like the bot, loads, measures and reports."""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kleinbot.app.model_choice import ModelChoice, pin_gpu
from kleinbot.bench.cases import cases_for
from kleinbot.bench.comparing import compare, is_comparable, model_card, rows_alone
from kleinbot.bench.conditions import conditions_of, with_limits
from kleinbot.bench.contender import STEPS
from kleinbot.bench.measuring import Measurement, ProgressCallback
from kleinbot.bench.ours import OurEngine
from kleinbot.bench.results import Report, Transfer
from kleinbot.bench.start_progress import StartProgress
from kleinbot.domain.clock import Clock
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.profile import Placement, Profile
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.protocol import Engine
from kleinbot.hardware.model_sizes import encoder_layers_bytes, transformer_bytes
from kleinbot.klein.hub.folder_hashes import VERIFIED_FILES
from kleinbot.klein.quantisation.quantised_cache import FOLDER
from kleinbot.texts import Texts

if TYPE_CHECKING:
    import torch

RUNS = 5
QUICK_RUNS = 2


class BenchError(Exception):
    """The benchmark cannot continue; its text is the reason."""


@dataclass(frozen=True)
class BenchOptions:
    """``against_model_card``: also run diffusers' own call. ``scratch`` is the bot's folder for weights."""

    quick: bool = False
    against_model_card: bool = False
    scratch: Path | None = None

    @property
    def runs(self) -> int:
        return QUICK_RUNS if self.quick else RUNS


async def bench(
    model: ModelChoice,
    options: BenchOptions,
    clock: Clock,
    texts: Texts,
    locale: str,
    on_progress: ProgressCallback,
) -> Report:
    """Measure ``model``; ``on_progress`` receives progress sentences. A cancelled benchmark frees the model.

    Raises StartError if the model cannot be loaded; BenchError, before anything is loaded, if the comparison
    is impossible; FatalEngineError if the GPU is lost.
    """
    if options.against_model_card and not is_comparable(model.source):
        raise BenchError(texts.say(locale, "bench-needs-checkout", weights=model.source.name))
    cases = cases_for(model.profile, model.capacity, quick=options.quick)
    threads = max(1, (os.cpu_count() or 1) - 1)
    start = StartProgress(clock, texts, locale, on_progress)

    def make_engine() -> Engine:
        pin_gpu(model)
        engine = GpuEngine(model.source, model.profile, clock, NoFaults(), threads, options.scratch)
        engine.watch(start.on_state)
        return engine

    async with AsyncExitStack() as stack:
        ours = OurEngine(make_engine, clock)
        stack.push_async_callback(ours.close)
        before = await asyncio.to_thread(_files_for_later_starts, options.scratch)
        load_s = await start.seconds_of(ours)
        is_first_start = before != await asyncio.to_thread(_files_for_later_starts, options.scratch)

        # Imported here: importing torch takes seconds, during which the engine's thread already loads.
        from kleinbot.bench.gpu_meter import GpuMeter
        from kleinbot.engine.device import device_of

        device = device_of(model.profile)
        measurement = Measurement(GpuMeter(device), options.runs, texts, locale, on_progress)
        transfer = await asyncio.to_thread(_transfer, model.profile, device)
        conditions = conditions_of(model, options.runs, threads, clock)
        if options.against_model_card:
            rows, comparison = await compare(measurement, ours, partial(model_card, model, clock), cases)
        else:
            rows, comparison = await rows_alone(measurement, ours, cases), None
        return Report(with_limits(conditions, model), load_s, rows, transfer, comparison, is_first_start)


def moved_bytes(profile: Profile) -> tuple[int, bool]:
    """Return the bytes of weights copied to the GPU for one picture of 4 steps, and whether from disk.

    A transformer that is not resident is copied for each step.
    """
    plans = (profile.text_encoder, profile.transformer)
    sizes = (
        encoder_layers_bytes(profile.text_encoder, profile.precision),
        STEPS * transformer_bytes(profile.transformer, profile.precision),
    )
    moved = [
        size for plan, size in zip(plans, sizes, strict=True) if plan.placement is not Placement.RESIDENT
    ]
    return sum(moved), any(plan.placement is Placement.DISK for plan in plans)


def _files_for_later_starts(scratch: Path | None) -> dict[Path, int]:
    """Return the files that a start leaves for later ones (hashes and 8-bit weights) with their times."""
    if scratch is None:
        return {}
    files = (*scratch.glob(VERIFIED_FILES), *(scratch / FOLDER).glob("*.safetensors"))
    return {file: file.stat().st_mtime_ns for file in files}


def _transfer(profile: Profile, device: "torch.device") -> Transfer | None:
    from kleinbot.bench.gpu_meter import pinned_bytes_per_s

    moved, from_disk = moved_bytes(profile)
    return Transfer(moved, None if from_disk else pinned_bytes_per_s(device)) if moved else None
