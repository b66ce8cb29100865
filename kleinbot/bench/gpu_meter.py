"""Reads the GPU's counters, clock and power limit, and measures the copy speed of weights."""

import ctypes
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

_LIBRARY = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
_SUCCESS = 0
_CLOCK_SM = 1
_COPY_BYTES = 256 * 2**20
_COPIES = 5


class GpuMeter:
    """torch's own counters of one GPU."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def reset(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)

    def peaks(self) -> tuple[int, int]:
        if self._device.type != "cuda":
            return 0, 0
        return torch.cuda.max_memory_allocated(self._device), torch.cuda.max_memory_reserved(self._device)


@dataclass(frozen=True)
class PowerLimits:
    """A value is None if the driver does not report it."""

    power_limit_w: float | None = None
    clock_mhz: int | None = None
    most_clock_mhz: int | None = None


def read_limits(identity: str, open_library: Callable[[str], ctypes.CDLL] = ctypes.CDLL) -> PowerLimits:
    """Query the driver (NVML) for the enforced power limit and the current and highest SM clock.

    ``identity`` is the GPU's UUID.
    """
    try:
        nvml = open_library(_LIBRARY)
        if nvml.nvmlInit_v2() != _SUCCESS:
            return PowerLimits()
    except (OSError, AttributeError):
        return PowerLimits()
    try:
        handle = ctypes.c_void_p()
        if nvml.nvmlDeviceGetHandleByUUID(identity.encode(), ctypes.byref(handle)) != _SUCCESS:
            return PowerLimits()

        def ask(question: str, *arguments: object) -> int | None:
            answer = ctypes.c_uint(0)
            code = getattr(nvml, question)(handle, *arguments, ctypes.byref(answer))
            return answer.value if code == _SUCCESS else None

        milliwatts = ask("nvmlDeviceGetEnforcedPowerLimit")
        return PowerLimits(
            None if milliwatts is None else milliwatts / 1000,
            ask("nvmlDeviceGetClockInfo", ctypes.c_int(_CLOCK_SM)),
            ask("nvmlDeviceGetMaxClockInfo", ctypes.c_int(_CLOCK_SM)),
        )
    finally:
        nvml.nvmlShutdown()


def pinned_bytes_per_s(device: torch.device) -> float | None:
    """Measure how fast pinned memory is copied to the GPU; None without a GPU or pinned memory."""
    if device.type != "cuda":
        return None
    try:
        there = torch.empty(_COPY_BYTES, dtype=torch.uint8, device=device)
        here = torch.empty(_COPY_BYTES, dtype=torch.uint8, pin_memory=True)
    except RuntimeError:
        # torch's out-of-memory error is one too; memory that cannot be pinned is not measured.
        return None
    there.copy_(here, non_blocking=True)
    torch.cuda.synchronize(device)
    started_s = time.perf_counter()
    for _ in range(_COPIES):
        there.copy_(here, non_blocking=True)
    torch.cuda.synchronize(device)
    return _COPIES * _COPY_BYTES / (time.perf_counter() - started_s)
