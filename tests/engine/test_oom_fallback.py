"""The fallbacks when GPU memory runs out."""

import gc
import logging
import weakref

import pytest
import torch

from kleinbot.domain.errors import Code
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import BatchResult, Fallback, OutOfMemory, RenderTask, Suspended
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.hardware.facts import GIB, HostMemory
from kleinbot.klein.offload.token_table import TokenTable
from tests.engine.conftest import STEPS, Faults, a_task, ignore, never, pixels_of, result_of
from tests.engine.test_engine_parity import some_picture

TASKS = (a_task(0), a_task(1, "a blue fox"), a_task(2, "a green fox"))


async def alone(engine: GpuEngine, faults: Faults, *tasks: RenderTask) -> list[Pixels | None]:
    pictures = [(await pixels_of(engine, task))[0] for task in tasks]
    faults.reached.clear()
    return pictures


@pytest.mark.parametrize(
    ("point", "steps"),
    [
        (FaultPoint.WITHIN_ENCODE, 3 * STEPS),
        (FaultPoint.WITHIN_STEP, 1 + 3 * STEPS),
        (FaultPoint.WITHIN_DECODE, STEPS),
    ],
)
async def test_a_batch_that_does_not_fit_is_made_image_by_image(
    engine: GpuEngine, faults: Faults, point: FaultPoint, steps: int
) -> None:
    wanted = await alone(engine, faults, *TASKS)
    together = await pixels_of(engine, *TASKS)
    faults.reached.clear()
    faults.out_of_memory(point, 1)

    result = await result_of(engine, *TASKS)

    made = [image.pixels for image in result.images]
    # Images denoised together keep their latents; those not started are as if rendered alone.
    assert made == (together if point is FaultPoint.WITHIN_DECODE else wanted)
    assert result.out_of_memory == (OutOfMemory(Fallback.BATCH_OF_ONE, 3),)
    assert faults.steps_reached == steps


async def test_steps_that_were_done_are_not_done_again(engine: GpuEngine, faults: Faults) -> None:
    faults.out_of_memory(FaultPoint.WITHIN_STEP, 3)
    result = await result_of(engine, a_task(0), a_task(1))
    assert faults.steps_reached == 2 + 1 + 2 * (STEPS - 2)
    assert None not in [image.pixels for image in result.images]


async def test_the_vae_tiles_for_good_where_a_single_picture_cannot_be_decoded(
    engine: GpuEngine, faults: Faults
) -> None:
    wanted = (await alone(engine, faults, a_task()))[0]
    faults.out_of_memory(FaultPoint.WITHIN_DECODE, 1, 2)
    result = await result_of(engine, a_task())
    assert result.out_of_memory == (
        OutOfMemory(Fallback.BATCH_OF_ONE, 1),
        OutOfMemory(Fallback.LEAN_DECODE, 1),
    )
    made = result.images[0].pixels
    assert made is not None
    assert wanted is not None
    assert max(abs(a - b) for a, b in zip(made.rgb, wanted.rgb, strict=True)) <= 1
    assert faults.steps_reached == STEPS
    assert tiled(engine)

    faults.out_of_memory(FaultPoint.WITHIN_DECODE, 1, 2)
    again = await result_of(engine, a_task())
    assert [event.fallback for event in again.out_of_memory] == [
        Fallback.BATCH_OF_ONE,
        Fallback.STREAMED_ENCODER,
    ]


async def test_the_encoder_is_streamed_for_good_where_a_step_does_not_fit(
    engine: GpuEngine, faults: Faults
) -> None:
    wanted = await alone(engine, faults, a_task())
    faults.out_of_memory(FaultPoint.WITHIN_STEP, 2, 3)
    result = await result_of(engine, a_task())
    assert [event.fallback for event in result.out_of_memory] == [
        Fallback.BATCH_OF_ONE,
        Fallback.STREAMED_ENCODER,
    ]
    assert [image.pixels for image in result.images] == wanted
    assert not tiled(engine)
    assert engine._worker is not None
    model = engine._worker._loaded.stages._klein.text_encoder._model
    assert isinstance(model.embed_tokens, TokenTable)
    assert all(parameter.is_meta for parameter in model.parameters())

    assert await pixels_of(engine, a_task()) == wanted


async def test_only_the_image_that_nothing_helped_fails(engine: GpuEngine, faults: Faults) -> None:
    together = await pixels_of(engine, *TASKS)
    faults.out_of_memory(FaultPoint.WITHIN_DECODE, 2, 3, 4, 5)
    result = await result_of(engine, *TASKS)

    first, second, third = result.images
    assert first.pixels == together[0]
    assert second.pixels is None
    assert second.error is not None
    assert second.error.code is Code.OUT_OF_MEMORY
    assert third.pixels is not None
    assert third.error is None
    assert [(event.fallback, event.batch) for event in result.out_of_memory] == [
        (Fallback.BATCH_OF_ONE, 3),
        (Fallback.LEAN_DECODE, 1),
        (Fallback.STREAMED_ENCODER, 1),
        (Fallback.GIVE_UP, 1),
    ]


