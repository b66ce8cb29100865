"""The device an engine owns, as torch sees it."""

import gc
import logging
from dataclasses import dataclass

import torch

from kleinbot.domain.errors import Code, StartError
from kleinbot.engine.failures import is_out_of_memory
from kleinbot.host.probe import this_system
from kleinbot.host.profile import Device, Precision, Profile

_log = logging.getLogger(__name__)

_TRIAL_BYTES = 1 << 22
_LEAST_SHARE = 0.05
_FOR_OTHERS_BYTES = 600 << 20
"""Of the free memory: libraries' workspaces, which torch does not count, and a desktop's next window."""

_DTYPES = {Precision.FLOAT32: torch.float32, Precision.BFLOAT16: torch.bfloat16}


def free_bytes() -> int:
    """Return what no program holds of the card's memory now. Raises RuntimeError without a card."""
    return torch.cuda.mem_get_info(0)[0]


@dataclass(frozen=True)
class MemoryPeak:
    """The most memory that torch's allocator had on the card, in bytes; 0 on a CPU.

    ``allocated_bytes`` is what tensors used, ``reserved_bytes`` what was taken from the card; ``held_bytes``
    is what of that was not given back.
    """

    allocated_bytes: int = 0
    reserved_bytes: int = 0
    held_bytes: int = 0


def dtype_of(profile: Profile) -> torch.dtype:
    return _DTYPES[profile.precision]


def device_of(profile: Profile) -> torch.device:
    return torch.device("cpu") if profile.device is Device.CPU else torch.device("cuda", 0)


def open_device(profile: Profile, cpu_threads: int) -> torch.device:
    """Return the profile's device, ready to compute; ``cpu_threads`` are for torch on a CPU.

    Raises StartError CUDA_UNAVAILABLE (torch) or TORCH_LACKS_CARD (torch, card, capability).
    """
    if profile.device is Device.CPU:
        torch.set_num_threads(cpu_threads)
        return device_of(profile)
    if not torch.cuda.is_available():
        raise StartError(Code.CUDA_UNAVAILABLE, torch=torch.__version__)
    capability = torch.cuda.get_device_capability(0)
    if not has_kernels(torch.cuda.get_arch_list(), capability):
        raise StartError(
            Code.TORCH_LACKS_CARD,
            torch=torch.__version__,
            card=torch.cuda.get_device_name(0),
            capability=f"{capability[0]}.{capability[1]}",
        )
    device = device_of(profile)
    _try_allocating(device)
    if this_system().lends_memory:
        free, total = torch.cuda.mem_get_info(device)
        torch.cuda.set_per_process_memory_fraction(own_share(free, total), device)
    return device


def own_share(free: int, total: int) -> float:
    """Return the share of the card that torch may have where the driver would lend the host's memory.

    Without a bound "out of memory" never comes on Windows and WSL2: pictures take ten times as long. ``free``
    is what is free beside our own context; one more window may open. The share holds while the process lives.
    """
    return max(_LEAST_SHARE, min(1.0, (free - _FOR_OTHERS_BYTES) / total))


def _try_allocating(device: torch.device) -> None:
    """Use the card once; where it has no virtual memory management, do without expandable segments.

    vGPUs, Jetson and some cards under WSL2 refuse it with a CUDA error at the first allocation.
    """
    try:
        torch.zeros(_TRIAL_BYTES, dtype=torch.uint8, device=device)
    except RuntimeError as error:
        if is_out_of_memory(error):
            # A card that is full for a while; the segments hold for as long as the process does.
            raise
        _log.warning("expandable segments are left out: %s", error)
        torch._C._accelerator_setAllocatorSettings("expandable_segments:False")
        torch.zeros(_TRIAL_BYTES, dtype=torch.uint8, device=device)


def has_kernels(built_for: list[str], capability: tuple[int, int]) -> bool:
    """Tell whether a torch built for ``built_for`` ("sm_86", "compute_90") runs on ``capability``.

    Machine code (sm) runs on the same major version with the same or a later minor one; PTX (compute) is
    translated for anything as new or newer. (CUDA C++ Programming Guide, "Application Compatibility".)
    """
    major, minor = capability
    for name in built_for:
        kind, _, digits = name.partition("_")
        digits = digits.rstrip("af")
        if not digits.isdigit():
            continue
        built_major, built_minor = int(digits[:-1]), int(digits[-1])
        if kind == "sm" and built_major == major and built_minor <= minor:
            return True
        if kind == "compute" and (built_major, built_minor) <= (major, minor):
            return True
    return False


def wait_for(device: torch.device) -> None:
    """Return once everything queued on ``device`` is done; its errors are raised here."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def release_memory(device: torch.device) -> None:
    """Give back what nothing refers to. Call it outside ``except``: a traceback keeps tensors alive."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def memory_peak(device: torch.device) -> MemoryPeak:
    """Return the peak since the process started."""
    if device.type != "cuda":
        return MemoryPeak()
    return MemoryPeak(
        torch.cuda.max_memory_allocated(device),
        torch.cuda.max_memory_reserved(device),
        torch.cuda.memory_reserved(device),
    )
