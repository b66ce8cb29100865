"""The whole of ``bot.py bench``: choose as the bot does, load, measure, report."""

import datetime as dt
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kleinbot import __version__
from kleinbot.bench.cases import cases_for
from kleinbot.bench.contender import STEPS, Contender, DoesNotFitError
from kleinbot.bench.measuring import Measurement, Tell
from kleinbot.bench.ours import OurEngine
from kleinbot.bench.results import Conditions, Report, Row, Transfer
from kleinbot.domain.clock import Clock
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.work import EngineState
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.host.model_sizes import encoder_layers_bytes, transformer_bytes
from kleinbot.host.probe import look
from kleinbot.host.profile import Device, Placement, Profile
from kleinbot.klein.checkpoint import MODEL_INDEX, TRANSFORMER_CONFIG
from kleinbot.klein.download import fetch_from_hub
from kleinbot.klein.source import FolderSource, Source
from kleinbot.model_choice import ModelChoice
from kleinbot.texts import Texts

if TYPE_CHECKING:
    import torch

RUNS = 5
QUICK_RUNS = 2


class BenchError(Exception):
    """The bench cannot go on; its text is the sentence that says why."""


@dataclass(frozen=True)
class Wanted:
    """``against_model_card``: run diffusers' own call too. ``scratch`` is a folder for weights on disk."""

    quick: bool = False
    against_model_card: bool = False
    scratch: Path | None = None

    @property
    def runs(self) -> int:
        return QUICK_RUNS if self.quick else RUNS


async def bench(
    model: ModelChoice, wanted: Wanted, clock: Clock, texts: Texts, locale: str, tell: Tell
) -> Report:
    """Measure ``model``; ``tell`` gets sentences of progress. A cancelled bench frees what it loaded.

    Raises StartError where the model cannot be loaded, BenchError where the comparison cannot be made.
    """
    cases = cases_for(model.profile, model.capacity, quick=wanted.quick)
    threads = max(1, (os.cpu_count() or 1) - 1)
    async with AsyncExitStack() as stack:
        engine = GpuEngine(model.source, model.profile, clock, NoFaults(), threads, wanted.scratch)
        phases = [engine.state.phase]

        def on_state(state: EngineState) -> None:
            if state.phase is not phases[-1]:
                phases.append(state.phase)
                tell(texts.say(locale, "bench-loading", phase=state.phase))

        engine.watch(on_state)
        ours = OurEngine(engine, clock)
        stack.push_async_callback(ours.close)
        if wanted.against_model_card:
            _checkout(model.source, texts, locale)
        started_s = clock.monotonic_s()
        await ours.start()
        load_s = clock.monotonic_s() - started_s

        # Here and not above: importing torch takes seconds, in which the engine's thread already loads.
        from kleinbot.bench.card import CardMeter, pinned_bytes_per_s

        device = _device(model.profile)
        measurement = Measurement(CardMeter(device), wanted.runs, texts, locale, tell)
        moved, from_disk = moved_bytes(model.profile)
        transfer = Transfer(moved, None if from_disk else pinned_bytes_per_s(device)) if moved else None
        conditions = _conditions(model, wanted.runs, threads, clock)
        if not wanted.against_model_card:
            rows = [(await measurement.rows([ours], case))[0] for case in cases]
            return Report(_with_limits(conditions, model), load_s, tuple(rows), transfer)
        theirs, way, beside = _model_card(model, clock, texts, locale)
        stack.push_async_callback(theirs.close)
        if not beside:
            rows = [(await measurement.rows([ours], case))[0] for case in cases]
            await ours.close()
        tell(texts.say(locale, "bench-loading-theirs"))
        await _start_theirs(theirs, texts, locale)
        if beside:
            pairs = [await measurement.rows([ours, theirs], case) for case in cases]
            rows, their_rows = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        else:
            their_rows = [(await measurement.rows([theirs], case))[0] for case in cases]
        return Report(
            _with_limits(conditions, model),
            load_s,
            tuple(rows),
            transfer,
            _without_memory(their_rows) if beside else tuple(their_rows),
            way,
            beside,
        )


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


def _device(profile: Profile) -> "torch.device":
    import torch

    return torch.device("cuda", 0) if profile.device is Device.CUDA else torch.device("cpu")


def _checkout(source: Source, texts: Texts, locale: str) -> Path:
    """Return the checkout that diffusers can load. A hub's is complete once the engine has loaded it."""
    if isinstance(source, FolderSource):
        folder = source.folder
    else:
        folder = fetch_from_hub(source, lambda _: None, lambda: False).tokenizer.file.parent.parent
    # Beside the FP8 files, the hub's checkout has no transformer of its own.
    if not all((folder / file).is_file() for file in (MODEL_INDEX, TRANSFORMER_CONFIG)):
        raise BenchError(texts.say(locale, "bench-needs-checkout", folder=str(folder)))
    return folder


def _model_card(model: ModelChoice, clock: Clock, texts: Texts, locale: str) -> tuple[Contender, str, bool]:
    """Return the model card's call, how it runs here, and whether it fits beside the engine."""
    from kleinbot.bench.model_card import RESIDENT_NEEDS_BYTES, ModelCardCall

    folder, device = _checkout(model.source, texts, locale), _device(model.profile)
    if device.type == "cpu":
        return ModelCardCall(folder, device, clock, offloaded=False), "resident", True
    beside = any(card.free_bytes >= RESIDENT_NEEDS_BYTES for card in look().cards[:1])
    # Once the engine is freed, nearly all of what the rules could use is free again.
    fits_alone = (model.choice.usable_bytes or 0) >= RESIDENT_NEEDS_BYTES
    offloaded = not (beside or fits_alone)
    call = ModelCardCall(folder, device, clock, offloaded=offloaded)
    return call, "offloaded" if offloaded else "resident", beside


async def _start_theirs(theirs: Contender, texts: Texts, locale: str) -> None:
    try:
        await theirs.start()
    except DoesNotFitError:
        reason = texts.say(locale, "bench-does-not-fit")
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        reason = f"{type(error).__name__}: {error}"
    else:
        return
    raise BenchError(texts.say(locale, "bench-theirs-failed", reason=reason))


def _without_memory(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Beside a loaded engine the counters are of both together, so they say nothing of one."""
    return tuple(replace(row, allocated_bytes=0, reserved_bytes=0) for row in rows)


def _conditions(model: ModelChoice, runs: int, threads: int, clock: Clock) -> Conditions:
    card = model.choice.card
    now = dt.datetime.fromtimestamp(clock.now_ms() / 1000, dt.UTC)
    return Conditions(
        version=__version__,
        date=f"{now:%Y-%m-%d %H:%M} UTC",
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        torch=importlib.metadata.version("torch"),
        diffusers=importlib.metadata.version("diffusers"),
        model=model.name,
        profile=model.profile.name,
        precision=model.profile.precision,
        steps=STEPS,
        runs=runs,
        card=None if card is None else card.name,
        card_bytes=None if card is None else card.memory_bytes,
        driver=model.facts.driver,
        cpu=platform.processor() or platform.machine(),
        cpu_threads=threads,
    )


def _with_limits(conditions: Conditions, model: ModelChoice) -> Conditions:
    """Add the card's limits, read right after its last work, while its clock is still up."""
    card = model.choice.card
    if card is None:
        return conditions
    from kleinbot.bench.card import read_limits

    limits = read_limits(card.identity)
    return replace(
        conditions,
        power_limit_w=limits.power_limit_w,
        clock_mhz=limits.clock_mhz,
        most_clock_mhz=limits.most_clock_mhz,
    )
