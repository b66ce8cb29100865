"""The whole of ``bot.py bench``: choose as the bot does, load, measure, report."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kleinbot.app.model_choice import ModelChoice, pin_gpu
from kleinbot.bench.cases import cases_for
from kleinbot.bench.comparing import alone, compared, is_comparable, model_card
from kleinbot.bench.conditions import conditions_of, with_limits
from kleinbot.bench.contender import STEPS
from kleinbot.bench.measuring import Measurement, Tell
from kleinbot.bench.ours import OurEngine
from kleinbot.bench.results import Report, Transfer
from kleinbot.domain.clock import Clock
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.profile import Placement, Profile
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.protocol import Engine
from kleinbot.hardware.model_sizes import encoder_layers_bytes, transformer_bytes
from kleinbot.klein.hub.folder_hashes import REMEMBERED
from kleinbot.klein.quantisation.quantised_cache import FOLDER
from kleinbot.texts import Texts

if TYPE_CHECKING:
    import torch

RUNS = 5
QUICK_RUNS = 2
_TOLD_OF_A_PHASE = 20
"""Times that a download, loading or warming up says how far it is."""
_TOLD = {
    EnginePhase.DOWNLOADING: "bench-downloading",
    EnginePhase.LOADING: "bench-loading",
    EnginePhase.WARMING: "bench-warming",
}


class BenchError(Exception):
    """The bench cannot go on; its text is the sentence that says why."""


@dataclass(frozen=True)
class BenchOptions:
    """``against_model_card``: run diffusers' own call too. ``scratch`` is the bot's folder for weights."""

    quick: bool = False
    against_model_card: bool = False
    scratch: Path | None = None

    @property
    def runs(self) -> int:
        return QUICK_RUNS if self.quick else RUNS


async def bench(
    model: ModelChoice, wanted: BenchOptions, clock: Clock, texts: Texts, locale: str, tell: Tell
) -> Report:
    """Measure ``model``; ``tell`` gets sentences of progress. A cancelled bench frees what it loaded.

    Raises StartError where the model cannot be loaded; BenchError, before anything is loaded, where the
    comparison cannot be made; FatalEngineError where the card is lost.
    """
    if wanted.against_model_card and not is_comparable(model.source):
        raise BenchError(texts.say(locale, "bench-needs-checkout", weights=model.source.name))
    cases = cases_for(model.profile, model.capacity, quick=wanted.quick)
    threads = max(1, (os.cpu_count() or 1) - 1)
    start = _Start(clock, texts, locale, tell)

    def make_engine() -> Engine:
        pin_gpu(model)
        engine = GpuEngine(model.source, model.profile, clock, NoFaults(), threads, wanted.scratch)
        engine.watch(start.on_state)
        return engine

    async with AsyncExitStack() as stack:
        ours = OurEngine(make_engine, clock)
        stack.push_async_callback(ours.close)
        before = await asyncio.to_thread(_found_by_later_starts, wanted.scratch)
        load_s = await start.seconds_of(ours)
        is_first_start = before != await asyncio.to_thread(_found_by_later_starts, wanted.scratch)

        # Here and not above: importing torch takes seconds, in which the engine's thread already loads.
        from kleinbot.bench.gpu_meter import GpuMeter
        from kleinbot.engine.device import device_of

        device = device_of(model.profile)
        measurement = Measurement(GpuMeter(device), wanted.runs, texts, locale, tell)
        transfer = await asyncio.to_thread(_transfer, model.profile, device)
        conditions = conditions_of(model, wanted.runs, threads, clock)
        if wanted.against_model_card:
            rows, comparison = await compared(measurement, ours, partial(model_card, model, clock), cases)
        else:
            rows, comparison = await alone(measurement, ours, cases), None
        return Report(with_limits(conditions, model), load_s, rows, transfer, comparison, is_first_start)


class _Start:
    """Tells what a start is doing, and how long it took without its download."""

    def __init__(self, clock: Clock, texts: Texts, locale: str, tell: Tell) -> None:
        self._clock = clock
        self._say: Callable[..., str] = partial(texts.say, locale)
        self._tell = tell
        self._last = ""
        self._download_began_s: float | None = None
        self._download_s = 0.0

    async def seconds_of(self, ours: OurEngine) -> float:
        """Start ``ours``; return how long it took, less the download."""
        began_s = self._clock.monotonic_s()
        await ours.start()
        return self._clock.monotonic_s() - began_s - self._download_s

    def on_state(self, state: EngineState) -> None:
        """Note and tell what the engine has begun to do."""
        if state.phase is EnginePhase.DOWNLOADING:
            if self._download_began_s is None:
                self._download_began_s = self._clock.monotonic_s()
        elif self._download_began_s is not None:
            self._download_s += self._clock.monotonic_s() - self._download_began_s
            self._download_began_s = None
        percent = int((state.fraction or 0.0) * _TOLD_OF_A_PHASE) * 100 // _TOLD_OF_A_PHASE
        # What is in the cache already is at its end without a word.
        if state.phase in _TOLD and (percent or state.phase is not EnginePhase.DOWNLOADING):
            self._tell_once(self._say(_TOLD[state.phase], weights=state.detail, percent=percent))

    def _tell_once(self, sentence: str) -> None:
        if sentence != self._last:
            self._last = sentence
            self._tell(sentence)


def moved_bytes(profile: Profile) -> tuple[int, bool]:
    """Return how many bytes of weights go to the card for one picture of 4 steps, and whether from disk.

    A transformer that is not resident goes there for each step.
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


def _found_by_later_starts(scratch: Path | None) -> dict[Path, int]:
    """Return what a start leaves for later ones, hashes and files in 8 bits, with the moment of each."""
    if scratch is None:
        return {}
    files = (*scratch.glob(REMEMBERED), *(scratch / FOLDER).glob("*.safetensors"))
    return {file: file.stat().st_mtime_ns for file in files}


def _transfer(profile: Profile, device: "torch.device") -> Transfer | None:
    from kleinbot.bench.gpu_meter import pinned_bytes_per_s

    moved, from_disk = moved_bytes(profile)
    return Transfer(moved, None if from_disk else pinned_bytes_per_s(device)) if moved else None
