"""After an error that was survived, the card shows that it still computes before it gets the next batch."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from kleinbot.domain.errors import Code, FatalEngineError, RenderError
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.work import EnginePhase
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.self_test import SelfTest
from kleinbot.host.profile import CPU_SMALL
from kleinbot.klein import vae
from kleinbot.klein.source import FolderSource
from tests.engine.conftest import Faults, TickingClock, a_task, ignore, never, pixels_of, raising, result_of


@pytest.fixture
def tests_made(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    made: list[bool] = []
    passes = SelfTest.passes

    def counting(self: SelfTest) -> bool:
        made.append(passes(self))
        return made[-1]

    monkeypatch.setattr(SelfTest, "passes", counting)
    return made


async def fail(engine: GpuEngine, faults: Faults, error: Exception | None = None) -> None:
    faults.act = raising(error or RuntimeError("The size of tensor a must match"))
    with pytest.raises(RenderError) as raised:
        await engine.render([a_task()], ignore, never)
    assert raised.value.code is Code.RENDER_FAILED
    faults.at.clear()


async def test_a_healthy_card_is_not_tested(engine: GpuEngine, tests_made: list[bool]) -> None:
    await pixels_of(engine, a_task(0))
    await pixels_of(engine, a_task(1))
    assert tests_made == []


async def test_out_of_memory_is_followed_by_one_test(
    engine: GpuEngine, faults: Faults, tests_made: list[bool]
) -> None:
    faults.out_of_memory(FaultPoint.WITHIN_STEP, 1)
    await result_of(engine, a_task(0))
    assert tests_made == []
    await result_of(engine, a_task(1))
    await result_of(engine, a_task(2))
    assert tests_made == [True]


async def test_it_passes_with_the_lean_vae_and_the_streamed_encoder(
    engine: GpuEngine, faults: Faults, tests_made: list[bool]
) -> None:
    faults.out_of_memory(FaultPoint.WITHIN_DECODE, 1, 2, 3)
    await result_of(engine, a_task(0))
    await result_of(engine, a_task(1))
    assert tests_made == [True]


async def test_a_cuda_error_that_the_card_survives_is_followed_by_a_test(
    engine: GpuEngine, faults: Faults, tests_made: list[bool]
) -> None:
    await fail(engine, faults, RuntimeError("CUDA error: invalid configuration argument"))
    assert None not in await pixels_of(engine, a_task())
    assert tests_made == [True]


@pytest.mark.parametrize(
    "broken",
    [
        lambda latents: torch.randn(latents.shape, generator=torch.Generator().manual_seed(1)),
        lambda latents: latents * float("nan"),
    ],
    ids=["noise", "no numbers"],
)
async def test_a_card_that_computes_something_else_is_given_up(
    engine: GpuEngine,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    await fail(engine, faults)
    decode = vae.decode
    monkeypatch.setattr(vae, "decode", lambda model, latents: decode(model, broken(latents)))
    with pytest.raises(FatalEngineError):
        await engine.render([a_task()], ignore, never)
    assert engine.state.phase is EnginePhase.FAILED


async def test_a_test_that_raises_gives_the_card_up(
    engine: GpuEngine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fail(engine, faults)
    monkeypatch.setattr(SelfTest, "passes", lambda _: raising(RuntimeError("no kernel image"))())
    with pytest.raises(FatalEngineError):
        await engine.render([a_task()], ignore, never)


async def test_memory_that_somebody_else_took_is_no_sign_of_a_broken_card(
    engine: GpuEngine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fail(engine, faults)
    passes = SelfTest.passes
    monkeypatch.setattr(SelfTest, "passes", lambda _: raising(torch.OutOfMemoryError("CUDA out of memory"))())
    assert None not in await pixels_of(engine, a_task())
    tested: list[bool] = []

    def noted(self: SelfTest) -> bool:
        tested.append(True)
        return passes(self)

    monkeypatch.setattr(SelfTest, "passes", noted)
    assert None not in await pixels_of(engine, a_task())
    assert tested == [True], "the doubt remained"


async def test_three_failures_in_a_row_are_fatal(engine: GpuEngine, faults: Faults) -> None:
    await fail(engine, faults)
    await fail(engine, faults)
    faults.act = raising(RuntimeError("The size of tensor a must match"))
    with pytest.raises(FatalEngineError):
        await engine.render([a_task()], ignore, never)
    assert engine.state.phase is EnginePhase.FAILED


async def test_a_picture_in_between_begins_the_count_again(engine: GpuEngine, faults: Faults) -> None:
    for _ in range(2):
        await fail(engine, faults)
        await fail(engine, faults)
        assert None not in await pixels_of(engine, a_task())


async def test_a_picture_that_is_not_made_of_numbers_fails_alone(
    engine: GpuEngine, monkeypatch: pytest.MonkeyPatch, tests_made: list[bool]
) -> None:
    decode = vae.decode
    calls: list[int] = []

    def first_broken(model: object, latents: torch.Tensor) -> object:
        calls.append(1)
        return decode(model, latents * float("nan") if len(calls) == 1 else latents)

    monkeypatch.setattr(vae, "decode", first_broken)
    broken, whole = (await result_of(engine, a_task(0), a_task(1))).images
    assert broken.pixels is None
    assert broken.error is not None
    assert broken.error.code is Code.RENDER_FAILED
    assert whole.pixels is not None
    assert tests_made == []
    await result_of(engine, a_task(2))
    await result_of(engine, a_task(3))
    assert tests_made == [True]


async def test_a_doubted_card_is_tested_once_before_the_next_batch(
    engine: GpuEngine, tests_made: list[bool]
) -> None:
    engine.doubt()
    await pixels_of(engine, a_task(0))
    await pixels_of(engine, a_task(1))
    assert tests_made == [True]


async def test_a_batch_during_which_the_card_lost_its_weights_is_not_given_out(
    engine: GpuEngine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As over a suspend: what is drawn after it is noise, and would be paid for."""
    decode = vae.decode

    def suspend() -> None:
        noise = torch.Generator().manual_seed(1)
        monkeypatch.setattr(
            vae, "decode", lambda model, latents: decode(model, torch.randn(latents.shape, generator=noise))
        )
        engine.doubt()
        faults.at.clear()

    faults.act = suspend
    with pytest.raises(FatalEngineError):
        await engine.render([a_task()], ignore, never)


