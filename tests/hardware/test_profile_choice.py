"""Tests the choice of a profile on named graphics cards; the table holds what the bot promises for each."""

from dataclasses import replace

import pytest

from kleinbot.domain.capacity import LimitsOnly
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, CUDA_BF16, Device, Placement, WeightFormat
from kleinbot.hardware.capacity import ProfileCapacity, capacity_of
from kleinbot.hardware.facts import GIB, HostMemory, MachineFacts, System, TorchBuild
from kleinbot.hardware.memory_model import RESERVED_BEYOND, WorkShape, predict
from kleinbot.hardware.profile_choice import choose, usable_bytes
from kleinbot.hardware.profile_overrides import AvailableWeights, ProfileOverrides
from kleinbot.texts import Texts, languages
from tests.hardware.machines import (
    A100,
    EIGHT_GB,
    H100,
    RTX_2080_TI,
    RTX_3060,
    RTX_3090,
    RTX_4070_TI_SUPER,
    RTX_4090,
    RTX_5090,
    SIX_GB,
    Machine,
)
from tests.hardware.named_hosts import HOSTS, Host

FULL = Grid(64, 64)
BOTH = (Checkpoint.DISTILLED, Checkpoint.BASE)
BUSY_3060 = replace(RTX_3060, held_gib=3.2)
NO_GPU = MachineFacts(System.LINUX, HostMemory(16 * GIB, 12 * GIB))


@pytest.mark.parametrize(
    ("machine", "name", "compiled", "references", "batch"),
    [
        (EIGHT_GB, "int8+int8-encoder-streamed", False, 4, 4),
        (RTX_3060, "int8+int8-encoder", False, 4, 4),
        (RTX_4070_TI_SUPER, "bf16+int8-encoder", False, 4, 4),
        (RTX_3090, "bf16", False, 4, 4),
        (RTX_4090, "bf16", True, 4, 4),
        (RTX_5090, "fp8-native+int8-encoder+base", True, 4, 4),
        (A100, "bf16+base", True, 4, 4),
        (H100, "bf16+base", False, 4, 4),
    ],
    ids=lambda value: value.name if isinstance(value, Machine) else None,
)
def test_a_named_gpu_gets_its_mode(
    machine: Machine, name: str, compiled: bool, references: int, batch: int
) -> None:
    profile = machine.choice().profile
    assert profile.name == name
    assert (profile.compiled, profile.most_references, profile.largest_batch) == (compiled, references, batch)
    assert profile.largest_grid_tokens == FULL.tokens


ENCODER_STREAMED = Host(
    "3090-encoder-streamed",
    "RTX 3090 24 GB, encoder streamed",
    RTX_3090,
    11.5,
    ProfileOverrides(text_encoder_placement=Placement.STREAMED, lean_decode=True),
)


@pytest.mark.parametrize(
    "host",
    [host for host in (*HOSTS, ENCODER_STREAMED) if host.promise_gib is not None],
    ids=lambda host: host.name,
)
def test_a_picture_and_an_edit_stay_within_the_promise(host: Host) -> None:
    profile = host.profile()
    assert host.promise_gib is not None
    for shape in (WorkShape(FULL), WorkShape(FULL, (FULL,))):
        reserved = predict(profile, shape).highest_bytes * (1 + RESERVED_BEYOND[System.LINUX])
        assert reserved <= host.promise_gib * GIB


def test_a_3060_with_weights_in_fp8_alone_keeps_its_promise() -> None:
    """Its matrix products are not tiled, so they are bit-equal to those of weights dequantised at load."""
    only_fp8 = AvailableWeights(frozenset({WeightFormat.FP8}), (Checkpoint.DISTILLED,))
    profile = choose(RTX_3060.facts(), available=only_fp8).profile
    reserved = predict(profile, WorkShape(FULL, (FULL,))).highest_bytes * (1 + RESERVED_BEYOND[System.LINUX])
    assert profile.name == "fp8+int8-encoder"
    assert reserved <= 7.8 * GIB


