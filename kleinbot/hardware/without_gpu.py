"""Profiles without a known GPU: for the CPU, or for a GPU that the driver's library does not report."""

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
"""Host memory for torch, the bot and the system, besides weights."""

SHIPPED = AvailableWeights(checkpoints=(Checkpoint.DISTILLED,), is_small=True)
"""The small model that comes with kleinbot."""


def cpu_profile(facts: MachineFacts, available: AvailableWeights, overrides: ProfileOverrides) -> Profile:
    """Return the CPU profile for the ``available`` weights.

    Raises StartError like ``check_possible``; PROFILE_CPU_ATTENTION; CPU_NO_MEMORY (needed, available) if a
    full-size model does not fit in host memory.
    """
    profile = _overridden(CPU_SMALL, facts, available, overrides)
    if not available.is_small and (needed := _host_bytes(profile)) > facts.memory.available_bytes:
        raise StartError(
            Code.CPU_NO_MEMORY,
            needed=round(needed / GIB, 1),
            available=round(facts.memory.available_bytes / GIB, 1),
        )
    return profile


def full_size_cpu_bytes() -> int:
    """Return the host memory that a full-size model needs on the CPU."""
    return _host_bytes(CPU_SMALL)


def unseen_gpu_profile(
    facts: MachineFacts, available: AvailableWeights, overrides: ProfileOverrides
) -> Profile:
    """Return the profile for a GPU of unknown memory and arithmetic, which only torch may find.

    Raises StartError like ``check_possible`` and ``check_host_memory``.
    """
    profile = _overridden(CUDA_BF16, facts, available, overrides)
    check_host_memory(profile, facts)
    return profile


def _overridden(
    start: Profile, facts: MachineFacts, available: AvailableWeights, overrides: ProfileOverrides
) -> Profile:
    profile = overrides.applied_to(start)
    tokens = overrides.largest_side_px and min(
        MAX_OUTPUT_TOKENS, (overrides.largest_side_px // TOKEN_PX) ** 2
    )
    profile = replace(
        profile,
        largest_grid_tokens=tokens or profile.largest_grid_tokens,
        most_references=_or(overrides.most_references, profile.most_references),
        largest_batch=_or(overrides.largest_batch, profile.largest_batch),
    )
    # Weights available in FP8 only are dequantised on load.
    check_possible(profile, None, facts, replace(available, formats=available.formats | {WeightFormat.PLAIN}))
    if profile.device is Device.CPU and profile.attention is Attention.CUDNN:
        raise StartError(Code.PROFILE_CPU_ATTENTION)
    return profile


def _host_bytes(profile: Profile) -> int:
    """Return the memory of a full-size model's weights and activations, which are measured in BF16."""
    grid = profile.largest_square
    shape = WorkShape(grid, (grid,) * profile.most_references, profile.largest_batch)
    beside = predict(profile, shape).highest_bytes - resident_bytes(profile)
    wider = 2 if profile.precision is Precision.FLOAT32 else 1
    return resident_bytes(profile) + pinned_bytes(profile) + wider * beside + HOST_RESERVE_BYTES


def _or(override: int | None, otherwise: int) -> int:
    return otherwise if override is None else override
