"""Checks a GPU, and a profile on it; each problem is an error code with the figures and the remedy."""

import re

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import Device, Profile, WeightFormat
from kleinbot.hardware.facts import GIB, Gpu, MachineFacts
from kleinbot.hardware.memory_model import pinned_bytes
from kleinbot.hardware.profile_overrides import AvailableWeights

OLDEST_CAPABILITY = (8, 0)
"""Ampere: the first generation whose tensor cores multiply BF16."""
NATIVE_FP8_FROM = (8, 9)
"""Ada: the first generation whose tensor cores multiply FP8."""

_LIBRARY_AND_DRIVER_DIFFER = 18
"""``NVML_ERROR_LIB_RM_VERSION_MISMATCH``: the driver was updated on the running system."""

# CUDA Toolkit release notes: the oldest driver of each major version; minor ones are compatible.
_OLDEST_DRIVER = {12: 525, 13: 580}
# Blackwell (10.x, 12.x) came with CUDA 12.8: older builds of torch have no kernels for it.
_BLACKWELL = (10, 0)
_CUDA_OF_BLACKWELL = (12, 8)
# Of the builds on pytorch.org's index, these two are there for each release of torch that kleinbot runs with
# (pytorch/pytorch #178665); Blackwell is in the first alone.
_BUILD, _BUILD_FOR_OLDER_DRIVERS = "cu130", "cu126"
_KNOWN_TORCH = ((2, 11), (2, 14))  # as in pyproject.toml
_NEWEST_KNOWN_TORCH = "2.13.0"


def gpu_problem(gpu: Gpu, facts: MachineFacts) -> StartError | None:
    """Return why ``gpu`` is unusable, as far as can be determined without torch, or None."""
    if gpu.capability < OLDEST_CAPABILITY:
        return StartError(Code.CARD_TOO_OLD, card=gpu.name, capability=_dotted(gpu.capability))
    torch = facts.torch
    if torch is None:
        return None
    if torch.cuda is None:
        build = cuda_build(torch.version, gpu, facts.driver)
        return StartError(Code.TORCH_WITHOUT_CUDA, torch=torch.version, card=gpu.name, **build)
    cuda = _version(torch.cuda)
    if gpu.capability >= _BLACKWELL and cuda < _CUDA_OF_BLACKWELL:
        return torch_lacks_gpu(torch.version, gpu)
    oldest = _OLDEST_DRIVER.get(cuda[0], 0)
    if facts.driver is not None and _version(facts.driver)[0] < oldest:
        return StartError(Code.DRIVER_TOO_OLD, driver=facts.driver, cuda=torch.cuda, wanted=oldest)
    return None


def cuda_build(installed: str, gpu: Gpu, driver: str | None) -> dict[str, str]:
    """Return the ``wanted`` version of torch for ``gpu``, and its ``build``: the index that has it.

    It is the ``installed`` release if kleinbot runs with that. An unknown ``driver`` is assumed to be new.
    """
    is_older = driver is not None and _version(driver)[0] < _OLDEST_DRIVER[13]
    build = _BUILD_FOR_OLDER_DRIVERS if is_older and gpu.capability < _BLACKWELL else _BUILD
    release = installed.partition("+")[0]
    is_release = re.fullmatch(r"\d+\.\d+\.\d+", release) is not None
    if not is_release or not _KNOWN_TORCH[0] <= _version(release) < _KNOWN_TORCH[1]:
        release = _NEWEST_KNOWN_TORCH
    return {"wanted": f"{release}+{build}", "build": build}


def torch_lacks_gpu(installed: str, gpu: Gpu) -> StartError:
    """Return the problem of a torch that has no kernels for ``gpu``."""
    return StartError(
        Code.TORCH_LACKS_CARD,
        torch=installed,
        card=gpu.name,
        capability=_dotted(gpu.capability),
        **cuda_build(installed, gpu, None),
    )


def driver_problem(facts: MachineFacts) -> StartError | None:
    """Return the driver's error as a StartError, or None if it reported none.

    The codes are NVML's ``nvmlReturn_t``.
    """
    if facts.driver_error is None:
        return None
    if facts.driver_error == _LIBRARY_AND_DRIVER_DIFFER:
        return StartError(Code.DRIVER_MISMATCH)
    return StartError(Code.DRIVER_SHOWS_NO_CARD, number=facts.driver_error)


def check_possible(
    profile: Profile, gpu: Gpu | None, facts: MachineFacts, available: AvailableWeights
) -> None:
    """Check what cannot work with any amount of memory; ``gpu`` is None if nothing is known about it.

    Raises StartError PROFILE_NO_FP8 (card, capability), PROFILE_NATIVE_WITHOUT_FP8 (format),
    PROFILE_NO_COMPILER (system, setting), PROFILE_FORMAT_NOT_OFFERED (format), PROFILE_NO_BASE.
    """
    if profile.native_fp8 and profile.transformer.format is not WeightFormat.FP8:
        raise StartError(Code.PROFILE_NATIVE_WITHOUT_FP8, format=profile.transformer.format)
    if profile.native_fp8 and gpu is not None and gpu.capability < NATIVE_FP8_FROM:
        raise StartError(Code.PROFILE_NO_FP8, card=gpu.name, capability=_dotted(gpu.capability))
    is_on_gpu = profile.device is Device.CUDA
    if (profile.compiled or (profile.fused and is_on_gpu)) and not facts.can_compile:
        setting = "FUSED" if profile.fused else "COMPILED"
        raise StartError(Code.PROFILE_NO_COMPILER, system=facts.system, setting=setting)
    if profile.transformer.format not in available.formats:
        raise StartError(Code.PROFILE_FORMAT_NOT_OFFERED, format=profile.transformer.format)
    if not set(profile.checkpoints) <= set(available.checkpoints):
        raise StartError(Code.PROFILE_NO_BASE)


def check_host_memory(profile: Profile, facts: MachineFacts) -> None:
    """Raise StartError PROFILE_NO_HOST_MEMORY (needed, total) if the pinned weights exceed host memory."""
    if (pinned := pinned_bytes(profile)) > facts.memory.total_bytes:
        raise StartError(
            Code.PROFILE_NO_HOST_MEMORY,
            needed=round(pinned / GIB, 1),
            total=round(facts.memory.total_bytes / GIB, 1),
        )


def _dotted(capability: tuple[int, int]) -> str:
    return f"{capability[0]}.{capability[1]}"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit()) or (0,)