def test_every_profile_fits_what_it_states() -> None:
    for gib in (8, 10, 12, 16, 20, 24, 32, 40, 48, 80, 141):
        for capability in ((8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (12, 0)):
            choice = Machine("any", capability, gib, 1.0, 32).choice()
            profile, usable = choice.profile, choice.usable_bytes
            assert usable is not None
            side = profile.largest_square.columns
            grid = Grid(side, side)
            edit = WorkShape(grid, (grid,) * profile.most_references)
            assert predict(profile, edit).highest_bytes <= usable
            assert predict(profile, WorkShape(grid, batch=profile.largest_batch)).highest_bytes <= usable
            assert profile.most_references >= 1


def test_more_free_memory_never_gives_a_smaller_picture_or_a_streamed_encoder() -> None:
    order = {Placement.STREAMED: 0, Placement.RESIDENT: 1}
    ranks = []
    for tenths in range(50, 300, 2):
        profile = Machine("any", (8, 6), 30, 30 - tenths / 10, 32).choice().profile
        if profile.device is Device.CUDA:
            ranks.append((profile.largest_grid_tokens, order[profile.text_encoder.placement]))
    assert ranks == sorted(ranks)
    assert len(set(ranks)) > 2


def test_a_gpu_half_taken_by_a_game_gets_what_fits_the_rest() -> None:
    choice = replace(RTX_4090, held_gib=13.0).choice()
    assert choice.profile.transformer.format is WeightFormat.FP8
    first = choice.rejected[0]
    assert first.name == "bf16"
    assert choice.usable_bytes is not None
    assert first.needed_bytes > choice.usable_bytes


def test_a_small_gpu_makes_smaller_pictures_before_none() -> None:
    assert SIX_GB.choice().profile.largest_grid_tokens < FULL.tokens
    assert SIX_GB.choice().profile.device is Device.CUDA


def test_a_gpu_with_too_little_left_falls_back_to_the_cpu_and_says_why() -> None:
    choice = replace(SIX_GB, held_gib=3.5).choice()
    assert choice.profile is CPU_SMALL
    assert choice.fallback is not None
    assert choice.fallback.code is Code.CARD_TOO_FULL
    assert choice.fallback.parameters["free"] == 2.5


def test_a_gpu_that_was_asked_for_and_cannot_serve_is_refused() -> None:
    with pytest.raises(StartError) as caught:
        choose(RTX_2080_TI.facts(), Device.CUDA)
    assert caught.value.code is Code.CARD_TOO_OLD


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (RTX_2080_TI.facts(), Code.CARD_TOO_OLD),
        (replace(RTX_4090.facts(), torch=TorchBuild("2.13.0+cpu", None)), Code.TORCH_WITHOUT_CUDA),
        (replace(RTX_5090.facts(), torch=TorchBuild("2.11.0+cu126", "12.6")), Code.TORCH_LACKS_CARD),
        (replace(RTX_4090.facts(), driver="550.54.14"), Code.DRIVER_TOO_OLD),
    ],
)
def test_a_gpu_that_torch_cannot_use_is_left_and_the_reason_kept(facts: MachineFacts, code: Code) -> None:
    choice = choose(facts)
    assert choice.profile is CPU_SMALL
    assert choice.fallback is not None
    assert choice.fallback.code is code


def test_without_a_gpu_the_small_model_renders() -> None:
    assert choose(NO_GPU).profile is CPU_SMALL
    assert choose(RTX_4090.facts(), Device.CPU).profile is CPU_SMALL
    assert choose(NO_GPU, Device.CUDA).profile is CUDA_BF16


def test_little_host_memory_streams_from_disk() -> None:
    facts = replace(EIGHT_GB.facts(), memory=HostMemory(8 * GIB, 5 * GIB))
    assert choose(facts).profile.text_encoder.placement is Placement.DISK


def test_weights_that_are_only_fp8_are_dequantised_on_a_gpu_without_it() -> None:
    available = AvailableWeights(frozenset({WeightFormat.FP8}), (Checkpoint.DISTILLED,))
    profile = choose(RTX_3060.facts(), available=available).profile
    assert profile.transformer.format is WeightFormat.FP8
    assert not profile.native_fp8
    assert choose(RTX_5090.facts(), available=available).profile.checkpoints == (Checkpoint.DISTILLED,)


def test_without_a_compiler_nothing_is_compiled() -> None:
    assert not choose(A100.facts(can_compile=False)).profile.compiled


