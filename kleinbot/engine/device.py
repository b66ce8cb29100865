"""The engine's device as torch sees it."""

import gc
import logging
from dataclasses import dataclass

import torch

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import Device, Precision, Profile
from kleinbot.engine.failures import is_out_of_memory
from kleinbot.hardware.checks import torch_lacks_gpu
from kleinbot.hardware.facts import Gpu
from kleinbot.hardware.probe import this_system
from kleinbot.process.gc_freeze import unfreeze

_log = logging.getLogger(__name__)

_TRIAL_BYTES = 1 << 22
_LEAST_SHARE = 0.05
_LEFT_BYTES = 64 << 20
"""Workspaces of libraries stay allocated; weights are more."""
_FOR_OTHERS_BYTES = 600 << 20
"""Free memory left for library workspaces, which torch does not count, and for the desktop's windows."""

_DTYPES = {Precision.FLOAT32: torch.float32, Precision.BFLOAT16: torch.bfloat16}


def free_bytes() -> int:
    """Return the free GPU memory. Raises RuntimeError without a GPU."""
    return torch.cuda.mem_get_info(0)[0]


@dataclass(frozen=True)
class MemoryPeak:
    """The peak memory of torch's allocator on the GPU, in bytes; 0 on a CPU.

    ``allocated_bytes`` is used by tensors, ``reserved_bytes`` is taken from the GPU; ``held_bytes`` is the
    part still reserved.
    """

    allocated_bytes: int = 0
    reserved_bytes: int = 0
    held_bytes: int = 0


def dtype_of(profile: Profile) -> torch.dtype:
    return _DTYPES[profile.precision]


def device_of(profile: Profile) -> torch.device:
    return torch.device("cpu") if profile.device is Device.CPU else torch.device("cuda", 0)


def open_device(profile: Profile, cpu_threads: int) -> torch.device:
    """Return the profile's device, ready to compute; on a CPU torch uses ``cpu_threads``.

    Raises StartError CUDA_UNAVAILABLE (torch) or TORCH_LACKS_CARD (torch, card, capability, wanted, build).
    """
    if profile.device is Device.CPU:
        torch.set_num_threads(cpu_threads)
        return device_of(profile)
    if not torch.cuda.is_available():
        raise StartError(Code.CUDA_UNAVAILABLE, torch=torch.__version__)
    capability = torch.cuda.get_device_capability(0)
    if not has_kernels(torch.cuda.get_arch_list(), capability):
        gpu = Gpu(torch.cuda.get_device_name(0), 0, 0, capability)
        raise torch_lacks_gpu(torch.__version__, gpu)
    device = device_of(profile)
    _try_allocating(device)
    if this_system().lends_memory:
        free, total = torch.cuda.mem_get_info(device)
        torch.cuda.set_per_process_memory_fraction(own_share(free, total), device)
    return device


def own_share(free: int, total: int) -> float:
    """Return the share of GPU memory that torch may use if the driver would spill to host memory.

    Without a limit, Windows and WSL2 never report "out of memory": pictures take ten times as long instead.
    ``free`` excludes our own context; one more window may open. The share is fixed until the process ends.
    """
    return max(_LEAST_SHARE, min(1.0, (free - _FOR_OTHERS_BYTES) / total))


def _try_allocating(device: torch.device) -> None:
    """Allocate once; without virtual memory management, turn expandable segments off.

    vGPUs, Jetson and some GPUs under WSL2 refuse them with a CUDA error at the first allocation.
    """
    try:
        torch.zeros(_TRIAL_BYTES, dtype=torch.uint8, device=device)
    except RuntimeError as error:
        if is_out_of_memory(error):
            # The GPU is only full at the moment, but the setting would last as long as the process.
            raise
        _log.warning("expandable segments are disabled: %s", error)
        torch._C._accelerator_setAllocatorSettings("expandable_segments:False")
        torch.zeros(_TRIAL_BYTES, dtype=torch.uint8, device=device)


def has_kernels(built_for: list[str], capability: tuple[int, int]) -> bool:
    """Return whether a torch built for ``built_for`` ("sm_86", "compute_90") runs on ``capability``.

    Machine code (sm) runs on the same major version with the same or a later minor one; PTX (compute) is
    compiled for the same or any newer version. (CUDA C++ Programming Guide, "Application Compatibility".)
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
    """Wait until everything queued on ``device`` is done. Raises its errors."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def release_memory(device: torch.device) -> None:
    """Free unreferenced memory. Call it outside ``except``: a traceback keeps tensors alive."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def release_model(device: torch.device, *, is_streamed: bool) -> None:
    """Free the memory of a model that nothing references any more.

    Without a full collection where that suffices: it pauses all threads, for 0.25 s where it was measured
    (450,000 objects). A streamed model is in cycles with its hooks, and so are others that still hold memory.
    """
    if device.type != "cuda":
        return
    torch.cuda.empty_cache()
    if is_streamed or torch.cuda.memory_allocated(device) > _LEFT_BYTES:
        unfreeze()
        release_memory(device)
    # Pinned memory that held streamed weights: a game wants the host's memory too.
    empty_host_cache = getattr(torch._C, "_host_emptyCache", None)
    if empty_host_cache is not None:
        empty_host_cache()


def held_now(device: torch.device) -> int:
    """Return the bytes that torch has reserved now; any thread may ask, and may wait for an allocation."""
    return torch.cuda.memory_reserved(device) if device.type == "cuda" else 0


def memory_peak(device: torch.device) -> MemoryPeak:
    """Return the peak since the process started."""
    if device.type != "cuda":
        return MemoryPeak()
    return MemoryPeak(
        torch.cuda.max_memory_allocated(device),
        torch.cuda.max_memory_reserved(device),
        torch.cuda.memory_reserved(device),
    )