async def test_a_batch_over_which_the_card_kept_its_weights_is_given_out(
    engine: GpuEngine, faults: Faults, tests_made: list[bool]
) -> None:
    wanted = await pixels_of(engine, a_task(0))
    faults.act = engine.doubt
    assert await pixels_of(engine, a_task(0)) == wanted
    assert tests_made == [True]


async def test_a_doubt_that_comes_during_a_test_is_tested_too(
    engine: GpuEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes, tested = SelfTest.passes, list[bool]()

    def doubted_meanwhile(self: SelfTest) -> bool:
        tested.append(passes(self))
        if len(tested) == 1:
            engine.doubt()
        return tested[-1]

    monkeypatch.setattr(SelfTest, "passes", doubted_meanwhile)
    engine.doubt()
    await pixels_of(engine, a_task(0))
    await pixels_of(engine, a_task(1))
    assert tested == [True, True]


async def test_what_is_verified_while_it_computes_nonsense_is_lost(
    engine: GpuEngine, monkeypatch: pytest.MonkeyPatch, tests_made: list[bool]
) -> None:
    await engine.verify()
    assert tests_made == [], "nobody doubts it"
    engine.doubt()
    await engine.verify()
    assert tests_made == [True]
    decode = vae.decode
    monkeypatch.setattr(vae, "decode", lambda model, latents: decode(model, latents * float("nan")))
    engine.doubt()
    with pytest.raises(FatalEngineError):
        await engine.verify()
    assert engine.state.phase is EnginePhase.FAILED


async def test_an_engine_that_is_not_ready_is_not_doubted(clock: TickingClock, faults: Faults) -> None:
    engine = GpuEngine(FolderSource(Path("nowhere")), CPU_SMALL, clock, faults)
    engine.doubt()
    await engine.verify()
    await engine.close()