def test_own_kernels_run_where_they_were_measured() -> None:
    """An owner's wish for compilation comes first; without Triton and a C compiler there is neither."""
    assert choose(H100.facts()).profile.fused
    assert not choose(H100.facts(can_compile=False)).profile.fused
    assert not choose(replace(H100.facts(), system=System.WINDOWS)).profile.fused
    for machine in (A100, RTX_4090, RTX_5090):
        assert not machine.choice().profile.fused
        wished = choose(machine.facts(), overrides=ProfileOverrides(fused=True)).profile
        assert (wished.fused, wished.compiled) == (True, False)
    compiled = choose(H100.facts(), overrides=ProfileOverrides(compiled=True)).profile
    assert (compiled.fused, compiled.compiled) == (False, True)
    neither = choose(H100.facts(), overrides=ProfileOverrides(fused=False)).profile
    assert (neither.fused, neither.compiled) == (False, False)


@pytest.mark.parametrize(
    ("machine", "overrides", "code"),
    [
        (RTX_3060, ProfileOverrides(native_fp8=True), Code.PROFILE_NO_FP8),
        (
            RTX_4090,
            ProfileOverrides(native_fp8=True, transformer=WeightFormat.INT8),
            Code.PROFILE_NATIVE_WITHOUT_FP8,
        ),
        (
            RTX_3060,
            ProfileOverrides(transformer=WeightFormat.PLAIN, base_checkpoint=True),
            Code.PROFILE_NO_ROOM,
        ),
        (EIGHT_GB, ProfileOverrides(base_checkpoint=True), Code.PROFILE_NO_ROOM),
        (
            EIGHT_GB,
            ProfileOverrides(
                text_encoder_placement=Placement.RESIDENT, most_references=4, largest_side_px=1024
            ),
            Code.PROFILE_NO_ROOM,
        ),
        (RTX_3060, ProfileOverrides(largest_batch=8), Code.PROFILE_BATCH_TOO_LARGE),
        (
            replace(RTX_3060, ram_gib=4),
            ProfileOverrides(text_encoder=WeightFormat.PLAIN, text_encoder_placement=Placement.STREAMED),
            Code.PROFILE_NO_HOST_MEMORY,
        ),
    ],
)
def test_an_impossible_override_is_refused_with_its_reason(
    machine: Machine, overrides: ProfileOverrides, code: Code
) -> None:
    with pytest.raises(StartError) as caught:
        choose(machine.facts(), overrides=overrides)
    assert caught.value.code is code


def test_an_override_to_compile_without_a_compiler_is_refused() -> None:
    with pytest.raises(StartError) as caught:
        choose(RTX_3060.facts(can_compile=False), overrides=ProfileOverrides(compiled=True))
    assert caught.value.code is Code.PROFILE_NO_COMPILER


def test_an_override_that_the_weights_lack_is_refused() -> None:
    only_fp8 = AvailableWeights(frozenset({WeightFormat.FP8}), (Checkpoint.DISTILLED,))
    for overrides, code in (
        (ProfileOverrides(transformer=WeightFormat.INT8), Code.PROFILE_FORMAT_NOT_OFFERED),
        (ProfileOverrides(base_checkpoint=True), Code.PROFILE_NO_BASE),
    ):
        with pytest.raises(StartError) as caught:
            choose(RTX_5090.facts(), available=only_fp8, overrides=overrides)
        assert caught.value.code is code


def test_overrides_that_fit_are_applied() -> None:
    overrides = ProfileOverrides(
        transformer=WeightFormat.INT8, largest_side_px=768, most_references=2, largest_batch=3
    )
    profile = choose(RTX_3090.facts(), overrides=overrides).profile
    assert profile.transformer.format is WeightFormat.INT8
    assert (profile.largest_grid_tokens, profile.most_references, profile.largest_batch) == (48 * 48, 2, 3)


def test_an_override_makes_the_rest_of_the_profile_fit() -> None:
    assert BUSY_3060.choice().profile.name == "int8+int8-encoder"
    profile = choose(BUSY_3060.facts(), overrides=ProfileOverrides(most_references=4)).profile
    assert profile.name == "int8+int8-encoder-streamed"
    assert profile.most_references == 4


