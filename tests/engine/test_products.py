"""8-bit products are tried before a picture depends on them; what this host cannot do is done another way."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from packaging.version import Version

from kleinbot.chat import host_status
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.work import EnginePhase
from kleinbot.engine import tuning
from kleinbot.engine.gpu_engine import GpuEngine
from kleinbot.engine.products import check_products
from kleinbot.host.profile import CPU_SMALL, ComponentPlan, Format, Precision, Profile
from kleinbot.klein import eight_bit
from kleinbot.klein.eight_bit import FP8, Fp8Linear, RowScaledLinear
from kleinbot.klein.find_weights import find_weights
from kleinbot.klein.load import Klein, load_klein
from kleinbot.klein.source import FolderSource
from kleinbot.texts import Texts, languages
from tests.engine.conftest import Faults, TickingClock, a_task, pixels_of
from tests.engine.test_tuning import nearly_equal

PLAIN_FP8 = replace(CPU_SMALL, precision=Precision.BFLOAT16, transformer=ComponentPlan(Format.FP8))
NATIVE = replace(PLAIN_FP8, native_fp8=True)
INT8 = replace(CPU_SMALL, transformer=ComponentPlan(Format.INT8), text_encoder=ComponentPlan(Format.INT8))

scaled_mm = torch._scaled_mm


def no_kernel(*_: Any, **__: Any) -> torch.Tensor:
    raise RuntimeError("Rowwise scaling is not supported in this build")


def without_scale_of_rows(*given: Any, **named: Any) -> torch.Tensor:
    return scaled_mm(*given, **{**named, "scale_b": torch.ones_like(named["scale_b"])})


def no_numbers(*given: Any, **named: Any) -> torch.Tensor:
    return scaled_mm(*given, **named) * float("nan")


def loaded(folder: Path, profile: Profile) -> Klein:
    return load_klein(find_weights(folder), profile, torch.device("cpu"), lambda _: None)


def native_layers(klein: Klein) -> list[bool]:
    return [
        module.native
        for transformer in klein.transformers.values()
        for module in transformer.modules()
        if isinstance(module, Fp8Linear | RowScaledLinear)
    ]


def with_one_scale_each(klein: Klein) -> Klein:
    """Return ``klein`` with the layers of Black Forest Labs' FP8 files."""
    for transformer in klein.transformers.values():
        for name, module in list(transformer.named_modules()):
            if isinstance(module, RowScaledLinear):
                one = torch.tensor(0.01)
                layer = Fp8Linear(module.weight.to(FP8), one, one, klein.dtype, native=module.native)
                transformer.set_submodule(name, layer)
    return klein


def as_it_is(klein: Klein) -> Klein:
    return klein


ROW_SCALES = pytest.mark.skipif(
    Version(torch.__version__) < Version("2.13"), reason="torch 2.11 has no row scales on a CPU"
)


@pytest.mark.parametrize("kind", [pytest.param(as_it_is, marks=ROW_SCALES), with_one_scale_each])
def test_products_that_are_right_stay_as_the_profile_says(
    tiny_folder: Path, kind: Callable[[Klein], Klein]
) -> None:
    klein = kind(loaded(tiny_folder, NATIVE))
    assert check_products(klein) is None
    assert set(native_layers(klein)) == {True}


@pytest.mark.parametrize("profile", [PLAIN_FP8, INT8])
def test_dequantised_products_are_right(tiny_folder: Path, profile: Profile) -> None:
    assert check_products(loaded(tiny_folder, profile)) is None


@pytest.mark.parametrize("broken", [no_kernel, without_scale_of_rows, no_numbers])
@pytest.mark.parametrize("kind", [as_it_is, with_one_scale_each])
def test_native_products_that_raise_or_are_wrong_are_left_out(
    tiny_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: Callable[[Klein], Klein],
    broken: Callable[..., torch.Tensor],
) -> None:
    klein = kind(loaded(tiny_folder, NATIVE))
    monkeypatch.setattr(torch, "_scaled_mm", broken)
    problem = check_products(klein)
    assert problem is not None
    assert problem.code is Code.NO_NATIVE_PRODUCTS
    assert set(native_layers(klein)) == {False}


async def test_an_engine_without_the_kernel_draws_dequantised_and_says_so(
    tiny_folder: Path, clock: TickingClock, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = GpuEngine(FolderSource(tiny_folder), PLAIN_FP8, clock, faults, cpu_threads=1)
    await plain.start()
    wanted = await pixels_of(plain, a_task())
    await plain.close()
    monkeypatch.setattr(torch, "_scaled_mm", no_kernel)
    engine = GpuEngine(FolderSource(tiny_folder), NATIVE, clock, faults, cpu_threads=1)
    await engine.start()
    assert engine.state.phase is EnginePhase.READY
    assert engine.profile == replace(NATIVE, widened=True), "what is predicted of it is another"
    for locale in languages():
        [line] = host_status.engine(Texts(), locale, engine.state)
        assert "Rowwise scaling is not supported in this build" in line
    assert all(map(nearly_equal, await pixels_of(engine, a_task()), wanted))
    await engine.close()


async def test_a_host_is_told_of_everything_that_it_cannot_do(
    tiny_folder: Path, clock: TickingClock, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_compiler(graph: object, inputs: object) -> object:
        raise RuntimeError("Cannot find a working triton installation")

    monkeypatch.setattr(torch, "_scaled_mm", no_kernel)
    monkeypatch.setattr(tuning, "BACKEND", no_compiler)
    profile = replace(NATIVE, compiled=True)
    engine = GpuEngine(FolderSource(tiny_folder), profile, clock, faults, cpu_threads=1)
    await engine.start()
    told = "\n".join(host_status.engine(Texts(), "en-US", engine.state))
    assert "Rowwise scaling is not supported in this build" in told
    assert "Cannot find a working triton installation" in told
    assert engine.profile == replace(profile, widened=True, untuned=True, lean_decode=True)
    await engine.close()


async def test_what_would_only_draw_noise_does_not_start(
    tiny_folder: Path, clock: TickingClock, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    def widen(weight: torch.Tensor, scale: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor:
        return torch.zeros_like(weight, dtype=dtype)

    monkeypatch.setattr(eight_bit, "widen", widen)
    engine = GpuEngine(FolderSource(tiny_folder), INT8, clock, faults, cpu_threads=1)
    with pytest.raises(StartError) as raised:
        await engine.start()
    assert raised.value.code is Code.PRODUCTS_WRONG
    await engine.close()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_memory_that_runs_out_says_nothing_about_products(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def no_memory(*_: Any, **__: Any) -> torch.Tensor:
        raise error

    klein = loaded(tiny_folder, NATIVE)
    monkeypatch.setattr(torch, "_scaled_mm", no_memory)
    with pytest.raises(type(error)):
        check_products(klein)
    assert set(native_layers(klein)) == {True}
