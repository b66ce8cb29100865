"""Compares the engine with the model card's own call, if possible."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kleinbot.app.model_choice import ModelChoice
from kleinbot.bench.cases import Case
from kleinbot.bench.contender import Contender
from kleinbot.bench.measuring import Measurement
from kleinbot.bench.results import Comparison, Row
from kleinbot.domain.clock import Clock
from kleinbot.domain.profile import Device
from kleinbot.hardware.probe import read_machine_facts
from kleinbot.klein.hub.download import cache_of, obtain
from kleinbot.klein.weights.checkpoint import MODEL_INDEX, TRANSFORMER_CONFIG
from kleinbot.klein.weights.source import FolderSource, Source
from kleinbot.klein.weights.weight_set import WeightSet

_FILES = (MODEL_INDEX, TRANSFORMER_CONFIG)
_ON_A_CPU = 2.5
"""Host memory of their call on a CPU, in bytes per byte of its files: float32, from BF16."""


@dataclass(frozen=True)
class Competitor:
    """The model card's call, "resident" or "offloaded" by ``placement``. ``fits_beside``: with our engine."""

    contender: Contender
    placement: str
    fits_beside: bool


def is_comparable(source: Source) -> bool:
    """Return whether ``source`` is, or will be once downloaded, a checkout that diffusers can load.

    With the FP8 files, the hub's checkout has no transformer of its own; and missing sources, replaced by
    cached 8-bit weights, are available to kleinbot only.
    """
    place = source.folder if isinstance(source, FolderSource) else cache_of(source)
    if any(path.is_relative_to(place.absolute()) for path in source.missing_sources):
        return False
    if isinstance(source, FolderSource):
        return all((source.folder / file).is_file() for file in _FILES)
    return all(source.checkout.holds(file) for file in _FILES)


async def compare(
    measurement: Measurement,
    ours: Contender,
    choose_competitor: Callable[[], Awaitable[Competitor]],
    cases: Sequence[Case],
) -> tuple[tuple[Row, ...], Comparison]:
    """Return our rows and the comparison. ``ours`` is started; it is closed if both do not fit.

    Our rows are measured alone: once both are loaded, the memory counters cover both. Then, if both fit, they
    take turns, so that a GPU that gets warmer slows both down.
    """
    rows = await rows_alone(measurement, ours, cases)
    # Not earlier: only now has our engine reserved all the memory that the cases need.
    competitor = await choose_competitor()
    theirs, placement = competitor.contender, competitor.placement
    try:
        if not competitor.fits_beside:
            await ours.close()
        problem = await measurement.problem_with_start(theirs)
        if problem is not None:
            return rows, Comparison(placement, problem=problem)
        if not competitor.fits_beside:
            return rows, Comparison(placement, await rows_alone(measurement, theirs, cases))
        pairs = [await measurement.rows([ours, theirs], case) for case in cases]
    finally:
        await theirs.close()
    in_turns, their_rows = ([_without_memory(pair[side]) for pair in pairs] for side in (0, 1))
    return rows, Comparison(placement, tuple(their_rows), tuple(in_turns))


async def rows_alone(
    measurement: Measurement, contender: Contender, cases: Sequence[Case]
) -> tuple[Row, ...]:
    """Return a row for each of ``cases``, with nothing else loaded."""
    return tuple([(await measurement.rows([contender], case))[0] for case in cases])


async def model_card(model: ModelChoice, clock: Clock) -> Competitor:
    """Return the model card's call as it fits the GPU now. Imports diffusers, which takes seconds."""
    return await asyncio.to_thread(_model_card, model, clock)


def _model_card(model: ModelChoice, clock: Clock) -> Competitor:
    import torch

    from kleinbot.bench.model_card import RESIDENT_NEEDS_BYTES, ModelCardCall

    # The engine has loaded them, so a hub's files are all in the cache.
    weights = obtain(model.source, lambda _: None, lambda: False)
    folder, facts, gpu = _checkout(model.source, weights), read_machine_facts(), model.choice.gpu
    if model.profile.device is Device.CPU or gpu is None:
        beside = facts.memory.available_bytes >= _ON_A_CPU * weights.bytes
        return Competitor(
            ModelCardCall(folder, torch.device("cpu"), clock, offloaded=False), "resident", beside
        )
    free_bytes = [now.free_bytes for now in facts.gpus if now.identity == gpu.identity]
    beside = any(free >= RESIDENT_NEEDS_BYTES for free in free_bytes)
    # Once the engine is freed, nearly all of its usable memory is free again.
    offloaded = not beside and (model.choice.usable_bytes or 0) < RESIDENT_NEEDS_BYTES
    call = ModelCardCall(folder, torch.device("cuda", 0), clock, offloaded=offloaded)
    return Competitor(call, "offloaded" if offloaded else "resident", beside)


def _checkout(source: Source, weights: WeightSet) -> Path:
    return source.folder if isinstance(source, FolderSource) else weights.tokenizer.file.parent.parent


def _without_memory(row: Row) -> Row:
    """Return ``row`` without the counters, which cover both programs."""
    return replace(row, allocated_bytes=0, reserved_bytes=0)
