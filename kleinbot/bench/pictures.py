"""Draws the fixed list of pictures and edits, with the engine alone, and lays them out as sheets."""

import asyncio
import datetime as dt
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kleinbot import __version__
from kleinbot.app.model_choice import ModelChoice, pin_gpu
from kleinbot.bench.contender import STEPS
from kleinbot.bench.measuring import ProgressCallback
from kleinbot.bench.picture_list import AskedPicture, asked_of
from kleinbot.bench.sheet import Tile, save_sheet
from kleinbot.bench.start_progress import StartProgress
from kleinbot.domain.clock import MS_PER_S, Clock
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.faults import NoFaults
from kleinbot.domain.job_spec import ImageKey, JobKind, JobSpec
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import BatchResult, ModelSize, RenderTask
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.protocol import Engine
from kleinbot.texts import Texts

SEED = 2026
"""The seed of the first picture; each next one has the next, and an edit the seed of its picture."""
PICTURES, EDITS, ONE_EDIT = "pictures.webp", "edits.webp", "edit.webp"
_SHOWN_EDIT = 7
_COLUMNS = 4
_PAIRS_A_ROW = 2
KLEIN_NAME, SMALL_NAME = "FLUX.2 [klein] 4B", "kleinbot's small model"


@dataclass(frozen=True)
class Drawn:
    """One picture of the list, before and after its edit."""

    asked: AskedPicture
    picture: Pixels
    edited: Pixels


def name_of(model: ModelSize) -> str:
    """Return the model's name for other people: never that of a folder or repository of the owner's."""
    return SMALL_NAME if model is ModelSize.SMALL else KLEIN_NAME


async def draw_sheets(
    model: ModelChoice,
    folder: Path,
    scratch: Path | None,
    clock: Clock,
    texts: Texts,
    locale: str,
    on_progress: ProgressCallback,
) -> Sequence[Path]:
    """Draw the list with ``model`` and save the sheets in ``folder``; return the files.

    Raises StartError if the model cannot be loaded, RenderError if a picture fails, FatalEngineError if the
    GPU is lost, OSError if a file cannot be written.
    """
    threads = max(1, (os.cpu_count() or 1) - 1)
    start = StartProgress(clock, texts, locale, on_progress)
    pin_gpu(model)
    engine = GpuEngine(model.source, model.profile, clock, NoFaults(), threads, scratch)
    try:
        engine.watch(start.on_state)
        await start.seconds_of(engine)
        drawn = await draw(engine, model, partial(texts.say, locale), on_progress)
    finally:
        await engine.close()
    now = dt.datetime.fromtimestamp(clock.now_ms() / MS_PER_S, dt.UTC)
    caption = f"{name_of(model.size)} · {STEPS} steps · kleinbot {__version__} · {now:%Y-%m-%d}"
    return await asyncio.to_thread(save_sheets, drawn, caption, folder)


async def draw(
    engine: Engine, model: ModelChoice, say: Callable[..., str], on_progress: ProgressCallback
) -> list[Drawn]:
    """Draw each picture of the list and its edit with an ``engine`` that has started."""
    asked = asked_of(model.size)
    drawn = []
    for number, each in enumerate(asked):
        on_progress(say("bench-drawing", number=number + 1, total=len(asked), prompt=each.prompt))
        spec = JobSpec(JobKind.IMAGINE, each.prompt, model.profile.largest_square, STEPS)
        picture = await _rendered(engine, spec, number)
        edit = JobSpec(JobKind.EDIT, each.edit, spec.grid, STEPS)
        drawn.append(Drawn(each, picture, await _rendered(engine, edit, number, (picture,))))
    return drawn


async def _rendered(
    engine: Engine, spec: JobSpec, number: int, references: tuple[Pixels, ...] = ()
) -> Pixels:
    key = ImageKey(f"pictures-{spec.kind}", number)
    task = RenderTask(key, spec, NoiseRecipe(SEED + number), references)
    result = await engine.render([task], lambda _: None, lambda _: False)
    if not isinstance(result, BatchResult):
        raise TypeError("the engine suspended a batch that nobody asked to yield")
    (image,) = result.images
    if image.error is not None:
        raise image.error
    if image.pixels is None:
        raise RenderError(Code.RENDER_FAILED)
    return image.pixels


def save_sheets(drawn: Sequence[Drawn], caption: str, folder: Path) -> Sequence[Path]:
    """Save the sheet of pictures, that of edits, and one edit by itself; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [_pair(each) for each in drawn]
    sheets = {
        PICTURES: ([Tile((each.picture,), each.asked.prompt) for each in drawn], _COLUMNS),
        EDITS: (pairs, _PAIRS_A_ROW),
        ONE_EDIT: (pairs[_SHOWN_EDIT : _SHOWN_EDIT + 1], 1),
    }
    for name, (tiles, columns) in sheets.items():
        save_sheet(tiles, columns, caption, folder / name)
    return [folder / name for name in sheets]


def _pair(drawn: Drawn) -> Tile:
    return Tile((drawn.picture, drawn.edited), drawn.asked.edit)
