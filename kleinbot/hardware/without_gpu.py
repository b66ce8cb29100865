"""How Klein sits where no card is counted: on the CPU, or on one that the driver's library does not show."""

from dataclasses import replace

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, TOKEN_PX
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, CUDA_BF16, Attention, Device, Precision, Profile, WeightFormat
from kleinbot.hardware.checks import check_host_memory, check_possible
from kleinbot.hardware.facts import GIB, MachineFacts
from kleinbot.hardware.memory_model import WorkShape, pinned_bytes, predict, resident_bytes
from kleinbot.hardware.profile_overrides import AvailableWeights, ProfileOverrides

HOST_RESERVE_BYTES = 4 * GIB
"""Of the host's memory for torch, the bot and the system, beside weights."""

SHIPPED = AvailableWeights(checkpoints=(Checkpoint.DISTILLED,), is_small=True)
"""The small model that comes with kleinbot."""


def cpu_profile(facts: MachineFacts, offer: AvailableWeights, wishes: ProfileOverrides) -> Profile:
    """Return the profile of a CPU for the weights that ``offer`` tells of.

    Raises StartError as ``check_possible``; PROFILE_CPU_ATTENTION; CPU_NO_MEMORY (needed, available) where a
    model of full size would not fit into the host's memory.
    """
    profile = _wished(CPU_SMALL, facts, offer, wishes)
    if not offer.is_small and (needed := _host_bytes(profile)) > facts.memory.available_bytes:
        raise StartError(
            Code.CPU_NO_MEMORY,
            needed=round(needed / GIB, 1),
            available=round(facts.memory.available_bytes / GIB, 1),
        )
    return profile


def full_size_cpu_bytes() -> int:
    """Return what a model of full size would take of the host's memory, were it run on the CPU."""
    return _host_bytes(CPU_SMALL)


def unseen_gpu_profile(facts: MachineFacts, offer: AvailableWeights, wishes: ProfileOverrides) -> Profile:
    """Return the profile for a card that torch may know: nothing is known of its memory and arithmetic.

    Raises StartError as ``check_possible`` and ``check_host_memory``.
    """
    profile = _wished(CUDA_BF16, facts, offer, wishes)
    check_host_memory(profile, facts)
    return profile


def _wished(
    start: Profile, facts: MachineFacts, offer: AvailableWeights, wishes: ProfileOverrides
) -> Profile:
    profile = wishes.applied_to(start)
    tokens = wishes.largest_side_px and min(MAX_OUTPUT_TOKENS, (wishes.largest_side_px // TOKEN_PX) ** 2)
    profile = replace(
        profile,
        largest_grid_tokens=tokens or profile.largest_grid_tokens,
        most_references=_or(wishes.most_references, profile.most_references),
        largest_batch=_or(wishes.largest_batch, profile.largest_batch),
    )
    # What is published in FP8 alone is dequantised while it is loaded.
    check_possible(profile, None, facts, replace(offer, formats=offer.formats | {WeightFormat.PLAIN}))
    if profile.device is Device.CPU and profile.attention is Attention.CUDNN:
        raise StartError(Code.PROFILE_CPU_ATTENTION)
    return profile


def _host_bytes(profile: Profile) -> int:
    """Return the weights and the activations, which are measured in BF16, of a model of full size."""
    grid = profile.largest_square
    shape = WorkShape(grid, (grid,) * profile.most_references, profile.largest_batch)
    beside = predict(profile, shape).highest_bytes - resident_bytes(profile)
    wider = 2 if profile.precision is Precision.FLOAT32 else 1
    return resident_bytes(profile) + pinned_bytes(profile) + wider * beside + HOST_RESERVE_BYTES


def _or(wish: int | None, otherwise: int) -> int:
    return otherwise if wish is None else wish
