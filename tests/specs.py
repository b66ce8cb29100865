"""Job specs in tests: modified copies, and the engine's tasks made from them."""

from dataclasses import replace
from typing import Any, TypeVar

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Job, NewJob
from kleinbot.domain.job_spec import DISTILLED_STEPS, Checkpoint, ImageKey, JobKind, JobSpec
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import RenderTask, StartingPicture

_OfSpec = TypeVar("_OfSpec", Job, NewJob, RenderTask)


def with_spec(thing: _OfSpec, **changes: Any) -> _OfSpec:
    """Return ``thing`` with another spec."""
    return replace(thing, spec=replace(thing.spec, **changes))


def render_task(
    key: ImageKey,
    prompt: str,
    grid: Grid,
    noise: NoiseRecipe,
    steps: int = DISTILLED_STEPS,
    checkpoint: Checkpoint = Checkpoint.DISTILLED,
    *,
    pictures: tuple[Pixels, ...] = (),
    start: StartingPicture | None = None,
) -> RenderTask:
    """Return the task of one image; its references are identified by their pixels alone."""
    spec = JobSpec(JobKind.IMAGINE, prompt, grid, steps, checkpoint)
    return RenderTask(key, spec, noise, pictures, start)
