"""Profiles without a known GPU: for the CPU, or for a GPU that the driver does not report."""

from dataclasses import replace

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import (
    CPU_SMALL,
    CUDA_BF16,
    Attention,
    ComponentPlan,
    Device,
    Placement,
    Profile,
    WeightFormat,
)
from kleinbot.hardware.facts import GIB, HostMemory, MachineFacts, System, TorchBuild
from kleinbot.hardware.profile_choice import choose
from kleinbot.hardware.profile_overrides import AvailableWeights, ProfileOverrides
from tests.hardware.machines import RTX_4090, SIX_GB

NO_GPU = MachineFacts(System.LINUX, HostMemory(16 * GIB, 12 * GIB))
FULL_SIZE = AvailableWeights(is_named=True)
TINY = AvailableWeights(checkpoints=(Checkpoint.DISTILLED,), is_named=True, is_small=True)
LARGE_HOST = replace(NO_GPU, memory=HostMemory(64 * GIB, 60 * GIB))


@pytest.mark.parametrize(
    "facts",
    [
        NO_GPU,
        LARGE_HOST,
        replace(SIX_GB, held_gib=3.5).facts(),
        replace(RTX_4090.facts(), driver="550.54.14"),
        replace(RTX_4090.facts(), torch=TorchBuild("2.13.0+cpu", None)),
    ],
)
def test_a_fall_to_the_cpu_leaves_a_model_of_full_size_alone(facts: MachineFacts) -> None:
    choice = choose(facts, available=FULL_SIZE)
    assert (choice.profile, choice.uses_named_weights) == (CPU_SMALL, False)
    assert choose(facts, available=TINY).uses_named_weights


def test_a_cpu_that_was_asked_for_runs_a_model_of_full_size_where_memory_holds_it() -> None:
    assert choose(LARGE_HOST, Device.CPU, FULL_SIZE).uses_named_weights
    with pytest.raises(StartError) as caught:
        choose(replace(NO_GPU, memory=HostMemory(64 * GIB, 30 * GIB)), Device.CPU, FULL_SIZE)
    assert caught.value.code is Code.CPU_NO_MEMORY
    assert caught.value.parameters["available"] == 30.0
    # 26.4 of float32 weights, activations, and the reserve for torch, the bot and the system.
    assert 30 < float(caught.value.parameters["needed"]) < 32


def test_a_cpu_that_was_asked_for_runs_a_tiny_model_in_any_memory() -> None:
    facts = replace(NO_GPU, memory=HostMemory(2 * GIB, GIB))
    for available in (None, TINY):
        assert choose(facts, Device.CPU, available).profile is CPU_SMALL


def test_eight_bits_let_a_smaller_host_run_the_full_size() -> None:
    overrides = ProfileOverrides(transformer=WeightFormat.INT8, text_encoder=WeightFormat.INT8)
    choice = choose(replace(NO_GPU, memory=HostMemory(32 * GIB, 20 * GIB)), Device.CPU, FULL_SIZE, overrides)
    assert choice.profile.transformer.format is WeightFormat.INT8


@pytest.mark.parametrize(
    ("facts", "asked", "start"), [(NO_GPU, None, CPU_SMALL), (NO_GPU, Device.CUDA, CUDA_BF16)]
)
def test_overrides_are_applied_where_no_gpu_is_counted(
    facts: MachineFacts, asked: Device | None, start: Profile
) -> None:
    overrides = ProfileOverrides(
        transformer=WeightFormat.INT8,
        text_encoder_placement=Placement.STREAMED,
        lean_decode=True,
        base_checkpoint=False,
        largest_side_px=128,
        most_references=0,
        largest_batch=2,
    )
    profile = choose(facts, asked, overrides=overrides).profile
    assert profile == replace(
        start,
        name=profile.name,
        transformer=ComponentPlan(WeightFormat.INT8),
        text_encoder=ComponentPlan(placement=Placement.STREAMED),
        lean_decode=True,
        largest_grid_tokens=64,
        most_references=0,
        largest_batch=2,
    )
    assert profile.name == f"{start.device}-int8+{'float32' if asked is None else 'bf16'}-encoder-streamed"


@pytest.mark.parametrize("asked", [None, Device.CPU, Device.CUDA])
@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        (ProfileOverrides(compiled=True), Code.PROFILE_NO_COMPILER),
        (ProfileOverrides(native_fp8=True, transformer=WeightFormat.INT8), Code.PROFILE_NATIVE_WITHOUT_FP8),
    ],
)
def test_an_impossible_override_is_refused_without_a_gpu_too(
    asked: Device | None, overrides: ProfileOverrides, code: Code
) -> None:
    with pytest.raises(StartError) as caught:
        choose(NO_GPU, asked, overrides=overrides)
    assert caught.value.code is code


def test_kernels_and_checkpoints_that_a_cpu_lacks_are_refused() -> None:
    for overrides, code in (
        (ProfileOverrides(attention=Attention.CUDNN), Code.PROFILE_CPU_ATTENTION),
        (ProfileOverrides(base_checkpoint=True), Code.PROFILE_NO_BASE),
    ):
        with pytest.raises(StartError) as caught:
            choose(NO_GPU, overrides=overrides)
        assert caught.value.code is code


def test_where_overrides_for_a_gpu_are_impossible_on_the_cpu_the_gpus_own_problem_is_reported() -> None:
    facts = replace(RTX_4090.facts(can_compile=False), driver="550.54.14")
    with pytest.raises(StartError) as caught:
        choose(facts, overrides=ProfileOverrides(compiled=True))
    assert caught.value.code is Code.DRIVER_TOO_OLD
    limited = choose(facts, overrides=ProfileOverrides(most_references=0))
    assert limited.fallback is not None
    assert limited.profile.most_references == 0


def test_weights_in_fp8_alone_are_dequantised_while_they_are_loaded() -> None:
    only_fp8 = AvailableWeights(
        frozenset({WeightFormat.FP8}), (Checkpoint.DISTILLED,), is_named=True, is_small=True
    )
    assert choose(NO_GPU, available=only_fp8).profile is CPU_SMALL
    assert choose(NO_GPU, Device.CUDA, only_fp8).profile is CUDA_BF16
