"""A model that is unloaded leaves its memory at once, and the same pictures come after it is loaded again."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
import torch

from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.work import EnginePhase, EngineState, Suspended
from kleinbot.engine.device import release_model
from kleinbot.engine.gpu_engine import GpuEngine
from tests.engine.conftest import Faults, a_task, ignore, never, pixels_of


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Nothing is freed but what nobody references."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
async def test_an_unloaded_model_is_gone_without_a_collection_and_draws_the_same_again(
    engine: GpuEngine,
) -> None:
    states: list[EngineState] = []
    engine.watch(states.append)
    before = await pixels_of(engine, a_task())
    suspended = await engine.render([a_task(1)], ignore, never, lambda: True)
    assert isinstance(suspended, Suspended)
    worker = engine._worker
    assert worker is not None
    klein = worker._loaded.stages._klein
    parts = [weakref.ref(part) for part in (klein.vae, *klein.transformers.values(), klein.text_encoder)]
    del worker, klein
    await engine.unload()
    assert [part() for part in parts] == [None] * len(parts)
    assert engine.state.phase is EnginePhase.UNLOADED
    assert engine.held_bytes == 0
    await engine.unload()
    with pytest.raises(RenderError) as stopping:
        await engine.resume(suspended, ignore, never)
    assert stopping.value.code is Code.STOPPING
    await engine.start()
    with pytest.raises(RenderError) as forgotten:
        await engine.resume(suspended, ignore, never)
    assert forgotten.value.code is Code.RENDER_FAILED
    assert await pixels_of(engine, a_task()) == before
    loading = [state.fraction or 0.0 for state in states if state.phase is EnginePhase.LOADING]
    assert loading == sorted(loading)
    assert len(loading) > 2, "the start tells how far it is"
    phases = [state.phase for state in states if state.phase is not EnginePhase.LOADING]
    assert phases[:3] == [EnginePhase.UNLOADING, EnginePhase.UNLOADED, EnginePhase.STARTING]
    assert phases[-1] is EnginePhase.READY


async def test_unloading_stops_a_batch_between_two_steps(engine: GpuEngine, faults: Faults) -> None:
    loop = asyncio.get_running_loop()
    unloading: list[Future[None]] = []

    def unload() -> None:
        if not unloading:
            unloading.append(asyncio.run_coroutine_threadsafe(engine.unload(), loop))
            while not engine._unloading.is_set():
                pass

    faults.act = unload
    with pytest.raises(RenderError) as stopped:
        await engine.render([a_task()], ignore, never)
    assert stopped.value.code is Code.STOPPING
    await asyncio.wrap_future(unloading[0])
    assert faults.steps_reached == 1
    assert engine.state.phase is EnginePhase.UNLOADED
    faults.at.clear()
    await engine.start()
    assert None not in await pixels_of(engine, a_task())


@pytest.mark.parametrize(
    ("is_streamed", "left_bytes", "collects"),
    [(False, 1 << 20, False), (False, 1 << 30, True), (True, 0, True)],
)
def test_a_collection_pauses_all_threads_only_where_memory_is_left(
    monkeypatch: pytest.MonkeyPatch, is_streamed: bool, left_bytes: int, collects: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: asked.append("cache"))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: left_bytes)
    monkeypatch.setattr(gc, "collect", lambda: asked.append("collection"))
    monkeypatch.setattr(gc, "unfreeze", lambda: asked.append("unfreezing"))
    release_model(torch.device("cuda", 0), is_streamed=is_streamed)
    assert ("collection" in asked) == collects
    assert ("unfreezing" in asked) == collects
    asked.clear()
    release_model(torch.device("cpu"), is_streamed=is_streamed)
    assert asked == []