async def test_a_reference_that_does_not_fit_is_encoded_in_tiles(engine: GpuEngine, faults: Faults) -> None:
    task = a_task(references=(some_picture(64, 64, 1),))
    wanted = (await alone(engine, faults, task))[0]
    faults.out_of_memory(FaultPoint.WITHIN_ENCODE, 1, 2)
    result = await result_of(engine, task)
    assert [event.fallback for event in result.out_of_memory] == [Fallback.BATCH_OF_ONE, Fallback.LEAN_DECODE]
    made = result.images[0].pixels
    assert made is not None
    assert wanted is not None
    assert sum(abs(a - b) for a, b in zip(made.rgb, wanted.rgb, strict=True)) / len(made.rgb) < 1


async def test_what_is_suspended_survives_want_of_memory_and_keeps_nothing_on_the_gpu(
    engine: GpuEngine, faults: Faults
) -> None:
    wanted = await alone(engine, faults, a_task(0))
    rests = await engine.render([a_task(0)], ignore, never, lambda: True)
    assert isinstance(rests, Suspended)
    faults.out_of_memory(FaultPoint.WITHIN_STEP, 1)
    await result_of(engine, a_task(1))
    result = await engine.resume(rests, ignore, never)
    assert isinstance(result, BatchResult)
    assert [image.pixels for image in result.images] == wanted
    assert result.out_of_memory == ()


async def test_the_failed_attempt_is_let_go_of_before_the_next_one(
    engine: GpuEngine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest's own handler would keep the record, and with it the traceback.
    monkeypatch.setattr(logging.getLogger("kleinbot.engine.worker"), "disabled", True)
    held: list[weakref.ref[torch.Tensor]] = []
    alive_at_release: list[bool] = []

    def fail_once() -> None:
        if not held:
            activations = torch.ones(3)
            held.append(weakref.ref(activations))
            raise torch.OutOfMemoryError("CUDA out of memory")

    def release(device: torch.device) -> None:
        del device
        gc.collect()
        alive_at_release.append(held[0]() is not None)

    faults.at[FaultPoint.WITHIN_STEP] = fail_once
    monkeypatch.setattr("kleinbot.engine.oom_fallback.release_memory", release)
    await result_of(engine, a_task())
    assert alive_at_release == [False, False]


def tiled(engine: GpuEngine) -> bool:
    assert engine._worker is not None
    return engine._worker._loaded.stages._autoencoder.is_tiled


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried"
        ),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes."),
    ],
)
async def test_host_memory_that_ends_is_want_of_memory_and_no_failed_batch(
    engine: GpuEngine, faults: Faults, error: Exception
) -> None:
    """Three failed batches in a row would end the engine; streaming would need even more host memory."""

    def no_memory() -> None:
        raise error

    for _ in range(4):
        faults.at[FaultPoint.WITHIN_STEP] = no_memory
        result = await result_of(engine, *TASKS)
        codes = {image.error.code for image in result.images if image.error is not None}
        assert codes == {Code.HOST_OUT_OF_MEMORY}
        assert [event.fallback for event in result.out_of_memory] == [
            Fallback.BATCH_OF_ONE,
            *[Fallback.GIVE_UP] * 3,
        ]
        faults.at.clear()
    assert None not in await pixels_of(engine, *TASKS)
    assert engine._worker is not None
    assert engine._worker._loaded.oom_fallback._encoder_is_resident


async def test_the_encoder_is_not_streamed_into_memory_that_the_host_lacks(
    engine: GpuEngine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine._worker is not None
    text_encoder = engine._worker._loaded.oom_fallback._text_encoder
    assert text_encoder.bytes > 0
    lacks = HostMemory(2 * GIB, GIB + text_encoder.bytes - 1)
    monkeypatch.setattr("kleinbot.engine.oom_fallback.read_memory", lambda: lacks)
    faults.out_of_memory(FaultPoint.WITHIN_STEP, 1, 2)
    [image] = (await result_of(engine, a_task())).images
    assert image.error is not None
    assert image.error.code is Code.OUT_OF_MEMORY
    monkeypatch.setattr("kleinbot.engine.oom_fallback.read_memory", lambda: HostMemory(2 * GIB, 2 * GIB))
    faults.out_of_memory(FaultPoint.WITHIN_STEP, 1, 2)
    assert None not in await pixels_of(engine, a_task())
