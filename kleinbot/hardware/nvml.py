"""Lists this machine's NVIDIA GPUs without torch, through the driver's own library (NVML)."""

import ctypes
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from kleinbot.hardware.card_memory import CardMemory
from kleinbot.hardware.facts import Gpu, Program

_LIBRARY = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
_SUCCESS = 0
_TEXT_BYTES = 96
_MOST_PROGRAMS = 64
_MOST_GPUS = 64
_NOT_SUPPORTED = 3
_STEADY_TRIES = 5
_NOT_AVAILABLE = 2**64 - 1
"""NVML's ``NVML_VALUE_NOT_AVAILABLE``: Windows does not report it."""


@dataclass(frozen=True)
class Driver:
    """The driver's version and GPUs, in PCI order; None and empty without a driver.

    A GPU that the driver counts but cannot describe is None. ``error``: NVML's code for the first such GPU,
    or if the driver reports none at all.
    """

    version: str | None = None
    gpus: tuple[Gpu | None, ...] = ()
    error: int | None = None


class _Memory(ctypes.Structure):
    """``nvmlMemory_t``, in bytes. Memory reserved by the driver counts as used."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _Process(ctypes.Structure):
    """``nvmlProcessInfo_t`` of ``nvmlDeviceGetComputeRunningProcesses_v3``."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


def query_driver(open_library: Callable[[str], ctypes.CDLL] = ctypes.CDLL) -> Driver:
    """Return the NVIDIA driver's description of this machine."""
    try:
        nvml = open_library(_LIBRARY)
        if (code := nvml.nvmlInit_v2()) != _SUCCESS:
            return Driver(error=code)
    except (OSError, AttributeError):
        return Driver()
    try:
        count = ctypes.c_uint(0)
        if (code := nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))) != _SUCCESS:
            return Driver(error=code)
        answers = [_gpu(nvml, index) for index in range(min(count.value, _MOST_GPUS))]
        version = _text(lambda text, size: nvml.nvmlSystemGetDriverVersion(text, size))
    finally:
        nvml.nvmlShutdown()
    gpus = tuple(answer if isinstance(answer, Gpu) else None for answer in answers)
    codes = [answer for answer in answers if isinstance(answer, int)]
    return Driver(version or None, gpus, codes[0] if codes else None)


def read_card_memory(
    identity: str, held_bytes: Callable[[], int], open_library: Callable[[str], ctypes.CDLL] = ctypes.CDLL
) -> CardMemory | None:
    """Return the memory of the GPU with this UUID; None where the driver does not tell, or it has none.

    ``held_bytes``: what torch has reserved in this process. None also while that changes by the moment: half
    a change would look like another program's.
    """
    try:
        nvml = open_library(_LIBRARY)
        if nvml.nvmlInit_v2() != _SUCCESS:
            return None
    except (OSError, AttributeError):
        return None
    try:
        handle = ctypes.c_void_p()
        if nvml.nvmlDeviceGetHandleByUUID(identity.encode(), ctypes.byref(handle)) != _SUCCESS:
            return None
        for _ in range(_STEADY_TRIES):
            before = held_bytes()
            memory = _Memory()
            if nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) != _SUCCESS:
                return None
            own = sum(program.bytes for program in _programs(nvml, handle) if _is_ours(program.pid))
            if held_bytes() == before:
                return CardMemory(memory.total, memory.free, before, own)
        return None
    finally:
        nvml.nvmlShutdown()


def _is_ours(pid: int) -> bool:
    own = os.getpid()
    if pid == own:
        return True
    try:
        return psutil.Process(pid).ppid() == own
    except psutil.Error:  # it has ended, or is another container's
        return False


def _gpu(nvml: ctypes.CDLL, index: int) -> Gpu | int:
    """Return the GPU, or NVML's code if the driver does not report its memory or capability."""
    handle = ctypes.c_void_p()
    if (code := nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle))) != _SUCCESS:
        return int(code)
    major, minor = ctypes.c_int(0), ctypes.c_int(0)
    code = nvml.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor))
    if code != _SUCCESS:
        return int(code)
    memory = _memory(nvml, handle)
    if isinstance(memory, int):
        return memory
    total_bytes, free_bytes = memory
    return Gpu(
        name=_text(lambda text, size: nvml.nvmlDeviceGetName(handle, text, size)),
        memory_bytes=total_bytes,
        free_bytes=free_bytes,
        capability=(major.value, minor.value),
        shows_a_display=_shows_a_display(nvml, handle),
        identity=_text(lambda text, size: nvml.nvmlDeviceGetUUID(handle, text, size)),
        programs=_programs(nvml, handle),
    )


def _memory(nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> tuple[int, int] | int:
    """Return the GPU's total and free memory, or NVML's code.

    A GPU that shares host memory (GB10) has none of its own: host memory is returned.
    """
    memory = _Memory()
    code = nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory))
    if code == _NOT_SUPPORTED:
        host = psutil.virtual_memory()
        return host.total, host.available
    return (memory.total, memory.free) if code == _SUCCESS else int(code)


def _programs(nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> tuple[Program, ...]:
    processes = (_Process * _MOST_PROGRAMS)()
    count = ctypes.c_uint(_MOST_PROGRAMS)
    try:
        answer = nvml.nvmlDeviceGetComputeRunningProcesses_v3(handle, ctypes.byref(count), processes)
    except AttributeError:  # a driver from before 2021
        return ()
    if answer != _SUCCESS:
        return ()
    return tuple(
        Program(process.pid, process.used)
        for process in processes[: count.value]
        if process.used != _NOT_AVAILABLE
    )


def _shows_a_display(nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> bool:
    # "Active" means that a desktop uses GPU memory, with or without a screen plugged in.
    active = ctypes.c_int(0)
    answer = nvml.nvmlDeviceGetDisplayActive(handle, ctypes.byref(active))
    return answer == _SUCCESS and active.value != 0


def _text(ask: Callable[[ctypes.Array[ctypes.c_char], ctypes.c_uint], int]) -> str:
    """Return a string from the driver, empty if the call fails."""
    text = ctypes.create_string_buffer(_TEXT_BYTES)
    if ask(text, ctypes.c_uint(_TEXT_BYTES)) != _SUCCESS:
        return ""
    return text.value.decode("utf-8", "replace")
