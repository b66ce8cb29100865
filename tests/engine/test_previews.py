"""What a picture becomes, step by step, from its latents alone."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kleinbot.domain.faults import NoFaults
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import RenderTask, StepReport
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.previews import FILE, Previews
from kleinbot.klein.pipeline.preview import PreviewFit, PreviewMap, drawing
from kleinbot.klein.weights.source import FolderSource
from tests.engine.conftest import GRID, PROFILE, TickingClock, a_task, never, pixels_of


def _wanting(task: RenderTask) -> RenderTask:
    return replace(task, previews=True)


async def _steps(engine: GpuEngine, *tasks: RenderTask) -> list[StepReport]:
    reports: list[StepReport] = []
    await engine.render(tasks, reports.append, never)
    return reports


async def _fitted(engine: GpuEngine) -> None:
    """Wait until the engine's thread has done what was queued behind the last batch."""
    worker = engine._worker
    assert worker is not None
    async with asyncio.timeout(30):
        while worker.must_fit_previews:
            await asyncio.get_running_loop().run_in_executor(engine._thread, lambda: None)


async def test_previews_are_fitted_at_the_start_change_no_pixel_and_are_kept(
    tiny_folder: Path, tmp_path: Path
) -> None:
    source = FolderSource(tiny_folder)
    engine = GpuEngine(source, PROFILE, TickingClock(), NoFaults(), 1, tmp_path, prepares_previews=True)
    await engine.start()
    try:
        plain = await pixels_of(engine, a_task(0), a_task(1))
        await _fitted(engine)
        both = (_wanting(a_task(0)), a_task(1))
        reports = await _steps(engine, *both)
        assert [len(report.previews) for report in reports] == [1, 1, 1, 0]
        shown = reports[1].previews[both[0].key]
        assert (shown.width_px, shown.height_px) == (2 * GRID.columns, 2 * GRID.rows)
        assert await pixels_of(engine, *both) == plain
    finally:
        await engine.close()
    kept = json.loads((tmp_path / FILE).read_bytes())
    assert len(kept["map"]) > 1
    again = GpuEngine(FolderSource(tiny_folder), PROFILE, TickingClock(), NoFaults(), 1, tmp_path)
    await again.start()
    try:
        assert [dict(each.previews) for each in await _steps(again, *both)] == [
            dict(each.previews) for each in reports
        ]
    finally:
        await again.close()


def test_the_fit_finds_the_map_that_made_the_latents() -> None:
    """Latents that hold the colours themselves, mixed: the preview gives them back."""
    mixing = torch.randn(12, 16, generator=torch.Generator().manual_seed(1)).double()
    fit = PreviewFit()
    for number in range(6):
        fit.add(drawing(number), _mixed(drawing(number), mixing))
    wanted = drawing(7)
    made = fit.solved().picture(_mixed(wanted, mixing))
    assert (made.width_px, made.height_px) == (32, 32)
    means = _levels(wanted).reshape(32, 8, 32, 8, 3).mean(axis=(1, 3))
    assert np.abs(_levels(made) - means).mean() <= 1.5


def _levels(picture: Pixels) -> "np.ndarray[tuple[int, int, int], np.dtype[np.float64]]":
    return np.frombuffer(picture.rgb, np.uint8).reshape(picture.height_px, -1, 3).astype(np.float64)


def _mixed(picture: Pixels, mixing: torch.Tensor) -> torch.Tensor:
    parts = _levels(picture).reshape(16, 2, 8, 16, 2, 8, 3).mean(axis=(2, 5)) / 255
    tokens = torch.from_numpy(parts.transpose(0, 2, 1, 3, 4).reshape(256, 12).copy()) @ mixing
    return tokens.T.reshape(1, 16, 16, 16).float()


def test_latents_that_are_broken_still_give_a_picture() -> None:
    broken = torch.full((1, 16, 2, 3), float("nan"))
    assert PreviewMap(torch.ones(17, 12)).picture(broken).rgb == bytes(2 * 3 * 12)


@pytest.mark.parametrize(
    "content", [b"", b"[" * 100_000, b'{"schema": 1, "vae": "other", "map": [[1]]}', b'{"map": 3}']
)
async def test_a_kept_map_that_cannot_be_used_is_fitted_anew(
    engine: GpuEngine, tmp_path: Path, content: bytes
) -> None:
    worker = engine._worker
    assert worker is not None
    (tmp_path / FILE).write_bytes(content)
    model = worker._loaded.previews
    previews = Previews(model._klein, model._autoencoder, tmp_path)
    assert previews._ready_map() is None
    assert previews.must_fit