def test_the_streamed_encoder_can_be_chosen() -> None:
    overrides = ProfileOverrides(text_encoder_placement=Placement.STREAMED)
    assert choose(RTX_3090.facts(), overrides=overrides).profile.name == "bf16+bf16-encoder-streamed"


def test_capacity_is_the_memory_model_within_the_profiles_limits() -> None:
    choice = BUSY_3060.choice()
    capacity = capacity_of(choice.profile, choice.usable_bytes)
    assert isinstance(capacity, ProfileCapacity)
    assert capacity.largest_batch(FULL) == choice.profile.largest_batch
    assert capacity.largest_batch(FULL, [FULL] * choice.profile.most_references) >= 1
    assert capacity.largest_batch(FULL, [FULL] * 3) == 0
    assert capacity.largest_batch(Grid(65, 64)) == 0
    assert isinstance(capacity_of(CPU_SMALL, None), LimitsOnly)


def test_what_is_usable_leaves_room_for_context_desktop_and_the_allocator() -> None:
    gpu = RTX_3060.gpu
    usable = usable_bytes(gpu, System.LINUX)
    assert usable * (1 + RESERVED_BEYOND[System.LINUX]) == pytest.approx(gpu.free_bytes - 1.0 * GIB, rel=1e-6)
    assert usable_bytes(gpu, System.WINDOWS) < usable
    assert usable_bytes(replace(gpu, free_bytes=0), System.LINUX) == 0


@pytest.mark.parametrize(("driver", "serves"), [("580.65.06", True), ("579.99", False)])
def test_the_oldest_driver_that_a_cuda_release_names_serves(driver: str, serves: bool) -> None:
    choice = choose(replace(RTX_4090.facts(), driver=driver))
    assert (choice.profile.device is Device.CUDA) is serves


SCREENS = Machine("NVIDIA GeForce GTX 1050 Ti", (6, 1), 4, 0.8, 32)


def beside(*machines: Machine, system: System = System.LINUX) -> MachineFacts:
    return replace(machines[0].facts(system), gpus=tuple(machine.gpu for machine in machines))


@pytest.mark.parametrize("order", [(SCREENS, RTX_3090), (RTX_3090, SCREENS)])
def test_of_two_gpus_the_one_that_serves_best_is_taken(order: tuple[Machine, Machine]) -> None:
    choice = choose(beside(*order))
    assert choice.gpu == RTX_3090.gpu
    assert choice.fallback is None


def test_of_two_equal_gpus_the_one_without_a_game_is_taken() -> None:
    free = replace(RTX_4090, name="the second", held_gib=0.5, shows_a_display=False)
    choice = choose(beside(replace(RTX_4090, held_gib=18.0), free))
    assert choice.gpu == free.gpu


def test_where_no_gpu_serves_the_best_ones_problem_is_reported() -> None:
    choice = choose(beside(SCREENS, RTX_2080_TI))
    assert choice.fallback is not None
    assert choice.fallback.parameters["card"] == RTX_2080_TI.name


@pytest.mark.parametrize("machine", [RTX_4090, RTX_5090, RTX_4070_TI_SUPER])
def test_on_windows_no_fp8_products_are_chosen_by_themselves(machine: Machine) -> None:
    """torch's builds for Windows lack the row-wise kernel (pytorch#194606)."""
    profile = choose(machine.facts(System.WINDOWS)).profile
    assert not profile.native_fp8
    assert choose(RTX_5090.facts(System.WSL2)).profile.native_fp8


def test_wsl2_has_windows_figures() -> None:
    gpu = RTX_3060.gpu
    assert (
        usable_bytes(gpu, System.WSL2) == usable_bytes(gpu, System.WINDOWS) < usable_bytes(gpu, System.LINUX)
    )


@pytest.mark.parametrize(("number", "code"), [(18, Code.DRIVER_MISMATCH), (999, Code.DRIVER_SHOWS_NO_CARD)])
def test_what_the_driver_says_instead_of_its_gpus_is_why_the_cpu_renders(number: int, code: Code) -> None:
    choice = choose(replace(NO_GPU, driver_error=number))
    assert choice.profile.device is Device.CPU
    assert choice.fallback is not None
    assert choice.fallback.code is code
    for language in languages():
        assert Texts().error(choice.fallback, language)
