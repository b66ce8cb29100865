"""Which NVIDIA cards this machine has, without torch: asked of the driver's own library (NVML)."""

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from kleinbot.host.facts import Card, Program

_LIBRARY = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
_SUCCESS = 0
_TEXT_BYTES = 96
_MOST_PROGRAMS = 64
_MOST_CARDS = 64
_NOT_SUPPORTED = 3
_NO_FIGURE = 2**64 - 1
"""NVML's ``NVML_VALUE_NOT_AVAILABLE``: Windows does not tell it."""


@dataclass(frozen=True)
class Driver:
    """What the driver says: its version and its cards, in PCI order. None and nothing where it is absent.

    In place of a card that it counts and does not show stands None. ``error``: NVML's code for the first of
    these, or where it shows none at all.
    """

    version: str | None = None
    cards: tuple[Card | None, ...] = ()
    error: int | None = None


class _Memory(ctypes.Structure):
    """``nvmlMemory_t``, in bytes. What the driver keeps for itself counts as used."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _Process(ctypes.Structure):
    """``nvmlProcessInfo_t`` of ``nvmlDeviceGetComputeRunningProcesses_v3``."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


def ask_driver(open_library: Callable[[str], ctypes.CDLL] = ctypes.CDLL) -> Driver:
    """Return what the NVIDIA driver says of this machine."""
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
        answers = [_card(nvml, index) for index in range(min(count.value, _MOST_CARDS))]
        version = _text(lambda text, size: nvml.nvmlSystemGetDriverVersion(text, size))
    finally:
        nvml.nvmlShutdown()
    cards = tuple(answer if isinstance(answer, Card) else None for answer in answers)
    codes = [answer for answer in answers if isinstance(answer, int)]
    return Driver(version or None, cards, codes[0] if codes else None)


def _card(nvml: ctypes.CDLL, index: int) -> Card | int:
    """Return the card, or NVML's code where the driver does not even know its memory or capability."""
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
    return Card(
        name=_text(lambda text, size: nvml.nvmlDeviceGetName(handle, text, size)),
        memory_bytes=total_bytes,
        free_bytes=free_bytes,
        capability=(major.value, minor.value),
        shows_a_display=_shows_a_display(nvml, handle),
        identity=_text(lambda text, size: nvml.nvmlDeviceGetUUID(handle, text, size)),
        programs=_programs(nvml, handle),
    )


def _memory(nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> tuple[int, int] | int:
    """Return the card's memory and what of it is free, or NVML's code.

    A card that shares the host's memory (GB10) has none of its own to tell of: the host's is meant then.
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
        if process.used != _NO_FIGURE
    )


def _shows_a_display(nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> bool:
    # "Active" is a desktop that has memory on the card, with or without a screen plugged in.
    active = ctypes.c_int(0)
    answer = nvml.nvmlDeviceGetDisplayActive(handle, ctypes.byref(active))
    return answer == _SUCCESS and active.value != 0


def _text(ask: Callable[[ctypes.Array[ctypes.c_char], ctypes.c_uint], int]) -> str:
    """Return a text of the driver's, empty where it does not answer."""
    text = ctypes.create_string_buffer(_TEXT_BYTES)
    if ask(text, ctypes.c_uint(_TEXT_BYTES)) != _SUCCESS:
        return ""
    return text.value.decode("utf-8", "replace")
