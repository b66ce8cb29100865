"""Tasks for the base checkpoint, through the engine."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import Flux2KleinPipeline

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL
from kleinbot.domain.work import BatchResult, RenderTask, Suspended
from kleinbot.engine.render_batch import Callbacks
from kleinbot.engine.worker import Worker
from kleinbot.klein.pipeline.load import load_klein
from kleinbot.klein.weights.find_weights import find_weights
from tests.engine.conftest import GRID, STEPS, Faults, a_task, never
from tests.specs import with_spec


@pytest.fixture
def worker(tiny_folder: Path, faults: Faults) -> Worker:
    """Holds both checkpoints; the base one is the distilled one with its first layer doubled."""
    klein = load_klein(find_weights(tiny_folder), CPU_SMALL, torch.device("cpu"), lambda _: None)
    other = load_klein(find_weights(tiny_folder), CPU_SMALL, torch.device("cpu"), lambda _: None)
    base = other.transformers[Checkpoint.DISTILLED]
    with torch.no_grad():
        base.x_embedder.weight.mul_(2)
    both = replace(klein, transformers={**klein.transformers, Checkpoint.BASE: base})
    return Worker(both, CPU_SMALL, SystemClock(), faults)


def base_task(position: int = 0) -> RenderTask:
    return with_spec(a_task(position), checkpoint=Checkpoint.BASE)


def caller(must_yield: bool = False) -> Callbacks:
    return Callbacks(lambda _, __: None, never, lambda: False, lambda: must_yield)


def rendered(worker: Worker, *tasks: RenderTask) -> list[bytes]:
    result = worker.make(worker.begin(tasks), caller())
    assert isinstance(result, BatchResult)
    return [image.pixels.rgb for image in result.images if image.pixels is not None]


def test_the_task_says_which_checkpoint_makes_it(worker: Worker, tiny_folder: Path) -> None:
    pipe = Flux2KleinPipeline.from_pretrained(tiny_folder, local_files_only=True)
    with torch.no_grad():
        pipe.transformer.x_embedder.weight.mul_(2)
    base = Flux2KleinPipeline(**pipe.components, is_distilled=False)
    base.set_progress_bar_config(disable=True)
    (wanted,) = base(
        prompt=base_task().spec.prompt,
        width=GRID.width_px,
        height=GRID.height_px,
        num_inference_steps=STEPS,
        generator=torch.Generator("cpu").manual_seed(base_task().noise.base_seed),
    ).images

    (guided,), (distilled,) = rendered(worker, base_task()), rendered(worker, a_task())
    assert guided == np.asarray(wanted).tobytes()
    assert guided != distilled


def test_a_guided_batch_is_suspended_and_continues_to_the_same_pictures(worker: Worker) -> None:
    tasks = [base_task(0), base_task(1)]
    whole = rendered(worker, *tasks)
    result = worker.make(worker.begin(tasks), caller(must_yield=True))
    assert isinstance(result, Suspended)
    rendered(worker, a_task(5))
    result = worker.make(worker.resume(result), caller())
    assert isinstance(result, BatchResult)
    assert [image.pixels.rgb for image in result.images if image.pixels] == whole


def test_the_empty_prompt_is_encoded_once_for_all_guided_batches(worker: Worker, faults: Faults) -> None:
    rendered(worker, base_task(0), base_task(1))
    embeddings = worker._loaded.stages.embeddings
    assert list(embeddings._known) == ["a red fox", ""]
    held = embeddings.held_bytes
    rendered(worker, base_task(2))
    assert embeddings.held_bytes == held
    assert faults.reached.count(FaultPoint.WITHIN_STEP) == 2 * STEPS


def test_two_checkpoints_are_no_batch(worker: Worker) -> None:
    with pytest.raises(RenderError) as raised:
        worker.make(worker.begin([a_task(0), base_task(1)]), caller())
    assert raised.value.code is Code.RENDER_FAILED
