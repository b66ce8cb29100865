"""How far an error of torch reaches."""

import os
import sys
from contextlib import nullcontext

import pytest
import torch

from kleinbot.engine.device import _try_allocating, has_kernels, own_share
from kleinbot.engine.failures import Failure, classify
from kleinbot.engine.gpu_engine import _prefer_expandable_segments
from kleinbot.host.facts import GIB


def card_lives() -> None:
    return


def card_is_gone() -> None:
    raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")


CASES = [
    (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), True, Failure.OUT_OF_MEMORY),
    (torch.AcceleratorError("CUDA error: out of memory"), True, Failure.OUT_OF_MEMORY),
    (torch.AcceleratorError("CUDA error: out of memory"), False, Failure.CARD),
    (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"), True, Failure.OUT_OF_MEMORY),
    (torch.AcceleratorError("CUDA error: an illegal memory access was encountered"), False, Failure.CARD),
    (RuntimeError("CUDA error: device-side assert triggered"), False, Failure.CARD),
    (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), False, Failure.CARD),
    (RuntimeError("CUDA error: invalid configuration argument"), True, Failure.BATCH),
    (RuntimeError("The size of tensor a (3) must match"), False, Failure.BATCH),
    (RuntimeError("CUDA driver error: out of memory"), True, Failure.OUT_OF_MEMORY),
    (RuntimeError("CUDA driver error: device not ready"), False, Failure.CARD),
    (ValueError("CUDA error, says a text"), False, Failure.BATCH),
]


@pytest.mark.parametrize(("error", "lives", "wanted"), CASES)
def test_an_error_reaches_as_far_as_the_card_says(error: Exception, lives: bool, wanted: Failure) -> None:
    assert classify(error, card_lives if lives else card_is_gone) is wanted


@pytest.mark.parametrize(
    ("built_for", "capability", "wanted"),
    [
        (["sm_80", "sm_86", "sm_90"], (8, 6), True),
        (["sm_80", "sm_90"], (8, 9), True),
        (["sm_86"], (8, 0), False),
        (["sm_80", "sm_90"], (12, 0), False),
        (["sm_80", "sm_90", "compute_90"], (12, 0), True),
        (["compute_120"], (9, 0), False),
        (["sm_90a", "sm_120"], (9, 0), True),
        ([], (8, 0), False),
    ],
)
def test_machine_code_runs_within_a_generation_and_ptx_upwards(
    built_for: list[str], capability: tuple[int, int], wanted: bool
) -> None:
    assert has_kernels(built_for, capability) is wanted


def test_where_the_driver_lends_memory_torch_gets_what_is_free() -> None:
    assert own_share(12 * GIB, 12 * GIB) < 0.96
    assert own_share(9 * GIB, 12 * GIB) == pytest.approx(9 / 12, abs=0.06)
    # A game holds all of it: too little for a picture, which is then said, and not paged to the host.
    assert 0 < own_share(0, 12 * GIB) < 0.1


@pytest.mark.skipif(sys.platform != "linux", reason="segments grow on Linux alone")
@pytest.mark.parametrize("chosen", ["PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"])
def test_the_owners_own_allocator_settings_stay(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"}
    for name in names:
        monkeypatch.setenv(name, "expandable_segments:True")
        monkeypatch.delenv(name)
    _prefer_expandable_segments()
    assert {os.environ[name] for name in names} == {"expandable_segments:True"}
    for name in names:
        monkeypatch.delenv(name)
    monkeypatch.setenv(chosen, "backend:cudaMallocAsync")
    _prefer_expandable_segments()
    assert {name: os.environ.get(name) for name in names} == dict.fromkeys(names) | {
        chosen: "backend:cudaMallocAsync"
    }


@pytest.mark.parametrize(
    ("error", "is_left_out"),
    [
        (torch.AcceleratorError("CUDA error: out of memory"), False),
        (torch.OutOfMemoryError("CUDA out of memory"), False),
        (RuntimeError("CUDA driver error: operation not supported"), True),
    ],
)
def test_a_card_that_is_full_for_a_while_loses_no_growing_segments(
    error: RuntimeError, is_left_out: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be missing for as long as the process lives: 2 GiB at full size."""
    chosen: list[str] = []

    def zeros(*_: object, **__: object) -> torch.Tensor:
        if not chosen:
            raise error
        return torch.empty(0)

    monkeypatch.setattr(torch, "zeros", zeros)
    monkeypatch.setattr(torch._C, "_accelerator_setAllocatorSettings", chosen.append)
    with nullcontext() if is_left_out else pytest.raises(type(error)):
        _try_allocating(torch.device("cpu"))
    assert chosen == ["expandable_segments:False"] * is_left_out
